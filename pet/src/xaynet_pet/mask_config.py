"""Masking configurations: the finite group that masked weights live in (protocol §4.1).

A configuration has four parts, each an enumeration whose members are named as in the protocol.
From them follow, by tables:

    order             of the group, a constant per configuration
    add_shift    A    added to a clamped weight, so that it is not negative
    exp_shift    E    multiplied with the sum, so that its floor keeps enough digits
    bytes_per_number  of one element on the wire
    draw_bytes        of keystream taken per attempt to draw an element
    max_models        how many models may be summed without leaving the group

Each part has two encodings: the `code` of mask objects (4 bytes for a configuration) and the
`variant` index of bincode.
"""

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from functools import cache
from typing import Self, TypeVar

from xaynet_pet.bmax_primes import F64_BMAX_PRIMES
from xaynet_pet.errors import MaskConfigError


class GroupType(StrEnum):
    """The kind of number the group order is."""

    Integer = "Integer"
    Prime = "Prime"
    Power2 = "Power2"


class DataType(StrEnum):
    """The primitive type of the weights."""

    F32 = "F32"
    F64 = "F64"
    I32 = "I32"
    I64 = "I64"


class BoundType(StrEnum):
    """The bound of the scaled weights: B0 one, B2 10^2, …, Bmax the largest value of the type."""

    B0 = "B0"
    B2 = "B2"
    B4 = "B4"
    B6 = "B6"
    Bmax = "Bmax"


class ModelType(StrEnum):
    """The largest number of models in one aggregate: M3 10^3, …, M12 10^12."""

    M3 = "M3"
    M6 = "M6"
    M9 = "M9"
    M12 = "M12"


Part = GroupType | DataType | BoundType | ModelType
_P = TypeVar("_P", GroupType, DataType, BoundType, ModelType)

_PARTS = (GroupType, DataType, BoundType, ModelType)
_CODES: dict[Part, int] = {
    GroupType.Integer: 0,
    GroupType.Prime: 1,
    GroupType.Power2: 2,
    DataType.F32: 0,
    DataType.F64: 1,
    DataType.I32: 2,
    DataType.I64: 3,
    BoundType.B0: 0,
    BoundType.B2: 2,
    BoundType.B4: 4,
    BoundType.B6: 6,
    BoundType.Bmax: 255,
    ModelType.M3: 3,
    ModelType.M6: 6,
    ModelType.M9: 9,
    ModelType.M12: 12,
}

# Integer and Prime orders are base·10^(3j) plus a small number, j = 0…3 for M3…M12.
# Integer: plus 1. Prime: plus the offset of the model type. Power2: 2^exponent.
_SHORT = (DataType.F32, DataType.I32, DataType.I64)
_GROUPS: dict[tuple[DataType, BoundType], tuple[int, tuple[int, ...], tuple[int, ...]]] = {
    **{(data, BoundType.B0): (2 * 10**13, (45, 55, 65, 75), (21, 3, 11, 3)) for data in _SHORT},
    **{(data, BoundType.B2): (2 * 10**15, (51, 61, 71, 81), (21, 57, 69, 3)) for data in _SHORT},
    **{(data, BoundType.B4): (2 * 10**17, (58, 68, 78, 88), (3, 89, 69, 27)) for data in _SHORT},
    **{(data, BoundType.B6): (2 * 10**19, (65, 75, 85, 95), (11, 3, 9, 131)) for data in _SHORT},
    (DataType.F64, BoundType.B0): (2 * 10**23, (78, 88, 98, 108), (69, 27, 17, 159)),
    (DataType.F64, BoundType.B2): (2 * 10**25, (85, 95, 104, 114), (9, 131, 47, 203)),
    (DataType.F64, BoundType.B4): (2 * 10**27, (91, 101, 111, 121), (39, 71, 17, 41)),
    (DataType.F64, BoundType.B6): (2 * 10**29, (98, 108, 118, 128), (17, 159, 3, 23)),
    (DataType.F32, BoundType.Bmax): (6805647 * 10**80, (289, 299, 309, 319), (281, 323, 191, 83)),
    (DataType.I32, BoundType.Bmax): ((2**32 - 1) * 10**13, (76, 86, 96, 106), (29, 49, 43, 109)),
    (DataType.I64, BoundType.Bmax): ((2**64 - 1) * 10**13, (108, 118, 128, 138), (73, 13, 167, 89)),
}
_F64_BMAX_BASE = 3595386269724631 * 10**620
_F64_BMAX_EXPONENTS = (2112, 2122, 2132, 2142)

_ADD_SHIFTS = {BoundType.B0: 1, BoundType.B2: 10**2, BoundType.B4: 10**4, BoundType.B6: 10**6}
_BMAX_ADD_SHIFTS = {
    DataType.F32: (2**24 - 1) << 104,
    DataType.F64: (2**53 - 1) << 971,
    DataType.I32: 2**31,
    DataType.I64: 2**63,
}
_EXP_SHIFTS = {
    (DataType.F32, BoundType.Bmax): 10**45,
    (DataType.F64, BoundType.Bmax): 10**324,
    **{(DataType.F64, bound): 10**20 for bound in _ADD_SHIFTS},
}


def _part(kind: type[_P], name: _P | str) -> _P:
    try:
        return kind(name)
    except ValueError:
        allowed = ", ".join(kind)
        raise MaskConfigError(f"{name!r} is no {kind.__name__}; allowed are {allowed}") from None


@dataclass(frozen=True, slots=True, init=False)
class MaskConfig:
    """One masking configuration; the parts may be given as members or by their names.

    Raises MaskConfigError for an unknown name.
    """

    group_type: GroupType
    data_type: DataType
    bound_type: BoundType
    model_type: ModelType

    def __init__(
        self,
        group_type: GroupType | str,
        data_type: DataType | str,
        bound_type: BoundType | str,
        model_type: ModelType | str,
    ) -> None:
        object.__setattr__(self, "group_type", _part(GroupType, group_type))
        object.__setattr__(self, "data_type", _part(DataType, data_type))
        object.__setattr__(self, "bound_type", _part(BoundType, bound_type))
        object.__setattr__(self, "model_type", _part(ModelType, model_type))

    @property
    def parts(self) -> tuple[GroupType, DataType, BoundType, ModelType]:
        return self.group_type, self.data_type, self.bound_type, self.model_type

    @property
    def order(self) -> int:
        return _order(*self.parts)

    @property
    def bytes_per_number(self) -> int:
        """Bytes of one element on the wire."""
        return ((self.order - 1).bit_length() + 7) // 8

    @property
    def draw_bytes(self) -> int:
        """Bytes of keystream per draw: those of the order itself (protocol §4.3)."""
        return (self.order.bit_length() + 7) // 8

    @property
    def add_shift(self) -> Fraction:
        """A, also the bound that scaled weights are clamped to."""
        if self.bound_type is BoundType.Bmax:
            return Fraction(_BMAX_ADD_SHIFTS[self.data_type])
        return Fraction(_ADD_SHIFTS[self.bound_type])

    @property
    def exp_shift(self) -> int:
        """E; 1/E is the precision of a masked weight."""
        return _EXP_SHIFTS.get((self.data_type, self.bound_type), 10**10)

    @property
    def max_models(self) -> int:
        """The largest number of models that may be aggregated."""
        return 10 ** _CODES[self.model_type]

    @property
    def variants(self) -> tuple[int, int, int, int]:
        """The bincode variant indices of the four parts (protocol §2.1)."""
        group, data, bound, model = (list(type(part)).index(part) for part in self.parts)
        return group, data, bound, model

    @classmethod
    def from_variants(cls, variants: tuple[int, ...]) -> Self:
        """Inverse of `variants`; raises MaskConfigError for an unknown index."""
        names: list[str] = []
        for kind, variant in zip(_PARTS, variants, strict=True):
            if variant >= len(kind):
                raise MaskConfigError(f"{variant} is no variant index of {kind.__name__}")
            names.append(list(kind)[variant])
        return cls(*names)

    def to_bytes(self) -> bytes:
        """The 4-byte form of mask objects: group, data, bound, model."""
        return bytes(_CODES[part] for part in self.parts)

    @classmethod
    def from_bytes(cls, data: bytes | memoryview) -> Self:
        """Reads the 4-byte form; raises MaskConfigError for another length or an unknown code."""
        if len(data) != 4:
            raise MaskConfigError(f"a masking configuration has 4 bytes, not {len(data)}")
        names = [_name(kind, code) for kind, code in zip(_PARTS, data, strict=True)]
        return cls(*names)


def _name(kind: type[Part], code: int) -> str:
    for part in kind:
        if _CODES[part] == code:
            return part
    raise MaskConfigError(f"{code} is no code of a {kind.__name__}")


@cache
def _order(group: GroupType, data: DataType, bound: BoundType, model: ModelType) -> int:
    j = list(ModelType).index(model)
    if (data, bound) in _GROUPS:
        base, exponents, offsets = _GROUPS[data, bound]
        prime = base * 10 ** (3 * j) + offsets[j]
    else:
        base, exponents, prime = _F64_BMAX_BASE, _F64_BMAX_EXPONENTS, F64_BMAX_PRIMES[j]
    if group is GroupType.Power2:
        return 1 << exponents[j]
    return prime if group is GroupType.Prime else base * 10 ** (3 * j) + 1


@dataclass(frozen=True, slots=True)
class MaskConfigPair:
    """The configurations of a model: one for the weights, one for the scalar."""

    vect: MaskConfig
    unit: MaskConfig

    @classmethod
    def uniform(cls, config: MaskConfig) -> Self:
        """The same configuration for both, as coordinators choose it."""
        return cls(config, config)
