"""The bincode form of rationals as numpy vectors of numerators and denominators (protocol §2.1).

    u64 count ‖ count × (numerator ‖ denominator)
    integer = i8 sign ‖ u64 number of digits ‖ digits u32, least significant first

Both vectors are of type int64 if all integers are within ±(2^63 - 1), else of type object.
"""

import struct
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xaynet_pet.bincode import Reader, u64
from xaynet_pet.errors import DecodeError
from xaynet_pet.keys import Buffer

Integers = NDArray[Any]

INT64_MAX = (1 << 63) - 1

_HEAD_BYTES = 9
_BLOCK = 1 << 14
_DIGIT_COUNT = struct.Struct("<Q")
_HEAD = np.dtype([("sign", "i1"), ("digits", "<u8")])


def narrow(numerators: Integers, denominators: Integers) -> tuple[Integers, Integers]:
    """The same integers as int64 if all of them fit."""
    for values in (numerators, denominators):
        if values.dtype == np.object_ and values.size and np.abs(values).max() > INT64_MAX:
            return numerators.astype(np.object_), denominators.astype(np.object_)
    return numerators.astype(np.int64, copy=False), denominators.astype(np.int64, copy=False)


def encode(numerators: Integers, denominators: Integers) -> bytes:
    """The body of a sequence of rationals."""
    starts = range(0, len(numerators), _BLOCK)
    parts = [slice(start, start + _BLOCK) for start in starts]
    records = (_encode_block(numerators[part], denominators[part]) for part in parts)
    return b"".join([u64(len(numerators)), *records])


def _encode_block(numerators: Integers, denominators: Integers) -> bytes:
    """Writes all integers with room for the longest, then drops the bytes not needed."""
    halves = _padded(numerators), _padded(denominators)
    table = np.concatenate([records for records, _ in halves], axis=1)
    is_used = np.concatenate([used for _, used in halves], axis=1)
    return table[is_used].tobytes()


def _padded(values: Integers) -> tuple[NDArray[np.uint8], NDArray[np.bool]]:
    """One integer per row, zero-padded digits; and which bytes of the row belong to it."""
    words = _magnitudes(values)
    count = words.shape[1]
    lengths = count - (words[:, ::-1] != 0).argmax(axis=1)
    lengths[~words.any(axis=1)] = 0
    table = np.zeros((len(values), _HEAD_BYTES + 4 * count), np.uint8)
    head = np.ndarray((len(values),), _HEAD, table.data, 0, (table.shape[1],))
    head["sign"], head["digits"] = _signs(values), lengths
    table[:, _HEAD_BYTES:] = words.view(np.uint8).reshape(len(values), -1)
    is_used = np.arange(table.shape[1]) < (_HEAD_BYTES + 4 * lengths)[:, np.newaxis]
    return table, is_used


def _signs(values: Integers) -> NDArray[np.int8]:
    return (values > 0).astype(np.int8) - (values < 0).astype(np.int8)


def _magnitudes(values: Integers) -> NDArray[np.uint32]:
    """The digits of the absolute values, one row each."""
    magnitudes = np.abs(values)
    if magnitudes.dtype != np.object_:
        return magnitudes.view(np.uint32).reshape(-1, 2)
    digits = max(int(magnitudes.max()).bit_length() + 31, 32) // 32
    data = b"".join(value.to_bytes(4 * digits, "little") for value in magnitudes.tolist())
    return np.frombuffer(data, np.uint32).reshape(-1, digits)


def decode(body: Buffer) -> tuple[Integers, Integers]:
    """The rationals of a body, as they are written; raises DecodeError, for 1/0 too."""
    reader = Reader(body)
    count = reader.count(at_least=2 * _HEAD_BYTES)
    data = reader.raw(reader.left)
    blocks = [_decode_block(data, starts) for starts in _starts(data, count)]
    values = np.concatenate([np.empty(0, np.int64), *blocks])
    numerators, denominators = values[0::2], values[1::2]
    if (denominators == 0).any():
        raise DecodeError("a rational has the denominator zero")
    return narrow(numerators, denominators)


def _starts(data: memoryview, count: int) -> Iterator[list[int]]:
    """Where the integers of each block of rationals start, and where the last one ends."""
    position, unpack = 0, _DIGIT_COUNT.unpack_from
    for done in range(0, count, _BLOCK):
        starts: list[int] = []
        try:
            for _ in range(2 * min(_BLOCK, count - done)):
                starts.append(position)
                position += _HEAD_BYTES + 4 * unpack(data, position + 1)[0]
        except (struct.error, OverflowError):
            raise DecodeError("a sequence of rationals ends too early") from None
        if position > len(data):
            raise DecodeError("a sequence of rationals ends within an integer")
        yield [*starts, position]


def _decode_block(data: memoryview, starts: list[int]) -> Integers:
    bounds = np.array(starts)
    lengths = np.diff(bounds)
    signs = np.frombuffer(data, np.int8)[bounds[:-1]]
    if (np.abs(signs) > 1).any():
        raise DecodeError("an integer's sign is none of -1, 0 and 1")
    if lengths.max() > _HEAD_BYTES + 8:
        return _decode_wide(data, starts, signs)
    # A padded copy: integers are read in words of 64 bits, which may reach beyond the block.
    block = bytes(data[starts[0] : starts[-1]]) + bytes(8)
    words = np.ndarray((len(block) - 7,), "<u8", block, 0, (1,))
    found = words[bounds[:-1] - starts[0] + _HEAD_BYTES]
    found &= _LOW_BITS[(lengths - _HEAD_BYTES) // 4]
    if found.max() > INT64_MAX:
        return _decode_wide(data, starts, signs)
    return found.view(np.int64) * signs


_LOW_BITS = np.array([0, (1 << 32) - 1, (1 << 64) - 1], np.uint64)


def _decode_wide(data: memoryview, starts: list[int], signs: NDArray[np.int8]) -> Integers:
    found = [
        int.from_bytes(data[start + _HEAD_BYTES : end], "little") for start, end in pairwise(starts)
    ]
    return np.array(found, np.object_) * signs.astype(np.object_)
