"""Weights as elements of the group: floor((clamp(s·w) + A)·E), exactly (protocol §4.4).

A·E is an integer, so this is A·E + floor(c·w) with c = s·E, kept within 0 and 2·A·E by the clamp.
A weight w is M·2^e with integers M and e (e = 0 for integer weights), the constant c is R/2^t. So

    c·w = M·R / 2^(t - e)

is the product of a short integer and a constant, shifted right by its own distance for each
weight; in two's complement such a shift rounds down. If the denominator of c is a power of two, as
with every scalar that is a float, this is exact. Else R/2^t approximates c from below with so many
bits that c·w is too small by less than 2^-64, and the few weights whose next 64 bits are all zeros
or all ones are computed again with rationals.
"""

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from xaynet_pet import limbs
from xaynet_pet.limbs import Limbs
from xaynet_pet.mask_config import MaskConfig
from xaynet_pet.weights import Primitive, Weights

Integers = NDArray[np.int64]

_BLOCK = 1 << 13
_GUARD_BITS = 64
_MOST_DOUBT = 2.0**-6
_HALF = 32
_HALF_MASK = (1 << _HALF) - 1


def to_fixed_point(weights: Weights, scalar: Fraction, config: MaskConfig) -> Limbs:
    """The elements of scaled weights before masking, shape (limbs, length), all at most 2·A·E.

    `scalar` is not negative.
    """
    count = limbs.limb_count(config.order)
    bound = int(config.add_shift * config.exp_shift)
    result = np.empty((count, len(weights)), np.uint64)
    if not scalar:
        result[:] = np.array(limbs.split(bound, count), np.uint64)[:, np.newaxis]
        return result
    scaling = _Scaling.of(weights.dtype, scalar, config)
    estimate = _Estimate.of(weights.dtype, scaling.constant, bound)
    for start in range(0, len(weights), _BLOCK):
        part, out = weights[start : start + _BLOCK], result[:, start : start + _BLOCK]
        if estimate is None:
            _convert(part, scaling, bound, out)
        elif (doubtful := estimate.convert(part, out)).size:
            exact = np.empty((count, len(doubtful)), np.uint64)
            _convert(part[doubtful], scaling, bound, exact)
            out[:, doubtful] = exact
    return result


def _convert(weights: Weights, scaling: "_Scaling", bound: int, out: Limbs) -> None:
    high, low = weights >= scaling.saturation, weights <= -scaling.saturation
    mantissas, exponents = _decompose(np.where(high | low, np.zeros_like(weights), weights))
    scaling.scale(mantissas, exponents, out)
    limbs.add_rows(out, limbs.split(bound, len(out)))
    for word, row in zip(limbs.split(2 * bound, len(out)), out, strict=True):
        row[high], row[low] = word, 0


@dataclass(frozen=True, slots=True)
class _Estimate:
    """c·w in double precision: most elements of f32 weights follow from it without any doubt.

    If the odd parts of c and of the weights have 53 bits together, the product is even exact. Else
    it is off by less than 2^-51 of the bound, and in doubt that near to a whole number.
    """

    factor: float
    bound: int
    tolerance: float
    """0 if the product is exact."""

    @classmethod
    def of(cls, dtype: Primitive, constant: Fraction, bound: int) -> "_Estimate | None":
        """None where double precision cannot tell enough."""
        if dtype != np.float32 or not Fraction(1, 2**500) < constant < 2**500:
            return None
        odd_part = constant.numerator >> _twos(constant.numerator)
        if odd_part.bit_length() <= 29 and _is_power_of_two(constant.denominator):
            tolerance = 0.0
        else:
            tolerance = math.ldexp(bound, -51)
        if tolerance > _MOST_DOUBT or bound >= 1 << 62 or float(bound) != bound:
            return None
        return cls(float(constant), bound, tolerance)

    def convert(self, weights: Weights, out: Limbs) -> NDArray[np.int64]:
        """Writes the elements; gives the indices of those that are in doubt."""
        products = np.multiply(weights, self.factor, dtype=np.float64)
        np.clip(products, -self.bound, self.bound, out=products)
        np.add(np.floor(products).astype(np.int64), self.bound, out=out[0].view(np.int64))
        out[1:] = 0
        if not self.tolerance:
            return np.empty(0, np.int64)
        distances = np.abs(products - np.rint(products))
        return np.flatnonzero(distances <= self.tolerance)


def _decompose(weights: Weights) -> tuple[Integers, Integers]:
    """M and e of each weight, M·2^e; the largest M of floats has all the bits of the type."""
    if weights.dtype.kind == "i":
        return weights.astype(np.int64), np.zeros(len(weights), np.int64)
    fraction_bits = np.finfo(weights.dtype).nmant
    bits = weights.view(f"u{weights.dtype.itemsize}").astype(np.int64)
    exponents = bits >> fraction_bits & 2 * np.finfo(weights.dtype).maxexp - 1
    mantissas = bits & (1 << fraction_bits) - 1
    mantissas |= np.minimum(exponents, 1) << fraction_bits
    np.negative(mantissas, out=mantissas, where=np.signbit(weights))
    # Denormal weights have the exponent of the smallest normal ones.
    np.maximum(exponents, 1, out=exponents)
    return mantissas, exponents - (np.finfo(weights.dtype).maxexp - 1 + fraction_bits)


@dataclass(frozen=True, slots=True)
class _Scaling:
    """Multiplication by c = s·E, for weights of one type."""

    constant: Fraction
    """c."""
    saturation: np.float64 | int
    """The smallest weight whose product the clamp takes to A; may be infinite."""
    mantissa_bits: int
    """Bits of M, without the sign."""
    factor: int
    """R."""
    shift: int
    """t, at least e for every weight below saturation."""
    is_exact: bool
    """Whether R/2^t = c."""

    @classmethod
    def of(cls, dtype: Primitive, scalar: Fraction, config: MaskConfig) -> "_Scaling":
        constant = scalar * config.exp_shift
        limit = config.add_shift / scalar
        if dtype.kind == "i":
            saturation, bits, largest = math.ceil(limit), 8 * dtype.itemsize, 0
        else:
            saturation, bits = _at_least(limit), np.finfo(dtype).nmant + 1
            largest = _largest_exponent(saturation, dtype)
        twos = _twos(constant.numerator) - _twos(constant.denominator)
        is_exact = _is_power_of_two(constant.denominator)
        shift = max(-twos, largest) if is_exact else largest + bits + _GUARD_BITS
        factor = math.floor(constant * Fraction(2) ** shift)
        return cls(constant, saturation, bits, factor, shift, is_exact)

    def scale(self, mantissas: Integers, exponents: Integers, out: Limbs) -> None:
        """floor(c·M·2^e) of each weight in two's complement, to the rows of `out`."""
        product = self._product(mantissas)
        distances = self.shift - exponents
        if self.is_exact:
            _shift_right(product, distances, out)
            return
        extended = np.empty((len(out) + 1, len(mantissas)), np.uint64)
        _shift_right(product, distances - _GUARD_BITS, extended)
        out[:] = extended[1:]
        is_doubtful = (extended[0] + np.uint64(1) <= 1) & (mantissas != 0)
        for i in np.flatnonzero(is_doubtful):
            scaled = self.constant * int(mantissas[i]) * Fraction(2) ** int(exponents[i])
            out[:, i] = limbs.split(math.floor(scaled), len(out))

    def _product(self, mantissas: Integers) -> Limbs:
        """M·R in two's complement, with a row of sign bits at the end."""
        count = (self.mantissa_bits + self.factor.bit_length()) // 64 + 1
        pieces = self._pieces(mantissas)
        product = np.empty((count + 1, len(mantissas)), np.int64)
        carry: Integers | int = 0
        for row in range(count):
            low = _column(pieces, 64 * row, carry)
            high = _column(pieces, 64 * row + _HALF, low >> _HALF)
            np.bitwise_or(low & _HALF_MASK, high << _HALF, out=product[row])
            carry = high >> _HALF
        np.right_shift(product[count - 1], 63, out=product[count])
        return product.view(np.uint64)

    def _pieces(self, mantissas: Integers) -> list[tuple[Integers, int]]:
        """M in pieces short enough that the products of a column cannot overflow.

        Each with the factor it stands for: M·R is the sum of the products. The last has the sign.
        """
        count = -(-self.mantissa_bits // 28)
        width = -(-self.mantissa_bits // count)
        pieces: list[tuple[Integers, int]] = []
        for i in range(count - 1):
            piece = mantissas >> i * width & (1 << width) - 1
            pieces.append((piece, self.factor << i * width))
        top = (count - 1) * width
        return [*pieces, (mantissas >> top, self.factor << top)]


def _column(pieces: list[tuple[Integers, int]], position: int, carry: Integers | int) -> Integers:
    """Sum of the products with the 32 bits of the factors at a position."""
    first, factor = pieces[0]
    total = first * (factor >> position & _HALF_MASK)
    total += carry
    for piece, factor in pieces[1:]:
        total += piece * (factor >> position & _HALF_MASK)
    return total


def _shift_right(numbers: Limbs, distances: Integers, out: Limbs) -> None:
    """Arithmetic shift of two's complement numbers, each by its own distance >= 0.

    The last row of `numbers` holds sign bits and stands for all that would follow.
    """
    length, last = len(distances), len(numbers) - 1
    rows, bits = distances >> 6, (distances & 63).astype(np.uint64)
    columns = np.arange(length)
    flat = numbers.reshape(-1)
    low = flat.take(np.minimum(rows, last) * length + columns)
    for j, target in enumerate(out, 1):
        high = flat.take(np.minimum(rows + j, last) * length + columns)
        # numpy defines a shift by 64 bits as zero.
        np.bitwise_or(low >> bits, high << (np.uint64(64) - bits), out=target)
        low = high


def _at_least(limit: Fraction) -> np.float64:
    """The smallest float that is not less."""
    try:
        nearest = float(limit)
    except OverflowError:
        return np.float64(math.inf)
    return np.float64(nearest if nearest >= limit else math.nextafter(nearest, math.inf))


def _largest_exponent(saturation: float, dtype: Primitive) -> int:
    """The largest e of M·2^e for floats below saturation."""
    info = np.finfo(dtype)
    if saturation > info.max:
        return info.maxexp - info.nmant - 1
    return max(math.frexp(saturation)[1] - 1, info.minexp) - info.nmant


def _is_power_of_two(value: int) -> bool:
    return value & value - 1 == 0


def _twos(value: int) -> int:
    """How often 2 divides a positive integer."""
    return (value & -value).bit_length() - 1
