"""The golden vectors of the reference (tests/vectors), in the terms of `xaynet_pet`."""

import json
import struct
from fractions import Fraction
from pathlib import Path
from typing import Any

from xaynet_pet import MaskConfig, MaskConfigPair

VECTORS = Path(__file__).parent.parent / "vectors"

Entry = dict[str, Any]


def document(name: str) -> Entry:
    """A whole file, e.g. "round_transcript"."""
    return json.loads((VECTORS / f"{name}.json").read_text())


def entries(name: str, kind: str | None = None) -> list[Entry]:
    """The entries of a file, or those of one kind; never none."""
    found = [e for e in document(name)["entries"] if kind is None or e.get("kind") == kind]
    assert found, f"{name}.json has no entries of kind {kind}"
    return found


def config(entry: Entry) -> MaskConfig:
    parts = (entry[part] for part in ("group_type", "data_type", "bound_type", "model_type"))
    return MaskConfig(*parts)


def pair(entry: Entry) -> MaskConfigPair:
    return MaskConfigPair(config(entry["vect"]), config(entry["unit"]))


def f64(entry: Entry) -> float:
    return struct.unpack(">d", bytes.fromhex(entry["bits"]))[0]


def rational(entry: list[str]) -> Fraction:
    return Fraction(int(entry[0]), int(entry[1]))
