"""Sums of masked models or of masks, and the global model that both reveal (protocol §4.5, §4.6).

The sum is kept unreduced as long as it fits in its limbs, so that adding takes one pass.
"""

import math
from typing import Self

import numpy as np

from xaynet_pet import limbs
from xaynet_pet.errors import (
    ImplausibleMask,
    InvalidMask,
    InvalidObject,
    MaskManyMismatch,
    MaskOneMismatch,
    ModelMismatch,
    NoModel,
    ScalarMismatch,
    TooManyModels,
    TooManyScalars,
    ZeroScalarSum,
)
from xaynet_pet.limbs import Limbs
from xaynet_pet.mask_config import MaskConfig, MaskConfigPair
from xaynet_pet.mask_object import MaskObject
from xaynet_pet.model import Model


def check_object(obj: MaskObject, pair: MaskConfigPair, length: int) -> None:
    """Raises the AggregationError, if any, for which no aggregation of this configuration and
    length takes `obj`, however few it has added (protocol §4.5)."""
    check_shape(obj, pair, length)
    check_range(obj)


def check_shape(obj: MaskObject, pair: MaskConfigPair, length: int) -> None:
    """Raises ModelMismatch or ScalarMismatch for another configuration or length."""
    if obj.pair.vect != pair.vect:
        raise ModelMismatch(f"the vector is masked with {obj.pair.vect}, not {pair.vect}")
    if obj.pair.unit != pair.unit:
        raise ScalarMismatch(f"the unit is masked with {obj.pair.unit}, not {pair.unit}")
    if obj.length != length:
        raise ModelMismatch(f"the vector has {obj.length} elements, not {length}")


def check_range(obj: MaskObject) -> None:
    """Raises InvalidObject for an element that is not below its order."""
    if not obj.in_range():
        raise InvalidObject("an element of the mask object is not below its group's order")


class Aggregation:
    """The sum of the mask objects of one configuration and length. Not for concurrent changes."""

    def __init__(self, config_pair: MaskConfigPair, length: int) -> None:
        order = config_pair.vect.order
        self.pair = config_pair
        self.length = length
        self._count = 0
        self._vect: Limbs = np.zeros((limbs.limb_count(order), length), np.uint64)
        self._unit = 0
        # How many times the order the elements of _vect may be, and how many times that fits.
        self._orders = 1
        self._most_orders = (1 << 64 * len(self._vect)) // order

    @property
    def count(self) -> int:
        """How many objects were added."""
        return self._count

    @property
    def total(self) -> MaskObject:
        """The sum so far; it does not change with later additions."""
        self._reduce()
        return MaskObject(self.pair, self._vect.copy(), self._unit)

    @classmethod
    def restore(cls, total: MaskObject, count: int) -> Self:
        """The aggregation that had this total and count; raises InvalidObject."""
        this = cls(total.pair, total.length)
        if not total.in_range():
            raise InvalidObject("an element of the stored sum is not below its group's order")
        this._vect, this._unit, this._count = total.vect.copy(), total.unit, count
        return this

    def copy(self) -> Self:
        this = type(self)(self.pair, self.length)
        this._vect, this._unit, this._count = self._vect.copy(), self._unit, self._count
        this._orders = self._orders
        return this

    def validate(self, obj: MaskObject) -> None:
        """Raises the AggregationError, if any, for which `obj` cannot be added."""
        check_shape(obj, self.pair, self.length)
        self._check_count(1)
        check_range(obj)

    def add(self, obj: MaskObject) -> None:
        """Adds an object; raises the same errors as `validate`."""
        self.validate(obj)
        self._add(obj.vect, obj.unit, 1)

    def merge(self, other: Self) -> None:
        """Adds all objects of another aggregation, itself unchanged; raises AggregationError."""
        total = other.total
        check_shape(total, self.pair, self.length)
        self._check_count(other.count)
        self._add(total.vect, total.unit, other.count)

    def subtract(self, obj: MaskObject) -> None:
        """Takes an added object out again; raises AggregationError."""
        check_shape(obj, self.pair, self.length)
        if not obj.in_range() or not self._count:
            raise InvalidObject("a mask object that was never added cannot be subtracted")
        self._reduce()
        self._vect = limbs.subtract(self._vect, obj.vect, self.pair.vect.order)
        self._unit = (self._unit - obj.unit) % self.pair.unit.order
        self._count -= 1

    def _check_count(self, more: int) -> None:
        count = self._count + more
        if count > self.pair.vect.max_models:
            raise TooManyModels(f"{count} vectors cannot be summed with {self.pair.vect}")
        if count > self.pair.unit.max_models:
            raise TooManyScalars(f"{count} units cannot be summed with {self.pair.unit}")

    def _add(self, vect: Limbs, unit: int, count: int) -> None:
        if self._orders == self._most_orders:
            self._reduce()
        limbs.add(self._vect, vect)
        self._orders += 1
        self._unit = (self._unit + unit) % self.pair.unit.order
        self._count += count

    def _reduce(self) -> None:
        """Brings the elements below the order: they are below `_orders` times the order."""
        order = self.pair.vect.order
        while self._orders > 1:
            half = (self._orders + 1) // 2
            limbs.reduce(self._vect, half * order)
            self._orders = half

    def validate_unmasking(self, mask: MaskObject) -> None:
        """Raises the UnmaskingError, if any, for which `mask` cannot be taken off."""
        if not self._count:
            raise NoModel("no model was aggregated")
        self._check_count(0)
        if mask.pair.vect != self.pair.vect or mask.length != self.length:
            raise MaskManyMismatch("the mask's vector has another configuration or length")
        if mask.pair.unit != self.pair.unit:
            raise MaskOneMismatch("the mask's unit has another configuration")
        if not mask.in_range():
            raise InvalidMask("an element of the mask is not below its group's order")

    def unmask(self, mask: MaskObject) -> Model:
        """The weighted mean of the aggregated models; `mask` is the sum of their masks.

        Raises the errors of `validate_unmasking`; ZeroScalarSum where the mean is undefined;
        ImplausibleMask where no models could have summed to what `mask` reveals.
        """
        self.validate_unmasking(mask)
        vect, unit = self.pair.vect, self.pair.unit
        scalars = self._scalar_sum((self._unit - mask.unit) % unit.order)
        self._reduce()
        elements = limbs.subtract(self._vect, mask.vect, vect.order)
        offset = self._count * _bound(vect)
        if not limbs.all_below(elements, 2 * offset + 1):
            raise ImplausibleMask("the mask reveals weights beyond their bound")
        # Each weight is (element - offset)/E of the vector, over scalars/E of the unit.
        factor, divisor = unit.exp_shift, vect.exp_shift * scalars
        common = math.gcd(factor, divisor)
        return Model.from_elements(elements, offset, factor // common, divisor // common)

    def _scalar_sum(self, element: int) -> int:
        """E times the sum of the scalars, from the unmasked unit."""
        offset = self._count * _bound(self.pair.unit)
        if element == offset:
            raise ZeroScalarSum("all scalars are zero")
        if not offset < element <= 2 * offset:
            raise ImplausibleMask("the mask reveals a sum of scalars beyond its bound")
        return element - offset


def _bound(config: MaskConfig) -> int:
    """A·E: the element of zero."""
    return int(config.add_shift * config.exp_shift)
