"""The golden vectors of the reference (tests/vectors), in the terms of `xaynet_pet`."""

import json
import struct
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from xaynet_pet import (
    LocalSeedDict,
    MaskConfig,
    MaskConfigPair,
    MaskObject,
    Message,
    SigningKeyPair,
    Sum2Payload,
    SumPayload,
    UpdatePayload,
    WholePayload,
)

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


def payload_of(entry: Entry) -> WholePayload:
    """The payload that the fields of a golden message describe."""
    fields = entry["fields"]
    sums = bytes.fromhex(fields["sum_signature"])
    if entry["kind"] == "sum":
        return SumPayload(sums, bytes.fromhex(fields["ephm_pk"]))
    if entry["kind"] == "sum2":
        return Sum2Payload(sums, MaskObject.from_bytes(bytes.fromhex(fields["model_mask"])))
    seeds = LocalSeedDict(
        (bytes.fromhex(seed["sum_pk"]), bytes.fromhex(seed["encrypted_mask_seed"]))
        for seed in fields["local_seed_dict"]
    )
    model = MaskObject.from_bytes(bytes.fromhex(fields["masked_model"]))
    return UpdatePayload(sums, bytes.fromhex(fields["update_signature"]), model, seeds)


def message_of(entry: Entry, payload: WholePayload) -> Message:
    keys = entry["keys"]
    participant = bytes.fromhex(keys["participant_public"])
    return Message(participant, bytes.fromhex(keys["coordinator_public"]), payload)


def signer_of(entry: Entry) -> SigningKeyPair:
    return SigningKeyPair.from_seed(bytes.fromhex(entry["keys"]["participant_seed"]))


def weights_of(entry: Entry, data_type: str) -> Any:
    """Weights from their bits if they are floats: an array, else a list of integers."""
    if not data_type.startswith("F"):
        return entry["values"]
    words = [int(bits, 16) for bits in entry["bits"]]
    size = int(data_type[1:]) // 8
    return np.array(words, f"u{size}").view(f"f{size}")


def bits_of(values: Any) -> list[Any]:
    """Weights as the vectors write them: floats as hex digits, integers as numbers."""
    if values.dtype.kind == "i":
        return values.tolist()
    size = values.itemsize
    return [f"{word:0{2 * size}x}" for word in values.view(f"u{size}").tolist()]
