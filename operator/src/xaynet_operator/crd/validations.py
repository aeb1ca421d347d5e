"""What holds between fields, and what an edit may not change, as CEL rules.

Every rule says what the models would say to the same manifest, so the API server refuses with the
sentence that ``FederatedRound.read`` and ``refused_changes`` have.
"""

from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from xaynet_operator.crd.cel import filled, given, quoted, shown, shown_word
from xaynet_operator.resource import (
    FINAL_STATE,
    IMMUTABLE,
    FederatedRound,
    FederatedRoundSpec,
    Immutable,
    Metadata,
)
from xaynet_operator.resource.rules import Needs, NotBoth, Ruled
from xaynet_pet import MaskConfig
from xaynet_pet.mask_config import BoundType, DataType, GroupType, ModelType
from xaynet_pet.parameters import RULES, PetParameters, Rule, location
from xaynet_pet.sentences import Location, allowed, written

Validation = dict[str, Any]

_COMPARED = {"at least": ">=", "at most": "<="}


def of_section(model: type[BaseModel], place: Location) -> list[Validation]:
    """The rules between the fields of a section that lies at ``place``."""
    if issubclass(model, PetParameters):
        return [*(_order(rule, place) for rule in RULES), _most_updates(place)]
    if issubclass(model, Ruled):
        return [_section_rule(model, rule, place) for rule in model.RULES]
    if issubclass(model, FederatedRoundSpec):
        return [_final_state(), *map(_immutable, IMMUTABLE)]
    return [_name()] if issubclass(model, FederatedRound) else []


def of_value(schema: dict[str, Any], field: FieldInfo, called: str | None) -> list[Validation]:
    """The rules of a single value: its pattern, or the one value that is supported.

    ``called`` is the field's full name; None for an item of a list, which the API server names.
    """
    if "pattern" in schema:
        rule, value = f"self.matches({quoted(schema['pattern'])})", shown("self")
    elif schema["type"] == "integer" and "const" in schema:
        rule, value = f"self == {schema['const']}", "string(self)"
    elif "const" in schema:
        rule, value = f"self == {quoted(schema['const'])}", shown_word("self")
    else:
        return []
    must = f"must be {allowed(field)}"
    if called is None:
        return [{"rule": rule, "message": must}]
    return [_validation(rule, filled(f"{called} is {{}}, but {must}", value), f"{called} {must}")]


def _validation(rule: str, told: str, message: str, field: str = "") -> Validation:
    """``message`` is for what ``told`` cannot be said of: a value of several lines."""
    validation = {"rule": rule, "message": message, "messageExpression": told}
    return validation | ({"fieldPath": f".{field}"} if field else {})


def _name_within(place: Location, path: str) -> str:
    return written(FederatedRound)((*place, *location(path)))


def _order(rule: Rule, place: Location) -> Validation:
    """Two numbers that stand in an order."""
    name = written(PetParameters)
    field, other = name(location(rule.field)), name(location(rule.other))
    called, limit = _name_within(place, rule.field), _name_within(place, rule.other)
    must = f"must be {rule.relation} {limit}"
    return _validation(
        f"self.{field} {_COMPARED[rule.relation]} self.{other}",
        filled(
            f"{called} is {{}}, but {must}, which is {{}}",
            f"string(self.{field})",
            f"string(self.{other})",
        ),
        f"{called} {must}",
        field,
    )


def _most_updates(place: Location) -> Validation:
    """No more updates than the masks can add up."""
    pairs = (f"{quoted(kind)}: {_most(kind)}" for kind in ModelType)
    most = f"{{{', '.join(pairs)}}}"
    kind, count = "self.mask.modelType", "self.update.count.max"
    called = _name_within(place, "update.count.max")
    asked = _name_within(place, "mask.model_type")
    return _validation(
        f"!({kind} in {most}) || {count} <= {most}[{kind}]",
        filled(
            f"{called} is {{}}, but must be at most {{}}, the most that {asked} {{}} can add up",
            f"string({count})",
            f"string({most}[{kind}])",
            kind,
        ),
        f"{called} must be at most what {asked} can add up",
        "update.count.max",
    )


def _most(kind: ModelType) -> int:
    return MaskConfig(GroupType.Prime, DataType.F32, BoundType.B0, kind).max_models


def _section_rule(model: type[BaseModel], rule: NotBoth | Needs, place: Location) -> Validation:
    """Two fields that exclude each other, or of which one needs the other."""
    first, second = (f"has(self.{written(model)(field)})" for field in rule.refusal.fields)
    message = rule.refusal.sentence(written(FederatedRound), place)
    if isinstance(rule, NotBoth):
        return {"rule": f"!({first} && {second})", "message": message}
    field = written(model)((rule.field,))
    return {"rule": f"!{first} || {second}", "message": message, "fieldPath": f".{field}"}


def _final_state() -> Validation:
    state = written(FederatedRoundSpec)(("desired_state",))
    final = quoted(FINAL_STATE)
    must = f"must stay {final}: that is final"
    return _validation(
        f"oldSelf.{state} != {final} || self.{state} == {final}",
        filled(f"spec.{state} is {{}}, but {must}", shown_word(f"self.{state}")),
        f"spec.{state} {must}",
        state,
    )


def _immutable(immutable: Immutable) -> Validation:
    """A field that keeps its value, or stays given or not given."""
    field = written(FederatedRoundSpec)(location(immutable.field))
    now, was = (given(field, root) for root in ("self", "oldSelf"))
    message = f"spec.{field} cannot change: {immutable.reason}"
    if immutable.presence:
        told = f"spec.{field} cannot be {{}}: {immutable.reason}"
        change = f"{now} ? 'added' : 'removed'"
        return _validation(f"({now}) == ({was})", filled(told, change), message, field)
    told = f"spec.{field} is {{}}, but must stay {{}}: {immutable.reason}"
    values = (_value_or_null(field, root) for root in ("self", "oldSelf"))
    same = f"({now}) == ({was}) && (!({now}) || self.{field} == oldSelf.{field})"
    return _validation(same, filled(told, *values), message, field)


def _value_or_null(field: str, root: str) -> str:
    return f"{given(field, root)} ? {shown_word(f'{root}.{field}')} : 'null'"


def _name() -> Validation:
    """Names of what belongs to a resource are made from its name, and are labels."""
    form = Metadata.model_json_schema()["properties"]["name"]
    name = "self.metadata.name"
    must = f"must be {allowed(Metadata.model_fields['name'])}"
    return _validation(
        f"{name}.size() <= {form['maxLength']} && {name}.matches({quoted(form['pattern'])})",
        filled(f"metadata.name is {{}}, but {must}", shown(name)),
        f"metadata.name {must}",
        "metadata.name",
    )
