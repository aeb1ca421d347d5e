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
from typing import Any, NamedTuple, get_type_hints

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
from xaynet_sdk.states import Session

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
    hints = get_type_hints(type(record))
    return _frame(
        _CODECS[hints[field.name]].encode(getattr(record, field.name)) for field in fields(record)
    )


def _decode_record(kind: type[Any], data: bytes) -> Any:
    hints = get_type_hints(kind)
    names = [field.name for field in fields(kind)]
    values = zip(names, _unframe(data), strict=True)
    return kind(**{name: _CODECS[hints[name]].decode(value) for name, value in values})


def _encode_state(state: Any) -> bytes:
    return _frame((type(state).__name__.encode(), _encode_record(state)))


def _decode_state(data: bytes) -> Any:
    name, record = _unframe(data)
    return _decode_record(STATES[name.decode()], record)


def _encode_weights(weights: Weights | None) -> bytes:
    if weights is None:
        return b""
    data_type = next(name for name, kind in PRIMITIVES.items() if weights.dtype == kind)
    little_endian = weights.astype(weights.dtype.newbyteorder("<"), copy=False)
    return _frame((data_type.encode(), little_endian.tobytes()))


def _decode_weights(data: bytes) -> Weights | None:
    if not data:
        return None
    name, weights = _unframe(data)
    kind = np.dtype(PRIMITIVES[DataType(name.decode())])
    return np.frombuffer(weights, kind.newbyteorder("<")).astype(kind)


class _Codec(NamedTuple):
    encode: Callable[[Any], bytes]
    decode: Callable[[bytes], Any]


STATES = {
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

_STATE = _Codec(_encode_state, _decode_state)
_WEIGHTS = _Codec(_encode_weights, _decode_weights)

_CODECS: dict[Any, _Codec] = {
    bytes: _Codec(bytes, bytes),
    bytes | None: _Codec(
        lambda data: b"" if data is None else data,
        lambda data: data or None,
    ),
    tuple[bytes, ...]: _Codec(_frame, lambda data: tuple(_unframe(data))),
    float: _Codec(
        lambda number: struct.pack("<d", number),
        lambda data: struct.unpack("<d", data)[0],
    ),
    int | None: _Codec(
        lambda number: b"" if number is None else number.to_bytes(8, "little"),
        lambda data: int.from_bytes(data, "little") if data else None,
    ),
    Tag: _Codec(lambda tag: bytes((tag.value,)), lambda data: Tag(data[0])),
    SigningKeyPair: _Codec(lambda keys: keys.seed, SigningKeyPair.from_seed),
    EncryptionKeyPair: _Codec(lambda keys: keys.secret, EncryptionKeyPair.from_secret),
    Weights: _WEIGHTS,
    Weights | None: _WEIGHTS,
    states.State: _STATE,
    states.Awaiting | states.Sum2: _STATE,
    **{
        kind: _Codec(lambda value: value.to_bytes(), kind.from_bytes)
        for kind in (RoundParameters, SumDict, SeedDict, LocalSeedDict, MaskObject)
    },
}
