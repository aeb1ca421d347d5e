"""The CustomResourceDefinition: made from the models, and as the API server asks for it."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from definitions import fields_of
from xaynet_operator.crd import FILE_NAME, definition, page, reference
from xaynet_operator.resource import IMMUTABLE, FederatedRound
from xaynet_pet.parameters import RULES

CRDS = Path(__file__).parents[2] / "crds"
TYPES = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool}

Place = tuple[str, ...]
Schema = dict[str, Any]


def version() -> Schema:
    [only] = definition()["spec"]["versions"]
    return only


def nodes(schema: Schema | None = None, place: Place = ()) -> Iterator[tuple[Place, Schema]]:
    """Every node of the schema with its path; the items of a list are ``*``."""
    schema = schema or version()["schema"]["openAPIV3Schema"]
    yield place, schema
    for name, below in schema.get("properties", {}).items():
        yield from nodes(below, (*place, name))
    for key in ("items", "additionalProperties"):
        if key in schema:
            yield from nodes(schema[key], (*place, "*"))


def node(path: str) -> Schema:
    return dict(nodes())[tuple(path.split("."))]


def rules(path: str) -> list[Schema]:
    return node(path)["x-kubernetes-validations"]


def test_the_committed_definition_is_up_to_date() -> None:
    assert (CRDS / FILE_NAME).read_text(encoding="utf-8") == page(), "run `make gen`"


def test_the_page_is_the_definition() -> None:
    assert yaml.safe_load(page()) == definition()


def test_the_command_writes_it_into_every_folder(tmp_path: Path) -> None:
    folders = [tmp_path / "crds", tmp_path / "charts" / "crds"]
    subprocess.run([sys.executable, "-m", "xaynet_operator.crd", *folders], check=True, timeout=60)
    assert [(folder / FILE_NAME).read_text() for folder in folders] == [page()] * 2


def test_names() -> None:
    document = definition()
    assert document["metadata"]["name"] == "federatedrounds.xaynet.dev"
    assert document["spec"]["names"] == {
        "plural": "federatedrounds",
        "singular": "federatedround",
        "kind": "FederatedRound",
        "listKind": "FederatedRoundList",
        "shortNames": ["fr", "fround"],
        "categories": ["all", "xaynet"],
    }
    assert document["spec"]["scope"] == "Namespaced"
    only = version()
    assert (only["name"], only["served"], only["storage"]) == ("v1alpha1", True, True)
    assert only["subresources"] == {"status": {}}


def test_columns_are_of_fields_that_exist() -> None:
    known = {place for place, _ in nodes()}
    for column in version()["additionalPrinterColumns"]:
        path = column["jsonPath"].removeprefix(".").split("[")[0].split(".")
        assert path == ["metadata", "creationTimestamp"] or tuple(path) in known, column


def test_every_field_of_the_models_is_there_and_no_other() -> None:
    modelled = {
        field.alias
        for path, field in fields_of(FederatedRound)
        if path.startswith(("spec", "status"))
    }
    there = {place[-1] for place, _ in nodes() if place and place[0] in ("spec", "status")}
    assert modelled == there - {"*"}


def test_every_field_has_a_description_and_an_example() -> None:
    for place, schema in nodes():
        if place[:1] in (("spec",), ("status",)) and place[-1] != "*":
            assert " Example: " in schema["description"], place


def test_the_description_tells_limits_and_default() -> None:
    assert node("spec.pet.update.count.min")["description"] == (
        "Fewest updates a global model is made of; fewer would reveal each other. Must be a whole "
        "number, at least 3 and at most 1000000000000. Default: 3. Example: 3"
    )


def test_the_schema_is_structural() -> None:
    foreign = {"$ref", "$defs", "title", "anyOf", "oneOf", "allOf", "not", "const", "examples"}
    for place, schema in nodes():
        assert schema["type"], place
        assert not foreign & schema.keys(), place
        assert schema.get("additionalProperties") is not False, place
        assert not {"properties", "additionalProperties"} <= schema.keys(), place
        assert ("items" in schema) == (schema["type"] == "array"), place
        assert set(schema.get("required", [])) <= set(schema.get("properties", {})), place


def test_bounds_are_written_as_the_api_server_reads_them() -> None:
    probability = node("spec.pet.sum.prob")
    assert (probability["minimum"], probability["exclusiveMinimum"]) == (0, True)
    assert (probability["maximum"], probability["exclusiveMaximum"]) == (1, True)
    update = node("spec.pet.update.prob")
    assert (update["maximum"], update.get("exclusiveMaximum")) == (1, None)
    for place, schema in nodes():
        for key in ("exclusiveMinimum", "exclusiveMaximum"):
            assert schema.get(key, True) is True, place


def test_defaults_are_of_the_type_of_their_field_and_the_field_is_not_required() -> None:
    for place, schema in nodes():
        if "default" in schema:
            assert isinstance(schema["default"], TYPES[schema["type"]]), place
            assert place[-1] not in node_above(place).get("required", []), place


def node_above(place: Place) -> Schema:
    return dict(nodes())[place[:-1]]


def test_a_section_with_defaults_is_there_itself() -> None:
    """The API server sets the default of a field only in a section that is there."""
    for place in ("pause", "coordinator", "redis", "models", "exposure", "metrics"):
        assert node(f"spec.{place}")["default"] == {}
    assert "default" not in node("spec.redis.managed")


def test_what_kubernetes_knows_is_passed_through() -> None:
    for path in ("coordinator.resources", "coordinator.affinity", "redis.managed.tolerations.*"):
        assert node(f"spec.{path}")["x-kubernetes-preserve-unknown-fields"] is True
    assert node("spec.coordinator.nodeSelector")["additionalProperties"] == {"type": "string"}


def test_conditions_are_a_map_by_type() -> None:
    conditions = node("status.conditions")
    assert conditions["x-kubernetes-list-type"] == "map"
    assert conditions["x-kubernetes-list-map-keys"] == ["type"]
    assert "type" in conditions["items"]["required"]


def test_every_rule_says_what_it_is_about() -> None:
    for place, schema in nodes():
        for rule in schema.get("x-kubernetes-validations", []):
            assert (
                "must" in rule["message"]
                or "cannot" in rule["message"]
                or ("given" in rule["message"])
            ), place
            assert "\n" not in rule["message"], place


def test_every_rule_of_the_parameters_is_there() -> None:
    assert len(rules("spec.pet")) == len(RULES) + 1
    assert rules("spec.pet")[0] == {
        "rule": "self.sum.count.max >= self.sum.count.min",
        "message": "spec.pet.sum.count.max must be at least spec.pet.sum.count.min",
        "messageExpression": '"spec.pet.sum.count.max is %s, but must be at least '
        'spec.pet.sum.count.min, which is %s".format([string(self.sum.count.max), '
        "string(self.sum.count.min)])",
        "fieldPath": ".sum.count.max",
    }


def test_every_immutable_field_and_the_final_state_have_a_rule() -> None:
    assert len(rules("spec")) == len(IMMUTABLE) + 1
    assert all("oldSelf" in rule["rule"] for rule in rules("spec"))


@pytest.mark.parametrize(
    "path", ["models.deletionPolicy", "rounds", "pet", "coordinator", "models.keep"]
)
def test_what_may_change_has_no_rule_about_changes(path: str) -> None:
    every = [rule["rule"] for rule in rules("spec")]
    assert not any(f"oldSelf.{path}" in rule for rule in every)
    assert not any(
        "oldSelf" in rule["rule"]
        for rule in node(f"spec.{path}").get("x-kubernetes-validations", [])
    )


def test_the_page_of_the_resource_is_up_to_date() -> None:
    committed = (CRDS.parent / "docs" / "federatedround.md").read_text(encoding="utf-8")
    assert committed == reference.page(), "run `make gen`"
