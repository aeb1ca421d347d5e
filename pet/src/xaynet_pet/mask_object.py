"""Mask objects: masked models and masks, one form for both (protocol §4.2).

On the wire:  vect config 4 ‖ count u32 BE ‖ count elements ‖ unit config 4 ‖ one element
An element takes its configuration's `bytes_per_number`, little endian.
"""

import struct
from collections.abc import Sequence
from typing import Self

import numpy as np

from xaynet_pet import limbs
from xaynet_pet.errors import DecodeError, MaskConfigError
from xaynet_pet.keys import Buffer
from xaynet_pet.limbs import Limbs
from xaynet_pet.mask_config import MaskConfig, MaskConfigPair

_HEAD_BYTES = 8
_CONFIG_BYTES = 4


class MaskObject:
    """Elements of the group: a vector (of weights) and a unit (of the scalar).

    Immutable. An object read from bytes keeps the packed elements and unpacks them once, when
    they are first needed; until then it holds on to the buffer it was read from.
    """

    __slots__ = ("_in_range", "_packed", "_vect", "length", "pair", "unit")

    pair: MaskConfigPair
    length: int
    unit: int

    def __init__(self, pair: MaskConfigPair, vect: Limbs, unit: int) -> None:
        """`vect` has shape (limbs, length), see `xaynet_pet.limbs`; it must not change later."""
        self.pair = pair
        self.length = vect.shape[1]
        self.unit = unit
        self._vect: Limbs | None = vect
        self._packed: memoryview | None = None
        self._in_range: bool | None = None

    @classmethod
    def from_integers(cls, pair: MaskConfigPair, vect: Sequence[int], unit: int) -> Self:
        return cls(pair, limbs.from_integers(vect, limbs.limb_count(pair.vect.order)), unit)

    @property
    def vect(self) -> Limbs:
        """The vector's elements, shape (limbs, length): row j holds bits 64·j to 64·j + 63."""
        packed = self._packed
        if packed is not None:
            config = self.pair.vect
            count = limbs.limb_count(config.order)
            self._vect = limbs.unpack(packed, self.length, config.bytes_per_number, count)
            self._packed = None
        assert self._vect is not None
        return self._vect

    def integers(self) -> list[int]:
        """The vector's elements as Python integers."""
        return limbs.to_integers(self.vect)

    def in_range(self) -> bool:
        """Whether every element is below its group's order; looked up once."""
        if self._in_range is None:
            vect, unit = self.pair.vect.order, self.pair.unit.order
            self._in_range = self.unit < unit and limbs.all_below(self.vect, vect)
        return self._in_range

    @property
    def size(self) -> int:
        """Bytes of the serialized object."""
        vect, unit = self.pair.vect.bytes_per_number, self.pair.unit.bytes_per_number
        return _HEAD_BYTES + self.length * vect + _CONFIG_BYTES + unit

    def to_bytes(self) -> bytes:
        head = self.pair.vect.to_bytes() + struct.pack(">I", self.length)
        elements = limbs.pack(self.vect, self.pair.vect.bytes_per_number)
        unit = self.unit.to_bytes(self.pair.unit.bytes_per_number, "little")
        return b"".join((head, elements.data, self.pair.unit.to_bytes(), unit))

    @classmethod
    def from_bytes(cls, data: Buffer) -> Self:
        """Reads an object from the start of `data` without copying; what follows is ignored.

        Elements are not compared with the order (see `in_range`). Raises DecodeError.
        """
        view = memoryview(data)
        vect = _config(view, 0)
        if len(view) < _HEAD_BYTES:
            raise DecodeError("a mask object ends before its number of elements")
        length = int.from_bytes(view[_CONFIG_BYTES:_HEAD_BYTES], "big")
        end = _HEAD_BYTES + length * vect.bytes_per_number
        unit = _config(view, end)
        size = end + _CONFIG_BYTES + unit.bytes_per_number
        if len(view) < size:
            raise DecodeError(f"a mask object of {size} bytes ends after {len(view)}")
        element = int.from_bytes(view[end + _CONFIG_BYTES : size], "little")
        return cls._packed_in(MaskConfigPair(vect, unit), view[_HEAD_BYTES:size], length, element)

    @classmethod
    def _packed_in(cls, pair: MaskConfigPair, packed: memoryview, length: int, unit: int) -> Self:
        this = cls.__new__(cls)
        this.pair, this.length, this.unit = pair, length, unit
        this._vect, this._packed, this._in_range = None, packed, None
        return this

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, MaskObject):
            return NotImplemented
        same = self.pair == other.pair and self.unit == other.unit
        return same and np.array_equal(self.vect, other.vect)

    __hash__ = None  # pyright: ignore[reportAssignmentType]  # equal by content, like an array

    def __repr__(self) -> str:
        return f"MaskObject({self.pair}, length={self.length})"


def _config(view: memoryview, offset: int) -> MaskConfig:
    try:
        return MaskConfig.from_bytes(view[offset : offset + _CONFIG_BYTES])
    except MaskConfigError as error:
        raise DecodeError(f"a mask object's configuration is invalid: {error}") from None
