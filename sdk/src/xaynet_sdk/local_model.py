"""Local models: what a user may hand in, and the weights it becomes (protocol §8.5).

Floating point models take integers and floats, integer models only integers; every weight must
have a finite value in the round's data type.
"""

from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from xaynet_pet import DataType, InvalidWeights, RoundParameters
from xaynet_pet.weights import PRIMITIVES, Weights, as_weights
from xaynet_sdk.exceptions import LocalModelDataTypeMisMatch, LocalModelLengthMisMatch


def checked(given: object, length: int, data_type: DataType) -> Weights:
    """The weights of a list or an array.

    Raises TypeError for anything else, LocalModelLengthMisMatch and LocalModelDataTypeMisMatch.
    The weights are a copy: what the user does with his array afterwards changes nothing.
    """
    if not isinstance(given, list | np.ndarray):
        kind = type(given).__name__
        raise TypeError(f"a local model is a list or a numpy array, not a {kind}")
    model = cast(list[Any] | NDArray[Any], given)
    _check_length(model, length)
    try:
        return as_weights(model, data_type).copy()
    except InvalidWeights as error:
        raise LocalModelDataTypeMisMatch(f"the local model is not {data_type}: {error}") from error


def fits(weights: Weights, params: RoundParameters) -> bool:
    """Whether a local model, perhaps made for an earlier round, can be used in this one."""
    dtype = PRIMITIVES[params.mask_config.vect.data_type]
    return len(weights) == params.model_length and weights.dtype == dtype


def _check_length(given: list[Any] | NDArray[Any], length: int) -> None:
    if isinstance(given, np.ndarray) and given.ndim != 1:
        raise LocalModelLengthMisMatch(
            f"a local model has one dimension; this array has {given.ndim}: use its .ravel()"
        )
    if len(given) != length:
        raise LocalModelLengthMisMatch(
            f"the local model has {len(given)} weights, the current round wants {length}"
        )
