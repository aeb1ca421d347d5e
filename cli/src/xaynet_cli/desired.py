"""What a service is wanted to do, and changes of it. Pure.

    {"desiredState": "Running", "rounds": 10, "parameters": {"model": {…}, …}}

is the document of ``PUT /v1/desired`` without its generation. Its fields are called as in the
resource: ``desiredState``, ``rounds``, and those of ``pet`` without that word.
"""

import copy
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, cast

from xaynet_cli.failures import CommandFailed
from xaynet_operator.resource import FederatedRound

Document = dict[str, Any]


def desired_of(manifest: FederatedRound) -> Document:
    """What a manifest asks for."""
    spec = manifest.spec
    return {
        "desiredState": spec.desired_state,
        "rounds": spec.rounds,
        "parameters": spec.pet.model_dump(mode="json", by_alias=True),
    }


def desired_in(state: Document) -> Document:
    """What is wanted of a service, by its observed state; empty while nothing is."""
    if not state["parameters"]:
        return {}
    parameters: Document = {}
    for path, value in state["parameters"].items():
        *sections, name = path.split(".")
        section = parameters
        for step in sections:
            section = section.setdefault(step, {})
        section[name] = value.get("pending", value["active"])
    return {
        "desiredState": state["desiredState"],
        "rounds": state["rounds"]["wanted"],
        "parameters": parameters,
    }


def assigned(desired: Document, assignments: Iterable[str]) -> Document:
    """What is wanted once some fields have other values: ``["update.count.min=5", …]``."""
    if not desired:
        raise CommandFailed("the service waits for its parameters: xaynet apply FILE gives them")
    changed = copy.deepcopy(desired)
    for assignment in assignments:
        path, equals, text = assignment.partition("=")
        if not equals:
            problem = f"{assignment} has no value: write field=value, such as update.count.min=5"
            raise CommandFailed(problem)
        _assign(changed, path.strip(), _value(text.strip()))
    return changed


def _assign(desired: Document, path: str, value: object) -> None:
    fields = fields_of(desired)
    field = path.removeprefix("spec.").removeprefix("pet.")
    if field not in fields:
        within = [known for known in fields if known.startswith(f"{field}.")]
        known = ", ".join(within or fields)
        raise CommandFailed(f"{path} is not a field that can be set; such are: {known}")
    *sections, name = field.split(".") if field in desired else ("parameters", *field.split("."))
    section = desired
    for step in sections:
        section = section[step]
    section[name] = value


def _value(text: str) -> object:
    """JSON, or else the text itself; nothing at all is null."""
    if not text:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return text


def fields_of(desired: Document) -> Document:
    """Every field by its path: ``{"rounds": 10, "update.count.min": 3, …}``."""
    top = {name: value for name, value in desired.items() if name != "parameters"}
    return top | dict(_leaves("", desired.get("parameters", {})))


def _leaves(prefix: str, section: Document) -> Iterator[tuple[str, Any]]:
    for name, value in section.items():
        if isinstance(value, dict):
            yield from _leaves(f"{prefix}{name}.", cast(Document, value))
        else:
            yield f"{prefix}{name}", value


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that changed its value."""

    field: str
    before: object
    after: object

    def __str__(self) -> str:
        return f"{self.field} {_shown(self.before)} → {_shown(self.after)}"


def differences(before: Document, after: Document) -> list[Difference]:
    """The fields in which two documents differ."""
    old, new = fields_of(before), fields_of(after)
    return [
        Difference(field, old.get(field), new.get(field))
        for field in dict.fromkeys((*old, *new))
        if old.get(field) != new.get(field)
    ]


def _shown(value: object) -> str:
    return "none" if value is None else str(value)
