"""The models of the resource as a structural schema, as the API server asks for it.

What JSON Schema and the API server do not share is put into the API server's words:

    $ref                   written out
    X or null              X: the API server drops the null of an optional field, and so it is
                           not given
    exclusiveMinimum: 0    minimum: 0, exclusiveMinimum: true
    pattern, const         in the spec a CEL rule, whose sentence people understand
    any further fields     x-kubernetes-preserve-unknown-fields
    no further fields      nothing: that is what the API server does
    title                  nothing
    examples               the end of the description, where `kubectl explain` shows it
    default of a section   {}: its fields have defaults of their own
"""

from dataclasses import dataclass, replace
from typing import Any, get_args

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from xaynet_operator.crd import validations
from xaynet_operator.resource import FederatedRound
from xaynet_pet.sentences import Location, allowed, nested_model, without_none, written

Schema = dict[str, Any]

BOUNDS = (
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
    "minimum",
    "maximum",
)
KEPT = ("type", "format", "enum", *BOUNDS, "required")
FORMATS = {"integer": "int64", "number": "double"}


RULES = "x-kubernetes-validations"
# Kubernetes describes these itself; of the metadata only the name may be spoken of.
STANDARD: Schema = {
    "apiVersion": {
        "description": "Version of this definition: xaynet.dev/v1alpha1.",
        "type": "string",
    },
    "kind": {"description": "Kind of the resource: FederatedRound.", "type": "string"},
    "metadata": {"type": "object", "properties": {"name": {"type": "string", "maxLength": 253}}},
}


@dataclass(frozen=True, slots=True)
class Node:
    """One node of the schema: what pydantic says about it, and the field that it is of."""

    schema: Schema
    place: Location
    """Where it is, by the names of documents; 0 for the items of a list."""
    field: FieldInfo
    """The field; of an item, its list's."""
    annotation: Any
    """The type of the field or of the item."""

    @property
    def model(self) -> type[BaseModel] | None:
        """The model of a section."""
        return nested_model(self.annotation)

    @property
    def is_item(self) -> bool:
        return self.place[-1] == 0

    @property
    def is_asked_for(self) -> bool:
        """Whether people write it; the status is the operator's."""
        return self.place[0] == "spec"

    @property
    def called(self) -> str | None:
        """The full name, which nothing in a list has."""
        return None if 0 in self.place else written(FederatedRound)(self.place)


def structural_schema() -> Schema:
    """The schema of the whole resource."""
    schema = FederatedRound.model_json_schema()
    definitions: Schema = schema.pop("$defs")
    fields = {
        name: _written_out(_field_of(FederatedRound, name, schema["properties"][name]), definitions)
        for name in ("spec", "status")
    }
    return {
        "description": schema["description"],
        "type": "object",
        "required": ["spec"],
        "properties": STANDARD | fields,
        RULES: validations.of_section(FederatedRound, ()),
    }


def _field_of(model: type[BaseModel], name: str, schema: Schema, place: Location = ()) -> Node:
    field = next(field for key, field in model.model_fields.items() if name in (key, field.alias))
    return Node(schema, (*place, name), field, field.annotation)


def _written_out(node: Node, definitions: Schema) -> Schema:
    """A node and all below it."""
    schema = _plain(node.schema, definitions)
    node = replace(node, schema=schema)
    parts = _described(node) | _kept(schema) | _default(node) | _rules(node)
    if "properties" in schema:
        assert node.model is not None, node.place
        parts["properties"] = {
            name: _written_out(_field_of(node.model, name, below, node.place), definitions)
            for name, below in schema["properties"].items()
        }
    if "items" in schema:
        kind = get_args(without_none(node.annotation))[0]
        item = replace(node, schema=schema["items"], place=(*node.place, 0), annotation=kind)
        parts["items"] = _written_out(item, definitions)
    return parts | _further_fields(schema)


def _plain(schema: Schema, definitions: Schema) -> Schema:
    """Without references and without null."""
    if "anyOf" in schema:
        [choice] = [choice for choice in schema["anyOf"] if choice != {"type": "null"}]
        return _plain(choice | {key: schema[key] for key in schema if key != "anyOf"}, definitions)
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return definitions[name] | {key: schema[key] for key in schema if key != "$ref"}
    return schema


def _kept(schema: Schema) -> Schema:
    kept = {key: schema[key] for key in KEPT if key in schema}
    kept |= {key: schema[key] for key in schema if key.startswith("x-kubernetes-")}
    for bound in ("minimum", "maximum"):
        exclusive = f"exclusive{bound.title()}"
        if exclusive in schema:
            kept |= {bound: schema[exclusive], exclusive: True}
    return {"format": FORMATS[schema["type"]]} | kept if schema["type"] in FORMATS else kept


def _further_fields(schema: Schema) -> Schema:
    further = schema.get("additionalProperties", False)
    if further is True:
        return {"x-kubernetes-preserve-unknown-fields": True}
    return {"additionalProperties": further} if further else {}


def _described(node: Node) -> Schema:
    """The description, what is allowed, the default, and an example."""
    if node.is_item:
        return {"description": node.schema["description"]} if node.model else {}
    assert node.field.description, node.place
    assert node.field.examples, node.place
    told = [node.field.description]
    if _is_limited(node):
        told.append(f"Must be {allowed(node.field)}.")
    default = _default(node).get("default")
    if node.is_asked_for and isinstance(default, str | int):
        told.append(f"Default: {_as_yaml(default)}.")
    told.append(f"Example: {_as_yaml(node.field.examples[0])}")
    return {"description": " ".join(told)}


def _is_limited(node: Node) -> bool:
    """Whether people are to know limits that `kubectl explain` does not show by itself."""
    limits = {"pattern", "const", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}
    return node.is_asked_for and bool(limits & node.schema.keys())


def _as_yaml(example: object) -> str:
    flow = yaml.safe_dump(example, default_flow_style=True, sort_keys=False, width=10**6)
    return flow.removesuffix("\n").removesuffix("\n...")


def _default(node: Node) -> Schema:
    default = None if node.is_item else node.field.get_default(call_default_factory=True)
    if default is None or default is PydanticUndefined:
        return {}
    if isinstance(default, BaseModel):
        default = default.model_dump(by_alias=True, exclude_defaults=True)
    return {"default": [] if default == () else default}


def _rules(node: Node) -> Schema:
    if node.model:
        rules = validations.of_section(node.model, node.place)
    elif node.is_asked_for:
        rules = validations.of_value(node.schema, node.field, node.called)
    else:
        return {"pattern": node.schema["pattern"]} if "pattern" in node.schema else {}
    return {RULES: rules} if rules else {}
