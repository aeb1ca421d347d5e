"""Vectors of big non-negative integers as numpy arrays.

A vector of n integers is an array of shape (k, n) and type uint64: row j holds the j-th limb of
64 bits of every integer, the least significant first. k is chosen so that the sum of two integers
below the group order still fits (`limb_count`); with the common configurations k is 1.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from xaynet_pet.keys import Buffer

Limbs = NDArray[np.uint64]

_BLOCK_BYTES = 1 << 19
_WORD = (1 << 64) - 1


def limb_count(order: int) -> int:
    """Limbs that hold the sum of two integers below `order`."""
    return order.bit_length() // 64 + 1


def split(value: int, count: int) -> list[int]:
    """The limbs of one integer."""
    return [value >> 64 * j & _WORD for j in range(count)]


def from_integers(values: Sequence[int], count: int) -> Limbs:
    width = 8 * count
    data = b"".join(value.to_bytes(width, "little") for value in values)
    rows = np.frombuffer(data, np.uint64).reshape(len(values), count)
    return rows.T.copy()


def to_integers(limbs: Limbs) -> list[int]:
    width = 8 * limbs.shape[0]
    data = np.ascontiguousarray(limbs.T).tobytes()
    return [
        int.from_bytes(data[i : i + width], "little")
        for i in range(0, width * limbs.shape[1], width)
    ]


def blocks(length: int, bytes_each: int) -> Iterable[slice]:
    """Slices of a vector that fit in the processor's cache, so that many passes stay cheap."""
    step = max(1, _BLOCK_BYTES // bytes_each)
    return (slice(start, min(start + step, length)) for start in range(0, length, step))


def unpack(data: Buffer, length: int, width: int, count: int) -> Limbs:
    """Reads `length` integers of `width` bytes, little endian, from the start of `data`.

    At least 7 bytes must follow the last one: numbers are read in whole limbs.
    """
    limbs = np.empty((count, length), np.uint64)
    limbs[(width + 7) // 8 :] = 0
    for block in blocks(length, width):
        for j in range(min(count, (width + 7) // 8)):
            offset = block.start * width + 8 * j
            shape = (block.stop - block.start,)
            words = np.ndarray(shape, "<u8", data, offset, (width,))
            keep = np.uint64((1 << 8 * min(8, width - 8 * j)) - 1)
            np.bitwise_and(words, keep, out=limbs[j, block])
    return limbs


def pack(limbs: Limbs, width: int) -> NDArray[np.uint8]:
    """The integers as `width` bytes each, little endian: n * width bytes."""
    length = limbs.shape[1]
    packed = np.empty(length * width, np.uint8)
    for block in blocks(length, width):
        for offset in range(0, width, 8):
            _pack_limb(limbs[offset // 8, block], packed, block.start * width + offset, width)
    return packed


def _pack_limb(words: Limbs, packed: NDArray[np.uint8], offset: int, width: int) -> None:
    """Writes the low bytes of one limb in pieces whose sizes are powers of two."""
    end, shift = min(8, width - offset % width), 0
    for size in (8, 4, 2, 1):
        if end & size:
            target = np.ndarray(words.shape, f"<u{size}", packed.data, offset + shift, (width,))
            source = words >> np.uint64(8 * shift) if shift else words
            np.copyto(target, source, casting="unsafe")
            shift += size


def below(limbs: Limbs, bound: int) -> NDArray[np.bool]:
    """Which integers are below `bound`."""
    top = len(limbs) - 1
    rows, limit = limbs[top], bound >> 64 * top
    if limit > _WORD:
        return np.full(len(rows), True)
    smaller: NDArray[np.bool] = rows < limit
    if top:
        equal = np.flatnonzero(rows == limit)
        smaller[equal] = below(limbs[:top, equal], bound & (1 << 64 * top) - 1)
    return smaller


def all_below(limbs: Limbs, bound: int) -> bool:
    length = limbs.shape[1]
    return all(below(limbs[:, part], bound).all() for part in blocks(length, 8 * len(limbs)))


def add(total: Limbs, other: Limbs) -> None:
    """total += other, in place; the sums must fit in the limbs."""
    for part in blocks(total.shape[1], 16 * len(total)):
        add_rows(total[:, part], other[:, part])


def add_rows(total: Limbs, addends: Iterable[NDArray[np.uint64] | int]) -> None:
    """Adds to each row its addend, a row or a constant, with carries; modulo 2^(64·k)."""
    carry: NDArray[np.bool] | None = None
    for row, addend in zip(total, addends, strict=True):
        np.add(row, addend, out=row)
        if len(total) == 1:
            return
        overflow = row < addend
        if carry is not None:
            np.add(row, carry, out=row)
            overflow |= row < carry
        carry = overflow


def reduce(limbs: Limbs, modulus: int) -> None:
    """Subtracts `modulus` in place from the integers that are not below it, once."""
    for part in blocks(limbs.shape[1], 16 * len(limbs)):
        block = limbs[:, part]
        if len(block) == 1:
            # Below the modulus the difference wraps around to something bigger.
            np.minimum(block, block - np.uint64(modulus), out=block)
            continue
        difference, borrow = _difference(block, split(modulus, len(block)))
        np.copyto(block, difference, where=~borrow)


def subtract(total: Limbs, other: Limbs, modulus: int) -> Limbs:
    """total - other modulo `modulus`; both must be below it."""
    result = np.empty_like(total)
    for part in blocks(total.shape[1], 16 * len(total)):
        difference, borrow = _difference(total[:, part], other[:, part])
        if len(total) == 1:
            # A negative difference has wrapped around to something bigger than with the modulus.
            np.minimum(difference, difference + np.uint64(modulus), out=result[:, part])
            continue
        add_rows(difference, [borrow * np.uint64(word) for word in split(modulus, len(total))])
        result[:, part] = difference
    return result


def _difference(
    rows: Limbs, subtrahends: Iterable[NDArray[np.uint64] | int]
) -> tuple[Limbs, NDArray[np.bool]]:
    """The differences modulo 2^(64·k), and which of them are negative."""
    result = np.empty_like(rows)
    borrow = np.zeros(rows.shape[1], np.bool)
    for row, subtrahend, out in zip(rows, subtrahends, result, strict=True):
        np.subtract(row, subtrahend, out=out)
        if len(rows) > 1:
            underflow = row < subtrahend
            underflow |= out < borrow
            np.subtract(out, borrow, out=out)
            borrow = underflow
    return result, borrow
