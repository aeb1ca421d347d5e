"""Masks from seeds, and masked models (protocol §4.3, §4.4).

A mask is drawn from its seed: first the unit, then the vector, from one keystream. A masked model
is the sum of the model's elements and its mask; without the seed it is uniformly random.
"""

from fractions import Fraction
from typing import SupportsFloat

from numpy.typing import ArrayLike

from xaynet_pet import limbs
from xaynet_pet.fixed_point import to_fixed_point
from xaynet_pet.keystream import Keystream
from xaynet_pet.mask_config import MaskConfigPair
from xaynet_pet.mask_object import MaskObject
from xaynet_pet.weights import as_scalar, as_weights


def derive_mask(seed: bytes, config_pair: MaskConfigPair, length: int) -> MaskObject:
    """The mask of a 32-byte seed for a model of `length` weights; raises InvalidKey."""
    stream = Keystream(seed)
    unit = stream.draw_integer(config_pair.unit.order)
    return MaskObject(config_pair, stream.draw_vector(config_pair.vect.order, length), unit)


def mask_model(
    weights: ArrayLike,
    scalar: SupportsFloat | Fraction,
    config_pair: MaskConfigPair,
    seed: bytes,
) -> MaskObject:
    """The masked model: weights times scalar, as elements of the group, plus the seed's mask.

    Weights are taken in the configuration's data type, see `as_weights`. The scalar is clamped to
    [0, A] of the unit, each product to [-A, A] of the vector. Raises InvalidWeights, InvalidKey.
    """
    vect, unit = config_pair.vect, config_pair.unit
    exact = as_scalar(scalar, unit)
    model = to_fixed_point(as_weights(weights, vect.data_type), exact, vect)
    mask = derive_mask(seed, config_pair, model.shape[1])
    limbs.add(model, mask.vect)
    limbs.reduce(model, vect.order)
    element = (exact + unit.add_shift) * unit.exp_shift // 1
    return MaskObject(config_pair, model, (element + mask.unit) % unit.order)
