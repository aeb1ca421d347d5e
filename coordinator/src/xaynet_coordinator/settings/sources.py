"""Where settings come from: a file in TOML, YAML or JSON, and the environment.

Both become ``Given`` values, each knowing what its author called it. What cannot be read, or is
not a setting, becomes a sentence.
"""

import difflib
import json
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import yaml

from xaynet_coordinator.settings.keys import LATER_PREFIX, RELEASE_PREFIX, Key, Keys


class Unreadable(Exception):
    """A file that is not there, or not in its format. The text is the sentence."""


@dataclass(frozen=True, slots=True)
class Given:
    """A value for a key. ``name`` is what its author called the key."""

    key: Key
    value: object = field(repr=False)
    name: str


@dataclass(frozen=True, slots=True)
class Source:
    """What a file or the environment says: values, the sections present, and what is not known."""

    given: tuple[Given, ...]
    sections: frozenset[str] = frozenset()
    unknown: tuple[str, ...] = ()


def read_document(path: Path) -> Mapping[str, object]:
    """The tables of a configuration file; raises ``Unreadable``."""
    parse = _FORMATS.get(path.suffix.lower())
    if parse is None:
        endings = ", ".join(_FORMATS)
        raise Unreadable(f"{path} must end in one of {endings}, which tell its format")
    try:
        document = parse(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Unreadable(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise Unreadable(f"{path} cannot be read: it is not UTF-8 text") from None
    except ValueError as error:
        raise Unreadable(f"{path} is not valid: {error}") from None
    if not isinstance(document, dict):
        raise Unreadable(f"{path} must hold sections with settings")
    return cast(dict[str, object], document)


def _parse_yaml(text: str) -> object:
    try:
        return json.loads(json.dumps(yaml.safe_load(text) or {}, default=str))
    except yaml.MarkedYAMLError as error:  # its own text quotes the file, secrets and all
        mark = error.problem_mark
        where = f" (at line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        raise ValueError(f"{error.problem}{where}") from None
    except yaml.YAMLError:
        raise ValueError("it holds characters that YAML does not allow") from None
    except (TypeError, RecursionError):
        raise ValueError("it holds values that JSON does not know") from None


_FORMATS: dict[str, Callable[[str], object]] = {
    ".toml": tomllib.loads,
    ".yaml": _parse_yaml,
    ".yml": _parse_yaml,
    ".json": json.loads,
}


def from_document(document: Mapping[str, object], keys: Keys) -> Source:
    """The settings of a file, in either layout, or in both."""
    flat = list(_flat(document, ""))
    return Source(
        given=tuple(
            Given(keys.by_name[name], value, name)
            for name, value in flat
            if name in keys.by_name and not isinstance(value, dict)
        ),
        sections=frozenset(
            name for name, value in flat if name in keys.sections and isinstance(value, dict)
        ),
        unknown=tuple(
            complaint for name, value in flat if (complaint := _complaint(name, value, keys))
        ),
    )


def _flat(table: Mapping[str, object], within: str) -> Iterator[tuple[str, object]]:
    for part, value in table.items():
        name = f"{within}{part}"
        yield name, value
        if isinstance(value, dict):
            yield from _flat(cast(dict[str, object], value), f"{name}.")


def _complaint(name: str, value: object, keys: Keys) -> str | None:
    """The sentence about a name of a file that is no setting; None where its section is not."""
    here, elsewhere = keys.by_name.keys(), keys.sections.keys()
    kinds = ("a single value", "a section")
    if isinstance(value, dict):
        here, elsewhere, kinds = elsewhere, here, kinds[::-1]
    if name in here or name.rpartition(".")[0] not in ("", *keys.sections):
        return None
    if name in elsewhere:  # the value may be a secret at the wrong place: it is not shown
        return f"{name} is {kinds[0]}, but must be {kinds[1]}"
    return _not_a_setting(name, here)


def _not_a_setting(name: str, known: Iterable[str], consequence: str = "") -> str:
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.8)
    hint = f"; did you mean {close[0]}?" if close else ""
    return f"{name} is not a setting{consequence}{hint}"


def from_environment(environ: Mapping[str, str], keys: Keys) -> Source:
    """The settings of the environment; names are compared without case."""
    ours = {name: value for name, value in environ.items() if _is_ours(name)}
    return Source(
        given=tuple(
            Given(key, value, f"{key.name} ({name})")
            for name, value in ours.items()
            if (key := keys.by_variable.get(name.upper()))
        ),
        unknown=tuple(
            _not_a_setting(name, keys.by_variable, " and is ignored")
            for name in ours
            if name.upper() not in keys.by_variable
        ),
    )


def _is_ours(variable: str) -> bool:
    return variable.upper().startswith((LATER_PREFIX, RELEASE_PREFIX))
