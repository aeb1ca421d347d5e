"""Uniform random integers below a group order, drawn from a seed (protocol §4.3).

The seed is the key of a ChaCha20 keystream (64-bit counter from 0, nonce 0). A draw takes as many
bytes as the order itself has, rounded up to whole 32-bit words of the stream, and is repeated
until the integer is below the order. That rejection is what takes the time: with the order 45 bits
long and 6 bytes per draw only 7 % of the draws are accepted.
"""

import math

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms
from numpy.typing import NDArray

from xaynet_pet import limbs
from xaynet_pet.errors import InvalidKey
from xaynet_pet.keys import SEED_BYTES
from xaynet_pet.limbs import Limbs

_BLOCK_BYTES = 1 << 18
_NONCE = bytes(16)
_ZEROS = memoryview(bytes(_BLOCK_BYTES))


class Keystream:
    """The stream of one seed; raises InvalidKey unless the seed has 32 bytes."""

    def __init__(self, seed: bytes) -> None:
        if len(seed) != SEED_BYTES:
            raise InvalidKey(f"a mask seed has {SEED_BYTES} bytes, not {len(seed)}")
        self._cipher = Cipher(algorithms.ChaCha20(seed, _NONCE), mode=None).encryptor()

    def read(self, count: int) -> bytes:
        return self._cipher.update(bytes(count))

    def draw_integer(self, order: int) -> int:
        """One integer below `order`."""
        size, padded = _draw_size(order)
        while True:
            value = int.from_bytes(self.read(padded)[:size], "little")
            if value < order:
                return value

    def draw_vector(self, order: int, length: int) -> Limbs:
        """`length` integers below `order`; the stream is read further than they need."""
        drawn = np.empty((limbs.limb_count(order), length), np.uint64)
        attempts = _Attempts(order, length)
        buffer = attempts.words.data.cast("B")
        done = 0
        while done < length:
            self._cipher.update_into(_ZEROS[: len(buffer)], buffer)
            accepted = attempts.accepted()[:, : length - done]
            drawn[:, done : done + accepted.shape[1]] = accepted
            done += accepted.shape[1]
        return drawn


def _draw_size(order: int) -> tuple[int, int]:
    """Bytes of one draw, without and with the padding to whole words."""
    size = (order.bit_length() + 7) // 8
    return size, (size + 3) // 4 * 4


class _Attempts:
    """A block of the stream as a table of draws, one per row. Its arrays are used again and again.

    Fresh ones of this size would come from the system page by page, at the price of the keystream.
    """

    def __init__(self, order: int, length: int) -> None:
        self._order = order
        size, padded = _draw_size(order)
        expected = length * (1 << 8 * size) // order
        count = max(1, min(_BLOCK_BYTES // padded, expected + math.isqrt(expected)))
        self._top_mask = (1 << 8 * (size - padded + 4)) - 1
        self.words = np.empty((count, padded // 4), np.uint32)
        surplus = _surplus_flags(count, order / (1 << 8 * size))
        self._flags = np.ones(count + surplus, np.bool)
        self._is_low = self._flags[:count]
        self._values = np.empty(count, np.uint64)

    def accepted(self) -> Limbs:
        """The draws below the order, as limbs."""
        return self._accepted_pairs() if self.words.shape[1] == 2 else self._accepted_wide()

    def _accepted_pairs(self) -> Limbs:
        mask = np.uint64(self._top_mask << 32 | 0xFFFFFFFF)
        values = np.bitwise_and(self.words.view(np.uint64)[:, 0], mask, out=self._values)
        np.less(values, np.uint64(self._order), out=self._is_low)
        return values.take(self._low_rows())[np.newaxis]

    def _accepted_wide(self) -> Limbs:
        """Looks at the top word first; only the rows it does not refuse become limbs."""
        last = self.words.shape[1] - 1
        top = self.words[:, last] & np.uint32(self._top_mask)
        np.less_equal(top, np.uint32(self._order >> 32 * last), out=self._is_low)
        candidates = self._as_limbs(self.words.take(self._low_rows(), axis=0))
        keep = limbs.below(candidates, self._order)
        return candidates if keep.all() else candidates[:, keep]

    def _low_rows(self) -> NDArray[np.int64]:
        found = np.flatnonzero(self._flags)
        return found[: len(found) - len(self._flags) + len(self._is_low)]

    def _as_limbs(self, rows: NDArray[np.uint32]) -> Limbs:
        count, words = limbs.limb_count(self._order), rows.shape[1]
        padded = np.zeros((len(rows), 2 * count), np.uint32)
        padded[:, :words] = rows
        padded[:, words - 1] &= np.uint32(self._top_mask)
        return np.ascontiguousarray(padded.view(np.uint64).T)


def _surplus_flags(count: int, accepted: float) -> int:
    """How many true flags to add to those of `count` draws.

    Below 10 % of true flags numpy looks for them one by one, which costs a mispredicted branch
    each: about 30 % of the time when 7 % are true. A true tail takes it the other, branchless way.
    """
    return math.ceil(count * (0.11 - accepted) / 0.89) if 0.04 < accepted < 0.11 else 0
