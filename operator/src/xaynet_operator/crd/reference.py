"""The tables of docs/federatedround.md, made from the schema that the API server gets.

``python -m xaynet_operator.crd.reference docs/federatedround.md`` rewrites the page.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from xaynet_operator.crd.schema import Schema, structural_schema

INTRODUCTION = """\
# The FederatedRound resource

Made by `python -m xaynet_operator.crd.reference docs/federatedround.md`; do not edit.

`kubectl explain federatedround.spec --recursive` says the same where the resource is installed.
What an edit changes at which moment, and what the conditions mean, is in
[operations.md](operations.md). **Bold** fields must be given where their section is.
"""


def page() -> str:
    """The whole page."""
    sections = structural_schema()["properties"]
    parts = [INTRODUCTION]
    for name in ("spec", "status"):
        rows = "\n".join(_row(*field) for field in _fields(name, sections[name]))
        parts.append(f"## {name}\n\n| field | type | meaning |\n|---|---|---|\n{rows}\n")
    return "\n".join(parts)


def _fields(path: str, section: Schema) -> Iterator[tuple[str, Schema, bool]]:
    """The fields below a section, each with its path and whether it must be given."""
    required = section.get("required", [])
    for name, field in section.get("properties", {}).items():
        here = f"{path}.{name}"
        yield here, field, name in required
        yield from _fields(here, field)
        yield from _fields(f"{here}[]", field.get("items", {}))


def _row(path: str, field: Schema, required: bool) -> str:
    name = f"**`{path}`**" if required else f"`{path}`"
    meaning = str(field["description"]).replace("|", "\\|")
    return f"| {name} | {field['type']} | {meaning} |"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")
