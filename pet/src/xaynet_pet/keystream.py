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
        drawn = np.zeros((limbs.limb_count(order), length), np.uint64)
        attempts = _Attempts(order, length)
        done = 0
        while done < length:
            self._cipher.update_into(attempts.zeros, attempts.buffer.data.cast("B"))
            accepted = attempts.accepted()[:, : length - done]
            drawn[:, done : done + accepted.shape[1]] = accepted
            done += accepted.shape[1]
        return drawn


def _draw_size(order: int) -> tuple[int, int]:
    """Bytes of one draw, without and with the padding to whole words."""
    size = (order.bit_length() + 7) // 8
    return size, (size + 3) // 4 * 4


class _Attempts:
    """A block of the stream as a table of draws, one per row."""

    def __init__(self, order: int, length: int) -> None:
        self._order = order
        size, padded = _draw_size(order)
        expected = length * (1 << 8 * size) // order
        rows = min(_BLOCK_BYTES // padded, expected + math.isqrt(expected) + 1)
        self._words = padded // 4
        self._top_mask = (1 << 8 * (size - padded + 4)) - 1
        self.buffer = np.empty((rows, self._words), np.uint32)
        self.zeros = bytes(4 * self.buffer.size)

    def accepted(self) -> Limbs:
        """The draws below the order, as limbs."""
        if self._words == 2:
            values = self.buffer.view(np.uint64)[:, 0] & np.uint64(
                self._top_mask << 32 | 0xFFFFFFFF
            )
            below = np.flatnonzero(values < np.uint64(self._order))
            return values.take(below)[np.newaxis]
        return self._accepted_wide()

    def _accepted_wide(self) -> Limbs:
        """Looks at the top word first; only the rows it does not refuse are made limbs."""
        last = self._words - 1
        top = self.buffer[:, last] & np.uint32(self._top_mask)
        rows = np.flatnonzero(top <= np.uint32(self._order >> 32 * last))
        candidates = self._as_limbs(self.buffer[rows])
        keep = limbs.below(candidates, self._order)
        return candidates if keep.all() else candidates[:, keep]

    def _as_limbs(self, rows: NDArray[np.uint32]) -> Limbs:
        count = limbs.limb_count(self._order)
        padded = np.zeros((len(rows), 2 * count), np.uint32)
        padded[:, : self._words] = rows
        padded[:, self._words - 1] &= np.uint32(self._top_mask)
        return np.ascontiguousarray(padded.view(np.uint64).T)
