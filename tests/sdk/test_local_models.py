"""Which local models are taken, and as what (protocol §8.5)."""

import array
import math

import numpy as np
import pytest

from sdk_rounds import UPDATE, joined, key_seed
from tiny_coordinator import TinyCoordinator
from xaynet_pet import DataType
from xaynet_sdk.exceptions import LocalModelDataTypeMisMatch, LocalModelLengthMisMatch
from xaynet_sdk.local_model import checked

F32_LARGEST = 3.4028234663852886e38


@pytest.mark.parametrize(
    ("data_type", "given", "weights"),
    [
        ("F32", [0.1, 2, True], [0.10000000149011612, 2.0, 1.0]),
        ("F32", [F32_LARGEST, -0.0, 1e-50], [F32_LARGEST, 0.0, 0.0]),
        ("F32", [3.4028235677973362e38, 1, 1], [F32_LARGEST, 1.0, 1.0]),
        ("F64", [0.1, 2**53 + 1, -1e308], [0.1, 2.0**53, -1e308]),
        ("F64", [np.float32(0.1), np.int8(3), np.float64(4)], [0.10000000149011612, 3.0, 4.0]),
        ("I32", [1, -(2**31), 2**31 - 1], [1, -(2**31), 2**31 - 1]),
        ("I64", [np.int64(5), -(2**63), 2**63 - 1], [5, -(2**63), 2**63 - 1]),
        ("F32", np.array([0.5, 1, 2], np.float16), [0.5, 1.0, 2.0]),
        ("F32", np.array([1, 2, 3], np.uint8), [1.0, 2.0, 3.0]),
        ("F64", np.array([1, 2, 3], ">f4"), [1.0, 2.0, 3.0]),
        ("I32", np.array([1, 2, 3], np.uint64), [1, 2, 3]),
    ],
)
def test_a_model_becomes_weights_of_the_rounds_data_type(data_type, given, weights):
    taken = checked(given, 3, DataType(data_type))
    assert taken.tolist() == weights
    assert taken.dtype.name == {"F": "float", "I": "int"}[data_type[0]] + data_type[1:]


@pytest.mark.parametrize(
    ("data_type", "given"),
    [
        ("F32", [1e300]),
        ("F32", [3.4028235677973366e38]),
        ("F32", [math.nan]),
        ("F64", [math.inf]),
        ("F64", [10**400]),
        ("F64", ["1.0"]),
        ("F64", [None]),
        ("F64", [1j]),
        ("I32", [1.0]),
        ("I32", [2**31]),
        ("I32", [-(2**31) - 1]),
        ("I64", [2**63]),
        ("I64", [2.0]),
        ("F32", np.array([1e300])),
        ("F64", np.array([np.inf], np.float32)),
        ("F64", np.array(["1"])),
        ("F64", np.array([1j])),
        ("F64", np.array([None])),
        ("I32", np.array([1.0])),
        ("I32", np.array([2**31])),
        ("I64", np.array([2**63], np.uint64)),
        ("I64", [2**64]),
    ],
)
def test_a_weight_that_the_data_type_does_not_have_is_refused(data_type, given):
    with pytest.raises(LocalModelDataTypeMisMatch):
        checked(given, 1, DataType(data_type))


@pytest.mark.parametrize("given", [(1.0,), "a", None, 1.0, array.array("d", [1.0]), {1.0}])
def test_anything_but_a_list_or_an_array_is_a_type_error(given):
    with pytest.raises(TypeError, match="list or a numpy array"):
        checked(given, 1, DataType.F64)


@pytest.mark.parametrize("given", [[], [1.0, 2.0], ["too", "long"], np.zeros(2), np.zeros((1, 1))])
def test_a_model_of_another_length_or_shape_is_refused(given):
    with pytest.raises(LocalModelLengthMisMatch):
        checked(given, 1, DataType.F64)


def test_before_the_first_tick_the_length_is_zero():
    participant = joined(TinyCoordinator())
    participant.set_model([])
    with pytest.raises(LocalModelLengthMisMatch, match="4 weights, the current round wants 0"):
        participant.set_model([0.0] * 4)


def test_a_refused_model_replaces_nothing():
    coordinator = TinyCoordinator()
    participant = joined(coordinator, seed=key_seed(coordinator, UPDATE))
    for _ in range(3):
        participant.tick()
    with pytest.raises(LocalModelDataTypeMisMatch):
        participant.set_model([math.nan] * 4)
    assert participant.should_set_model()


def test_what_the_user_does_with_his_array_afterwards_changes_nothing():
    given = np.array([1.0, 2.0])
    taken = checked(given, 2, DataType.F64)
    given[:] = 0
    assert taken.tolist() == [1.0, 2.0]
