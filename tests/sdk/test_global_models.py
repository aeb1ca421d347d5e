"""Global models: lists of the round's data type, as the published SDK gives them."""

from fractions import Fraction

import numpy as np
import pytest

from sdk_rounds import joined
from tiny_coordinator import TinyCoordinator, connection_refused, status
from xaynet_pet import MaskConfig
from xaynet_sdk.exceptions import GlobalModelDataTypeMisMatch, GlobalModelUnavailable


def bincode_model(*weights: Fraction) -> bytes:
    """The body of /model (protocol §2.1), written here from the specification."""

    def big_int(number: int) -> bytes:
        sign = b"\0" if not number else b"\1" if number > 0 else b"\xff"
        count = (abs(number).bit_length() + 31) // 32
        return sign + count.to_bytes(8, "little") + abs(number).to_bytes(4 * count, "little")

    body = len(weights).to_bytes(8, "little")
    return body + b"".join(big_int(w.numerator) + big_int(w.denominator) for w in weights)


def received(data_type: str, *weights: Fraction, bound: str = "B0"):
    coordinator = TinyCoordinator(config=MaskConfig("Prime", data_type, bound, "M3"))
    coordinator.fail("/model", status(200, bincode_model(*weights)))
    participant = joined(coordinator)
    participant.tick()
    return participant.global_model()


@pytest.mark.parametrize(
    ("data_type", "expected"),
    [
        ("F32", [float(np.float32(1 / 3)), -2.5, 0.0]),
        ("F64", [1 / 3, -2.5, 0.0]),
        ("I32", [0, -2, 0]),
        ("I64", [0, -2, 0]),
    ],
)
def test_a_global_model_is_a_list_of_the_rounds_data_type(data_type, expected):
    model = received(data_type, Fraction(1, 3), Fraction(-5, 2), Fraction(0))
    assert model == expected
    assert {type(weight) for weight in model} == {float if data_type[0] == "F" else int}


def test_while_there_is_no_global_model_it_is_none():
    participant = joined(TinyCoordinator())
    participant.tick()
    assert participant.new_global_model()
    assert participant.global_model() is None
    assert participant.global_model_array() is None
    assert not participant.new_global_model()


def test_an_array_has_the_rounds_data_type():
    coordinator = TinyCoordinator()
    coordinator.fail("/model", status(200, bincode_model(Fraction(1, 2))))
    participant = joined(coordinator)
    participant.tick()
    model = participant.global_model_array()
    assert (model.dtype, model.tolist()) == (np.float32, [0.5])


@pytest.mark.parametrize(
    ("data_type", "weight"),
    [
        ("F32", Fraction(2**128)),
        ("F32", Fraction(-(2**128))),
        ("F64", Fraction(2**1024)),
        ("I32", Fraction(2**31)),
        ("I64", Fraction(-(2**63) - 1)),
    ],
)
def test_a_weight_beyond_the_data_type_is_a_mismatch(data_type, weight):
    with pytest.raises(GlobalModelDataTypeMisMatch):
        received(data_type, Fraction(1), weight)


def test_a_numerator_beyond_the_floats_ends_with_the_nearest_float():
    """The published SDK never returns from this conversion (protocol §4.7)."""
    huge = Fraction(3**4000, 2 * 3**4000 + 2)
    assert received("F32", huge) == [0.5]
    assert received("F64", huge, Fraction(2 * 3**4000, 3**4000 + 1)) == [0.5, 2.0]


@pytest.mark.parametrize(
    "fault",
    [
        connection_refused(),
        status(500),
        status(202),
        status(200, b"short"),
        status(200, bincode_model(Fraction(1))[:-1]),
    ],
)
def test_a_model_that_cannot_be_had_is_unavailable_and_stays_new(fault):
    coordinator = TinyCoordinator()
    participant = joined(coordinator)
    participant.tick()
    coordinator.fail("/model", fault)
    with pytest.raises(GlobalModelUnavailable):
        participant.global_model()
    assert participant.new_global_model()


def test_before_the_first_tick_the_data_type_is_asked_for():
    coordinator = TinyCoordinator(config=MaskConfig("Prime", "I64", "B0", "M3"))
    coordinator.fail("/model", status(200, bincode_model(Fraction(7))))
    participant = joined(coordinator)
    assert participant.global_model() == [7]
    coordinator.fail("/params", connection_refused())
    with pytest.raises(GlobalModelUnavailable):
        participant.global_model()
