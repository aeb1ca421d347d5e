"""The global model: exact rational weights (protocol §2.2, §4.6, §4.7)."""

from collections.abc import Iterable
from contextlib import suppress
from fractions import Fraction
from typing import Self

import numpy as np
from numpy.typing import DTypeLike

from xaynet_pet import big_integers, limbs, primitives
from xaynet_pet.big_integers import INT64_MAX, Integers
from xaynet_pet.errors import ModelConversionError
from xaynet_pet.keys import Buffer
from xaynet_pet.limbs import Limbs
from xaynet_pet.mask_config import DataType
from xaynet_pet.weights import PRIMITIVES, Primitive, Weights


class Model:
    """Rational weights as two vectors; immutable.

    Models that came from unmasking are reduced; those read from bytes are kept as they were
    written, because conversion to floats depends on it.
    """

    __slots__ = ("denominators", "numerators")

    numerators: Integers
    """int64, or Python integers if any of both vectors is beyond ±(2^63 - 1)."""
    denominators: Integers
    """Of the same type as `numerators`; never zero."""

    def __init__(self, numerators: Integers, denominators: Integers) -> None:
        self.numerators = numerators
        self.denominators = denominators

    @classmethod
    def from_fractions(cls, fractions: Iterable[Fraction]) -> Self:
        ratios = [fraction.as_integer_ratio() for fraction in fractions]
        table = np.array(ratios, np.object_).reshape(len(ratios), 2)
        return cls(*big_integers.narrow(table[:, 0], table[:, 1]))

    @classmethod
    def from_elements(cls, elements: Limbs, offset: int, factor: int, divisor: int) -> Self:
        """Weights (element - offset)·factor/divisor, reduced. Uses up `elements`.

        Elements are at most twice the offset; factor and divisor are positive and coprime.
        """
        if max(offset * factor, divisor) <= INT64_MAX:
            numerators: Integers = elements[0].view(np.int64)
        else:
            numerators = np.array(limbs.to_integers(elements), np.object_)
        denominators = np.empty_like(numerators)
        for part in limbs.blocks(len(numerators), 32):
            block = numerators[part]
            block -= offset
            block *= factor
            common = np.gcd(block, divisor)
            np.floor_divide(block, common, out=block)
            np.floor_divide(divisor, common, out=denominators[part])
        return cls(*big_integers.narrow(numerators, denominators))

    @property
    def length(self) -> int:
        return len(self.numerators)

    def fractions(self) -> list[Fraction]:
        """The weights as reduced fractions."""
        pairs = zip(self.numerators.tolist(), self.denominators.tolist(), strict=True)
        return [Fraction(numerator, denominator) for numerator, denominator in pairs]

    def to_array(self, dtype: DTypeLike | DataType | str) -> Weights:
        """The weights as f32, f64, i32 or i64: by these names, as DataType, or as numpy type.

        Raises ModelConversionError for other types, and if a weight is out of range.
        """
        kind = _primitive(dtype)
        if kind.kind == "i":
            return primitives.to_integers(self.numerators, self.denominators, kind)
        return primitives.to_floats(self.numerators, self.denominators, kind)

    def to_bytes(self) -> bytes:
        """The body of GET /model, and the object in the model store."""
        return big_integers.encode(self.numerators, self.denominators)

    @classmethod
    def from_bytes(cls, body: Buffer) -> Self:
        """Unreduced fractions and negative denominators are accepted; raises DecodeError."""
        return cls(*big_integers.decode(body))

    def __eq__(self, other: object) -> bool:
        """Whether the same numerators and denominators are written."""
        if not isinstance(other, Model):
            return NotImplemented
        same = np.array_equal(self.numerators, other.numerators)
        return same and np.array_equal(self.denominators, other.denominators)

    __hash__ = None  # pyright: ignore[reportAssignmentType]  # equal by content, like an array

    def __repr__(self) -> str:
        return f"Model(length={self.length})"


def _primitive(dtype: DTypeLike | DataType | str) -> Primitive:
    for data_type, kind in PRIMITIVES.items():
        if isinstance(dtype, str) and dtype.upper() == data_type:
            return kind
    with suppress(TypeError):
        found = np.dtype(dtype)
        if found in PRIMITIVES.values():
            return found
    raise ModelConversionError(f"weights are converted to f32, f64, i32 or i64, not {dtype!r}")
