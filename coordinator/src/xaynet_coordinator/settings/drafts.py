"""Settings before they are checked: the file and the environment merged, each value with the
name its author gave it.

Two conversions of the release are kept, with a warning: a fraction given for a whole number is
cut off, and ``update.count.max`` is lowered to what the masks can add up.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

from xaynet_coordinator.settings.keys import Keys, Path, later_name
from xaynet_coordinator.settings.sources import Given, Source
from xaynet_pet.mask_config import MaskConfig, ModelType
from xaynet_pet.sentences import Location, without_none

Values = Mapping[Path, Given]
Warned = tuple[Values, list[str]]

_UPDATE_MIN = ("pet", "update", "count", "min")
_UPDATE_MAX = ("pet", "update", "count", "max")
_MODEL_TYPE = ("pet", "mask", "model_type")


@dataclass(frozen=True, slots=True)
class Draft:
    """What is going to be checked, what is wrong already, and what is to be logged."""

    values: Values
    sections: frozenset[Path]
    problems: tuple[str, ...]
    warnings: tuple[str, ...]
    name: Callable[[Location], str] = field(repr=False)

    def tree(self) -> dict[str, Any]:
        """The values as nested sections."""
        root: dict[str, Any] = {"warnings": self.warnings}
        for path in self.sections:
            _section(root, path)
        for path, given in self.values.items():
            _section(root, path[:-1])[path[-1]] = given.value
        return root


def _section(root: dict[str, Any], path: Path) -> dict[str, Any]:
    section = root
    for part in path:
        section = section.setdefault(part, {})
    return section


def draft(file: Source, environment: Source, keys: Keys) -> Draft:
    """Let ``environment`` override ``file``, and convert what needs it."""
    in_file, file_problems = _one_each(file.given)
    in_environment, environment_problems = _one_each(environment.given)
    whole, cut = _without_fractions({**in_file, **in_environment})
    values, lowered = _within_the_masks(whole)
    return Draft(
        values,
        _sections(file, values, keys),
        (*file.unknown, *file_problems, *environment_problems),
        (*environment.unknown, *cut, *lowered),
        _namer(values, keys, any(given.name != given.key.name for given in file.given)),
    )


def _one_each(given: Iterable[Given]) -> tuple[dict[Path, Given], list[str]]:
    """The values by place. One place under two names with different values is a problem."""
    values: dict[Path, Given] = {}
    problems: list[str] = []
    for item in given:
        other = values.setdefault(item.key.path, item)
        if other.value != item.value:
            problems.append(f"{other.name} and {item.name} are the same setting, but differ")
    return values, problems


def _without_fractions(values: Values) -> Warned:
    fitting: dict[Path, Given] = {}
    warnings: list[str] = []
    for path, given in values.items():
        fitting[path] = given
        value, wanted = given.value, without_none(given.key.field.annotation)
        if wanted is int and isinstance(value, float) and math.isfinite(value):
            fitting[path] = replace(given, value=int(value))
            if not value.is_integer():
                warnings.append(f"{given.name} is {value}, but must be whole: {int(value)} is used")
    return fitting, warnings


def _within_the_masks(values: Values) -> Warned:
    most = _most_updates(values)
    fewest, largest = _whole(values.get(_UPDATE_MIN)), _whole(values.get(_UPDATE_MAX))
    if most is None or largest is None or largest <= most:
        return values, []
    if fewest is not None and fewest > most:  # lowering would not help: the check refuses it
        return values, []
    given, model_type = values[_UPDATE_MAX], values[_MODEL_TYPE]
    warning = (
        f"{given.name} is {largest}, more than {model_type.name} {model_type.value} can add up: "
        f"{most} is used"
    )
    return {**values, _UPDATE_MAX: replace(given, value=most)}, [warning]


def _most_updates(values: Values) -> int | None:
    given = values.get(_MODEL_TYPE)
    if given is None or not isinstance(given.value, str) or given.value not in set(ModelType):
        return None
    return MaskConfig("Prime", "F32", "B0", given.value).max_models


def _whole(given: Given | None) -> int | None:
    try:
        return int(cast(str, given.value)) if given else None
    except (TypeError, ValueError):
        return None


def _sections(file: Source, values: Values, keys: Keys) -> frozenset[Path]:
    """The sections that are there. A PET section brings all of PET, so that what is missing is
    said key by key."""
    present = {keys.sections[name] for name in file.sections}
    pet = {path for path in keys.sections.values() if path[0] == "pet"}
    asked_for = any(path[0] == "pet" for path in (*present, *values))
    return frozenset(present | pet if asked_for else present)


def _namer(values: Values, keys: Keys, in_release_layout: bool) -> Callable[[Location], str]:
    by_path = {key.path: key for key in keys.all}

    def name(location: Location) -> str:
        path = tuple(part for part in location if isinstance(part, str))
        if path in values:
            return values[path].name
        if path in by_path and in_release_layout:
            return by_path[path].release_name
        return later_name(path)

    return name
