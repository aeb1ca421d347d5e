"""Walks definition models, for tests that hold for every field of them."""

from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from xaynet_pet.sentences import nested_model


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models in an annotation, also in its lists and mappings."""
    if model := nested_model(annotation):
        yield model
    else:
        for choice in get_args(annotation):
            yield from models_in(choice)


def fields_of(model: type[BaseModel], within: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Every field of a model and of the models in it, with its path."""
    for name, field in model.model_fields.items():
        yield f"{within}{name}", field
        for nested in models_in(field.annotation):
            yield from fields_of(nested, f"{within}{name}.")
