"""Refused documents in plain sentences: the field, its value, and what is allowed.

``sentences`` turns what pydantic reports about a configuration file, a manifest or a control
request into one sentence for each problem. What a field allows is read from the field itself
(its type, its bounds, or an ``Allowed`` mark), so that refusals and the tables in the
documentation say the same. Values of secret fields are never shown.
"""

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NoReturn, Union, get_args, get_origin

import annotated_types
from pydantic import BaseModel, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, PydanticCustomError

Location = tuple[str | int, ...]
Name = Callable[[Location], str]

LONGEST_VALUE = 60
_CREDENTIALS = re.compile(r'://[^"]*@')

_KINDS: dict[Any, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    list: "a list",
    tuple: "a list",
    dict: "a mapping",
}
_BOUNDS = (
    (annotated_types.Gt, "gt", "more than"),
    (annotated_types.Ge, "ge", "at least"),
    (annotated_types.Lt, "lt", "less than"),
    (annotated_types.Le, "le", "at most"),
)


@dataclass(frozen=True, slots=True)
class Allowed:
    """Marks a field whose type does not tell what is allowed: ``Annotated[str, Allowed(...)]``."""

    phrase: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """A rule over several fields that a document breaks.

    ``text`` holds one ``{}`` for each of ``fields``, which are relative to the model that refuses.
    """

    text: str
    fields: tuple[Location, ...]

    def sentence(self, name: Name, within: Location = ()) -> str:
        """The rule's sentence, with every field called by its full name."""
        return self.text.format(*(name((*within, *field)) for field in self.fields))


def dotted(location: Location) -> str:
    """``pet.update.count.max``; list items as ``region[0]``."""
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in location]
    return "".join(parts).removeprefix(".") or "the document"


def written(model: type[BaseModel]) -> Name:
    """Names with the aliases of ``model``: ``pet.mask.modelType``."""

    def name(location: Location) -> str:
        parts: list[str | int] = []
        for end, part in enumerate(location, start=1):
            field = field_at(model, location[:end])
            parts.append(field.alias if field and field.alias else part)
        return dotted(tuple(parts))

    return name


def refuse(refusals: Iterable[Refusal]) -> None:
    """Raise, inside a pydantic validator, unless there is nothing to refuse."""
    found = tuple(refusals)
    if found:
        _raise_refused(found)


def _raise_refused(refusals: tuple[Refusal, ...]) -> NoReturn:
    told = "; ".join(refusal.sentence(dotted) for refusal in refusals)
    raise PydanticCustomError("refused", "{told}", {"told": told, "refusals": refusals})


def sentences(
    error: ValidationError, model: type[BaseModel], name: Name | None = None
) -> tuple[str, ...]:
    """One sentence for each problem of a document read as ``model``.

    ``name`` gives the name that the document's author knows a field by; without it the aliases.
    """
    return tuple(
        sentence
        for details in error.errors(include_url=False)
        for sentence in _of_problem(details, model, name or written(model))
    )


def _of_problem(details: ErrorDetails, model: type[BaseModel], name: Name) -> Sequence[str]:
    location = details["loc"]
    if details["type"] == "refused":
        refusals: tuple[Refusal, ...] = details.get("ctx", {})["refusals"]
        return [refusal.sentence(name, location) for refusal in refusals]
    if details["type"] == "extra_forbidden":
        return [_unknown(location, model, name)]
    field = field_at(model, location)
    if details["type"] == "missing":
        return [f"{name(location)} is missing{_for_example(field)}"]
    return [_wrong_value(details, field, name)]


def _unknown(location: Location, model: type[BaseModel], name: Name) -> str:
    *within, unknown = location
    parent = field_at(model, tuple(within))
    section = nested_model(parent.annotation) if parent else model
    known = ", ".join(field_names(section)) if section else ""
    called = f"{name(tuple(within))}.{unknown}" if within else str(unknown)
    return f"{called} is not a known field" + (f"; known here: {known}" if known else "")


def _for_example(field: FieldInfo | None) -> str:
    if field is None or not field.examples:
        return ""
    return f"; it must be given, for example {shown(field.examples[0])}"


def _wrong_value(details: ErrorDetails, field: FieldInfo | None, name: Name) -> str:
    called = name(details["loc"])
    if field is None:  # an item of a list or a mapping
        return f"{called} is {shown(details['input'])}: {details['msg'].lower()}"
    if holds_secret(field.annotation):
        return f"{called} (its value is not shown here) must be {allowed(field)}"
    return f"{called} is {shown(details['input'])}, but must be {allowed(field)}"


def shown(value: object) -> str:
    """A value as its author wrote it, near enough; never long, nor with a URL's password."""
    text = _CREDENTIALS.sub("://…@", json.dumps(value, ensure_ascii=False, default=str))
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"


def allowed(field: FieldInfo) -> str:
    """What ``field`` takes: ``a whole number, at least 1``."""
    marks = [*field.metadata, *_marks(field.annotation)]
    for mark in marks:
        if isinstance(mark, Allowed):
            return mark.phrase
    limits = [
        f"{phrase} {getattr(mark, attribute)}"
        for kind, attribute, phrase in _BOUNDS
        for mark in marks
        if isinstance(mark, kind)
    ]
    return _kind(field.annotation) + (f", {' and '.join(limits)}" if limits else "")


def _marks(annotation: Any) -> tuple[Any, ...]:
    """The marks of ``Annotated[X, ...] | None``, which pydantic leaves where they are."""
    if get_origin(annotation) is Annotated:
        return get_args(annotation)[1:]
    return tuple(mark for choice in get_args(annotation) for mark in _marks(choice))


def _kind(annotation: Any) -> str:
    annotation = without_none(annotation)
    if section := nested_model(annotation):
        return f"a section with the fields {', '.join(field_names(section))}"
    if get_origin(annotation) is Literal:
        return _one_of(get_args(annotation))
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return _one_of(tuple(annotation.__members__))
    return _KINDS.get(get_origin(annotation) or annotation, "a text")


def _one_of(choices: tuple[Any, ...]) -> str:
    return ("one of " if len(choices) > 1 else "") + ", ".join(map(str, choices))


def without_none(annotation: Any) -> Any:
    """``X`` of ``X | None`` and of ``Annotated[X, ...]``."""
    if get_origin(annotation) is Annotated:
        return without_none(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        choices = [choice for choice in get_args(annotation) if choice is not NoneType]
        return without_none(choices[0]) if len(choices) == 1 else annotation
    return annotation


def nested_model(annotation: Any) -> type[BaseModel] | None:
    """The model that a field of this annotation holds."""
    annotation = without_none(annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return None


def holds_secret(annotation: Any) -> bool:
    """Whether values of this annotation are never to be shown."""
    annotation = without_none(annotation)
    if section := nested_model(annotation):
        return any(holds_secret(field.annotation) for field in section.model_fields.values())
    return annotation is SecretStr


def field_names(model: type[BaseModel]) -> tuple[str, ...]:
    """The names of a model's fields as documents write them."""
    return tuple(field.alias or name for name, field in model.model_fields.items())


def field_at(model: type[BaseModel], location: Location) -> FieldInfo | None:
    """The field at ``location``, by names or aliases; None where there is no single one."""
    field = None
    section: type[BaseModel] | None = model
    for part in location:
        if section is None:
            return None
        field = _field_called(section, part)
        if field is None:
            return None
        section = nested_model(field.annotation)
    return field


def _field_called(model: type[BaseModel], part: str | int) -> FieldInfo | None:
    for name, field in model.model_fields.items():
        if part in (name, field.alias):
            return field
    return None
