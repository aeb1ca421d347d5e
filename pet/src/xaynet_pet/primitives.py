"""Exact rationals as numbers of a primitive type (protocol §4.7).

    i32, i64   truncated towards zero
    f32, f64   float(numerator) / float(denominator), so rounded up to five times; where that is
               not finite, the nearest float (the reference would not return)

float(integer) keeps the 64 most significant bits and rounds these to the nearest float. Vectors
are as in `big_integers`: of type int64, or of Python integers.
"""

import math
from fractions import Fraction
from typing import Any

import numpy as np

from xaynet_pet.big_integers import Integers
from xaynet_pet.errors import ModelConversionError
from xaynet_pet.weights import Primitive, Weights

_MANTISSA_BITS = 64


def to_integers(numerators: Integers, denominators: Integers, kind: Primitive) -> Weights:
    """Truncated quotients; raises ModelConversionError where one is out of range."""
    quotients = np.abs(numerators) // np.abs(denominators)
    quotients *= np.where((numerators < 0) != (denominators < 0), -1, 1)
    limits = np.iinfo(kind)
    if ((quotients < int(limits.min)) | (quotients > int(limits.max))).any():
        raise ModelConversionError(f"a weight is out of the range of {kind}")
    return quotients.astype(kind)


def to_floats(numerators: Integers, denominators: Integers, kind: Primitive) -> Weights:
    """Quotients of floats; raises ModelConversionError where a rational is out of range."""
    if _exceeds(numerators, denominators, int(np.finfo(kind).max)):
        raise ModelConversionError(f"a weight is out of the range of {kind}")
    with np.errstate(over="ignore", invalid="ignore"):
        quotients = _floats(numerators, kind) / _floats(denominators, kind)
    quotients[numerators == 0] = 0
    for i in np.flatnonzero(~np.isfinite(quotients)):
        quotients[i] = _nearest(Fraction(int(numerators[i]), int(denominators[i])), kind)
    return quotients


def _exceeds(numerators: Integers, denominators: Integers, limit: int) -> bool:
    if numerators.dtype != np.object_:
        return False
    return bool((np.abs(numerators) > np.abs(denominators) * limit).any())


def _floats(values: Integers, kind: Primitive) -> Weights:
    if values.dtype != np.object_:
        return values.astype(kind)
    integers = [int(value) for value in values]
    shifts = [max(value.bit_length() - _MANTISSA_BITS, 0) for value in integers]
    tops = [abs(value) >> shift for value, shift in zip(integers, shifts, strict=True)]
    floats = np.ldexp(np.array(tops, np.uint64).astype(kind), np.array(shifts, np.int64))
    return np.negative(floats, out=floats, where=values < 0)


def _nearest(value: Fraction, kind: Primitive) -> Any:
    """The float nearest to a value in range, of two equally near ones the even one."""
    guess = np.full(3, float(value), kind)
    candidates = np.nextafter(guess, np.array([-math.inf, guess[0], math.inf], kind))
    finite = candidates[np.isfinite(candidates)]
    is_odd = finite.view(f"u{kind.itemsize}") & 1
    errors = [abs(Fraction(float(candidate)) - value) for candidate in finite]
    return finite[min(range(len(finite)), key=lambda i: (errors[i], is_odd[i]))]
