"""The keys of a configuration: what each is called in files and in the environment.

The models are the definition. A key has two names, which differ for the PET parameters only:
that of the later state of Xaynet (``pet.sum.count.min``), and that of the release
(``pet.min_sum_count``). Files may use both; the environment has one prefix for each
(``XAYNET__PET__SUM__COUNT__MIN``, ``XAYNET_PET__MIN_SUM_COUNT``).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from xaynet_pet.sentences import nested_model

Path = tuple[str, ...]

LATER_PREFIX = "XAYNET__"
RELEASE_PREFIX = "XAYNET_"
_LIFTED = ("mask", "model")  # sections of their own in files, parts of pet in the models
_PHASES = ("sum", "update", "sum2")


@dataclass(frozen=True, slots=True)
class Key:
    """One setting: its place in the models, and its two names."""

    path: Path
    field: FieldInfo

    @property
    def name(self) -> str:
        """The later name, ``pet.sum.count.min``."""
        return later_name(self.path)

    @property
    def release_name(self) -> str:
        """The release's name, ``pet.min_sum_count``; the same as ``name`` outside of PET."""
        match self.path:
            case ("pet", phase, "prob") if phase in _PHASES:
                return f"pet.{phase}"
            case ("pet", phase, "count" | "time" as what, bound) if phase in _PHASES:
                return f"pet.{bound}_{phase}_{what}"
            case _:
                return self.name

    @property
    def variables(self) -> tuple[str, str]:
        """The two names in the environment, in upper case."""
        return (
            LATER_PREFIX + self.name.replace(".", "__").upper(),
            RELEASE_PREFIX + self.release_name.replace(".", "__").upper(),
        )


def later_name(path: Path) -> str:
    """What a file calls the key or section at ``path``."""
    lifted = path[:1] == ("pet",) and path[1:2] and path[1] in _LIFTED
    return ".".join(path[1:] if lifted else path)


@dataclass(frozen=True)
class Keys:
    """All keys and sections of a settings model, by their names."""

    model: type[BaseModel]

    @cached_property
    def all(self) -> tuple[Key, ...]:
        """The keys, in the order of the models."""
        return tuple(_keys_of(self.model, ()))

    @cached_property
    def sections(self) -> dict[str, Path]:
        """The place of each section by its name in files."""
        return {later_name(path): path for path in _sections_of(self.model, ())}

    @cached_property
    def by_name(self) -> dict[str, Key]:
        """The keys by both names that files use."""
        return {name: key for key in self.all for name in (key.name, key.release_name)}

    @cached_property
    def by_variable(self) -> dict[str, Key]:
        """The keys by both names that the environment uses."""
        return {variable: key for key in self.all for variable in key.variables}


def _keys_of(model: type[BaseModel], within: Path) -> Iterator[Key]:
    for name, field in model.model_fields.items():
        if section := nested_model(field.annotation):
            yield from _keys_of(section, (*within, name))
        elif within:
            yield Key((*within, name), field)


def _sections_of(model: type[BaseModel], within: Path) -> Iterator[Path]:
    for name, field in model.model_fields.items():
        if section := nested_model(field.annotation):
            yield (*within, name)
            yield from _sections_of(section, (*within, name))
