"""Local models and scalars in the types that masking works with (protocol §4.4).

Weights are a numpy vector of the primitive type that the configuration names; a scalar is an exact
rational within the bound of the unit's configuration.
"""

import sys
from fractions import Fraction
from numbers import Rational
from typing import Any, SupportsFloat

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xaynet_pet.errors import InvalidWeights
from xaynet_pet.mask_config import DataType, MaskConfig

Primitive = np.dtype[Any]
"""float32, float64, int32 or int64."""
Weights = NDArray[Any]
"""A vector of a primitive type."""

PRIMITIVES: dict[DataType, Primitive] = {
    DataType.F32: np.dtype(np.float32),
    DataType.F64: np.dtype(np.float64),
    DataType.I32: np.dtype(np.int32),
    DataType.I64: np.dtype(np.int64),
}


def as_weights(values: ArrayLike, data_type: DataType) -> Weights:
    """A sequence or array of numbers as weights of a data type: floats are rounded to it.

    Raises InvalidWeights for another shape than one vector, for other kinds of numbers (floats
    where integers are meant among them), integers out of range, and floats that are not finite.
    """
    try:
        found = np.asarray(values)
    except ValueError:
        raise InvalidWeights("weights are one vector of numbers, not a ragged sequence") from None
    if found.ndim != 1:
        raise InvalidWeights(f"weights are one vector, not an array of shape {found.shape}")
    wanted = PRIMITIVES[data_type]
    if not found.size:
        return np.empty(0, wanted)
    return _integers(found, wanted) if wanted.kind == "i" else _floats(found, wanted)


def _integers(found: NDArray[Any], wanted: Primitive) -> Weights:
    if found.dtype.kind not in "iu":
        raise InvalidWeights(f"weights must be integers of 64 bits at most, not {found.dtype}")
    limits = np.iinfo(wanted)
    for value in (int(found.min()), int(found.max())):
        if not limits.min <= value <= limits.max:
            raise InvalidWeights(f"the weight {value} is out of the range of {wanted}")
    return found.astype(wanted, copy=False)


def _floats(found: NDArray[Any], wanted: Primitive) -> Weights:
    if found.dtype.kind not in "iufO":
        raise InvalidWeights(f"weights must be numbers, not {found.dtype}")
    try:
        # Integers are rounded twice on their way to 32 bits, as in the published SDK.
        wide = found if found.dtype.kind == "f" else found.astype(np.float64)
        with np.errstate(over="ignore"):
            weights = wide.astype(wanted, copy=False)
    except (TypeError, ValueError, OverflowError) as error:
        raise InvalidWeights(f"weights must be numbers: {error}") from None
    if not np.isfinite(weights).all():
        raise InvalidWeights(f"weights must be finite as {wanted}")
    return weights


def as_scalar(value: SupportsFloat | Fraction, config: MaskConfig) -> Fraction:
    """The scalar as it counts: exact, within [0, A] of the unit's configuration; NaN counts 0."""
    return min(max(_exact(value), Fraction(0)), config.add_shift)


def _exact(value: SupportsFloat | Fraction) -> Fraction:
    if isinstance(value, Rational):
        return Fraction(int(value.numerator), int(value.denominator))
    number = float(value)
    if number != number:
        return Fraction(0)
    largest = sys.float_info.max
    return Fraction(min(max(number, -largest), largest))
