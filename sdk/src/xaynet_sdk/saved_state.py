"""A participant's session as bytes, to go on in another process.

    "xaynet-sdk state" ‖ version u16 ‖ fields of the session ‖ SHA-256 of all before it

A record (the session, or one of the states) is its fields in their declared order, each as
u64 length ‖ bytes; a state's fields follow its name. Numbers are little endian; what the protocol
defines is in its own encoding. The bytes hold **secret keys**, and nothing protects them.
"""

import hashlib
import struct
from collections.abc import Callable, Iterable
from dataclasses import fields
from typing import Any, cast, get_type_hints

import numpy as np

from xaynet_pet import (
    DataType,
    EncryptionKeyPair,
    LocalSeedDict,
    MaskObject,
    PetError,
    RoundParameters,
    SeedDict,
    SigningKeyPair,
    SumDict,
    Tag,
)
from xaynet_pet.weights import PRIMITIVES, Weights
from xaynet_sdk import states
from xaynet_sdk.states import Session, State

MAGIC = b"xaynet-sdk state"
VERSION = 1
_HEAD = MAGIC + VERSION.to_bytes(2, "little")
_DIGEST = hashlib.sha256().digest_size


class UnreadableState(Exception):
    """These bytes are no saved state, or a damaged one."""


def save(session: Session) -> bytes:
    """The session as bytes."""
    body = _HEAD + _encode_record(session)
    return body + hashlib.sha256(body).digest()


def restore(data: bytes) -> Session:
    """The session that was saved. Raises UnreadableState."""
    if not data.startswith(MAGIC):
        raise UnreadableState("this is not a state saved by this SDK")
    if not data.startswith(_HEAD):
        version = int.from_bytes(data[len(MAGIC) : len(_HEAD)], "little")
        raise UnreadableState(f"the state has version {version}, this SDK reads {VERSION}")
    body, digest = data[:-_DIGEST], data[-_DIGEST:]
    if hashlib.sha256(body).digest() != digest:
        raise UnreadableState("the state was cut off or changed")
    try:
        return _decode_record(Session, body[len(_HEAD) :])
    except (PetError, ValueError, KeyError, struct.error) as error:
        raise UnreadableState(f"the state cannot be read: {error}") from error


def _frame(parts: Iterable[bytes]) -> bytes:
    return b"".join(struct.pack("<Q", len(part)) + part for part in parts)


def _unframe(data: bytes) -> list[bytes]:
    parts: list[bytes] = []
    offset = 0
    while offset < len(data):
        (length,) = struct.unpack_from("<Q", data, offset)
        offset += 8
        if length > len(data) - offset:
            raise ValueError("a field is longer than the state")
        parts.append(data[offset : offset + length])
        offset += length
    return parts


def _encode_record(record: Any) -> bytes:
    return _frame(_encode(getattr(record, field.name)) for field in fields(record))


def _decode_record(kind: Any, data: bytes) -> Any:
    hints = get_type_hints(kind)
    parts = zip(fields(kind), _unframe(data), strict=True)
    return kind(**{field.name: _DECODERS[hints[field.name]](part) for field, part in parts})


def _encode(value: object) -> bytes:
    match value:
        case None | bytes():
            return value or b""
        case float():
            return struct.pack("<d", value)
        case int():
            return value.to_bytes(8, "little")
        case SigningKeyPair():
            return value.seed
        case EncryptionKeyPair():
            return value.secret
        case RoundParameters() | SumDict() | SeedDict() | LocalSeedDict() | MaskObject():
            return value.to_bytes()
        case tuple():
            return _frame(cast(tuple[bytes, ...], value))
        case np.ndarray():
            return _encode_weights(cast(Weights, value))
        case _:
            return _frame((type(value).__name__.encode(), _encode_record(value)))


def _encode_weights(weights: Weights) -> bytes:
    data_type = next(name for name, kind in PRIMITIVES.items() if weights.dtype == kind)
    little_endian = weights.astype(weights.dtype.newbyteorder("<"), copy=False)
    return _frame((data_type.encode(), little_endian.tobytes()))


def _decode_weights(data: bytes) -> Weights:
    name, weights = _unframe(data)
    kind = np.dtype(PRIMITIVES[DataType(name.decode())])
    return np.frombuffer(weights, kind.newbyteorder("<")).astype(kind)


def _decode_state(data: bytes) -> Any:
    name, record = _unframe(data)
    return _decode_record(STATES[name.decode()], record)


def _decode_float(data: bytes) -> float:
    return struct.unpack("<d", data)[0]


def _decode_integer(data: bytes) -> int:
    return int.from_bytes(data, "little")


def _decode_tag(data: bytes) -> Tag:
    return Tag(_decode_integer(data))


def _decode_parts(data: bytes) -> tuple[bytes, ...]:
    return tuple(_unframe(data))


def _optional(decode: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
    return lambda data: decode(data) if data else None


STATES: dict[str, type[State]] = {
    kind.__name__: kind
    for kind in (
        states.NewRound,
        states.Awaiting,
        states.Sum,
        states.Sum2,
        states.SeedsFetched,
        states.SeedsOpened,
        states.MaskAggregated,
        states.Update,
        states.SumsFetched,
        states.ModelTaken,
        states.ModelMasked,
        states.SeedsSealed,
        states.Sending,
    )
}

_DECODERS: dict[Any, Callable[[bytes], Any]] = {
    bytes: bytes,
    bytes | None: _optional(bytes),
    tuple[bytes, ...]: _decode_parts,
    float: _decode_float,
    int | None: _optional(_decode_integer),
    Tag: _decode_tag,
    SigningKeyPair: SigningKeyPair.from_seed,
    EncryptionKeyPair: EncryptionKeyPair.from_secret,
    RoundParameters: RoundParameters.from_bytes,
    SumDict: SumDict.from_bytes,
    SeedDict: SeedDict.from_bytes,
    LocalSeedDict: LocalSeedDict.from_bytes,
    MaskObject: MaskObject.from_bytes,
    Weights: _decode_weights,
    Weights | None: _optional(_decode_weights),
    State: _decode_state,
    states.Awaiting | states.Sum2: _decode_state,
}
