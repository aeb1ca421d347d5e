"""A FederatedRound as a whole, read from a YAML manifest."""

import json
from collections.abc import Hashable
from pathlib import Path
from typing import Any, Literal, Self, cast

import yaml
from pydantic import ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from xaynet_operator.resource.forms import ResourceName
from xaynet_operator.resource.spec import FederatedRoundSpec
from xaynet_operator.resource.status import FederatedRoundStatus
from xaynet_pet.parameters import EXAMPLE, Definition
from xaynet_pet.sentences import sentences, shown

API_VERSION = "xaynet.dev/v1alpha1"
KIND = "FederatedRound"


class ResourceError(Exception):
    """A manifest that is refused: one sentence for each problem."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        self.sentences = problems
        super().__init__("\n".join(problems))


class Metadata(Definition):
    """The part of the metadata that we use; Kubernetes knows the rest."""

    model_config = ConfigDict(
        frozen=True, extra="allow", alias_generator=to_camel, populate_by_name=True
    )

    name: ResourceName = Field(description="Name of the resource.", examples=["digits"])
    namespace: str | None = Field(
        default=None, description="Namespace it is in.", examples=["learning"]
    )
    uid: str | None = Field(
        default=None,
        description="What tells it from others that had the same name.",
        examples=["0d8c7a3e-6f0b-4d0e-9d53-0f6f0a1b2c3d"],
    )
    generation: int | None = Field(
        default=None, description="Counts the edits of the spec.", examples=[3]
    )


class FederatedRound(Definition):
    """One coordinator service that runs round after round."""

    api_version: Literal["xaynet.dev/v1alpha1"] = Field(
        description="Version of this definition.", examples=[API_VERSION]
    )
    kind: Literal["FederatedRound"] = Field(description="Kind of the resource.", examples=[KIND])
    metadata: Metadata = Field(description="Who it is.", examples=[{"name": "digits"}])
    spec: FederatedRoundSpec = Field(description="What it asks for.", examples=[{"pet": EXAMPLE}])
    status: FederatedRoundStatus | None = Field(
        default=None, description="What it tells.", examples=[{"observedGeneration": 3}]
    )

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a manifest from a file; raises ``ResourceError``."""
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise ResourceError((f"{path} cannot be read: {error.strerror}",)) from None
        except UnicodeDecodeError:
            raise ResourceError((f"{path} cannot be read: it is not UTF-8 text",)) from None
        return cls.parse(text)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a manifest in YAML or JSON; raises ``ResourceError``."""
        return cls.read(_document(text))

    @classmethod
    def read(cls, document: dict[str, Any]) -> Self:
        """Read a resource as an API server hands it out; raises ``ResourceError``.

        As strict as the API server: ``"3"`` is no number, and names are in camel case.
        """
        problems = tuple(_of_another_kind(document))
        if problems:
            raise ResourceError(problems)
        try:
            return cls.model_validate_json(
                json.dumps(document, default=str), strict=True, by_alias=True, by_name=False
            )
        except ValidationError as error:
            raise ResourceError(sentences(error, cls)) from None


def _of_another_kind(document: dict[str, Any]) -> list[str]:
    return [
        f"{field} is {shown(document.get(field))}, but must be {wanted}"
        for field, wanted in (("apiVersion", API_VERSION), ("kind", KIND))
        if document.get(field) != wanted
    ]


class _Loader(yaml.SafeLoader):
    """Refuses a key given twice, as the API server does, instead of forgetting the first; and
    leaves points in time as they are written."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML's own attribute, and its type
        first: [(tag, form) for tag, form in forms if tag != "tag:yaml.org,2002:timestamp"]
        for first, forms in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            if key.value in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"{key.value} is given twice", problem_mark=key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def _document(text: str) -> dict[str, Any]:
    try:
        loaded = [document for document in yaml.load_all(text, _Loader) if document is not None]
        documents = json.loads(json.dumps(loaded))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise ResourceError((f"the manifest is not valid YAML: {where}{error.problem}",)) from None
    except yaml.YAMLError:
        problem = "it holds characters that YAML does not allow"
        raise ResourceError((f"the manifest is not valid YAML: {problem}",)) from None
    except (ValueError, TypeError, RecursionError):
        raise ResourceError(("the manifest holds values that JSON does not know",)) from None
    if len(documents) != 1 or not isinstance(documents[0], dict):
        raise ResourceError((f"the manifest must hold one resource of kind {KIND}",))
    return cast(dict[str, Any], documents[0])
