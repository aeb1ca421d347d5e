"""Reading objects of Kubernetes in which anything may be missing, and quoting what they say."""

import re
from typing import Any, cast

from xaynet_operator.facts import Manifest

LONGEST_QUOTE = 300


def at(document: object, *path: str) -> Any:
    """What stands at a path of a document; None if there is no such place."""
    for name in path:
        if not isinstance(document, dict):
            return None
        document = cast(Manifest, document).get(name)
    return document


def listed(document: object, *path: str) -> list[Manifest]:
    """The objects in the list at a path of a document; none if there is no such list."""
    value = at(document, *path)
    if not isinstance(value, list):
        return []
    return [cast(Manifest, one) for one in cast(list[object], value) if isinstance(one, dict)]


def in_force(document: Manifest, kind: str) -> Manifest | None:
    """The condition of that type, if it is True."""
    for one in listed(document, "status", "conditions"):
        if one.get("type") == kind and one.get("status") == "True":
            return one
    return None


def quoted(text: object) -> str:
    """A text of someone else, in one line, of bounded length, and without what always changes."""
    line = " ".join(str(text or "").split())
    line = re.sub(r":\d+->", "->", line)  # the port of a client
    line = line if len(line) <= LONGEST_QUOTE else f"{line[: LONGEST_QUOTE - 1]}…"
    return line.rstrip(". ")
