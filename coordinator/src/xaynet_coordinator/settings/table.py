"""The tables of docs/settings.md, made from the models.

``python -m xaynet_coordinator.settings.table docs/settings.md`` rewrites the page.
"""

import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from xaynet_coordinator.settings.keys import Key, Keys
from xaynet_coordinator.settings.loading import Settings
from xaynet_pet.sentences import allowed, field_at, shown

INTRODUCTION = """\
# Settings of a coordinator

Made by `python -m xaynet_coordinator.settings.table docs/settings.md`; do not edit.

Settings come from a file (`.toml`, `.yaml`, `.yml` or `.json`), which the environment overrides.
The PET parameters may be written as in the later state of Xaynet (*key*) or as in release v0.11
(*release's key*); all other keys are the same in both.

In the environment a key has the prefix `XAYNET__` and `__` for each dot
(`XAYNET__PET__SUM__COUNT__MIN`), or, as in the release, the prefix `XAYNET_` and the release's
key (`XAYNET_PET__MIN_SUM_COUNT`). Upper and lower case are the same.

A key of the file that is not listed here is refused; a variable that is not listed here is
ignored with a warning. Numbers may be written as texts; a fraction given for a whole number is cut
off with a warning. A `pet.update.count.max` above what `mask.model_type` can add up is lowered
with a warning.

An empty section `trust_anchor` is accepted and has no effect.

*required* means: where its section is given. `pet`, `mask` and `model` must be given unless
`control.wait_for_desired` is set; one of `redis` and `data.directory` must be given; `s3` needs
`redis`.
"""


def page() -> str:
    """The whole page."""
    parts = [INTRODUCTION]
    for section, keys in groupby(Keys(Settings).all, _section):
        parts.append("\n".join(_section_lines(section, list(keys))) + "\n")
    return "\n".join(parts)


def _section(key: Key) -> str:
    return key.name.partition(".")[0]


def _section_lines(section: str, keys: list[Key]) -> Iterator[str]:
    path = keys[0].path[: 2 if section in ("mask", "model") else 1]
    field = field_at(Settings, path)
    yield f"## {section}"
    yield ""
    if field is not None and field.description:
        yield field.description
        yield ""
    if any(key.name != key.release_name for key in keys):
        yield "| key | release's key | allowed | default | meaning |"
        yield "|---|---|---|---|---|"
        yield from (f"| `{key.name}` | `{key.release_name}` {_rest(key)}" for key in keys)
    else:
        yield "| key | allowed | default | meaning |"
        yield "|---|---|---|---|"
        yield from (f"| `{key.name}` {_rest(key)}" for key in keys)


def _rest(key: Key) -> str:
    cells = (allowed(key.field), _default(key.field), key.field.description or "")
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _default(field: FieldInfo) -> str:
    if field.default is PydanticUndefined:
        return "*required*"
    return "none" if field.default is None else f"`{shown(field.default)}`"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")
