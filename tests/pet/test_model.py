"""Global models: their body and their numbers (protocol §2.2, §4.7)."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from golden import entries, rational
from xaynet_pet import DataType, DecodeError, Model, ModelConversionError, PetError
from xaynet_pet.weights import as_weights

BIG = st.integers(-(2**700), 2**700)
RATIOS = st.fractions() | st.builds(Fraction, BIG, BIG.filter(bool))


def body_of(*integers):
    """A body whose integers are written as told: sign and digits."""
    parts = [
        sign.to_bytes(1, "little", signed=True)
        + len(digits).to_bytes(8, "little")
        + b"".join(digit.to_bytes(4, "little") for digit in digits)
        for sign, digits in integers
    ]
    return (len(integers) // 2).to_bytes(8, "little") + b"".join(parts)


def converted(model, dtype):
    """One weight, as the golden vectors write it."""
    try:
        (value,) = model.to_array(dtype)
    except ModelConversionError:
        return None
    if value.dtype.kind == "i":
        return int(value)
    return value.tobytes()[::-1].hex()


def test_conversions_are_those_of_the_reference():
    for entry in entries("conversion", "to_primitive"):
        model = Model.from_fractions([rational(entry["ratio"])])
        for dtype in ("f32", "f64", "i32", "i64"):
            if entry[dtype] != "skipped":
                assert converted(model, dtype) == entry[dtype], entry
            else:
                assert converted(model, dtype) is not None


@pytest.mark.parametrize(("kind", "width"), [("from_f32", 4), ("from_f64", 8)])
def test_weights_have_the_exact_value_of_the_reference(kind, width):
    for entry in entries("conversion", kind):
        weight = np.frombuffer(bytes.fromhex(entry["bits"])[::-1], f"<f{width}")
        if entry["ratio"] is None:
            with pytest.raises(PetError):
                as_weights(weight, DataType(kind[-3:].upper()))
        else:
            assert Fraction(weight.item()) == rational(entry["ratio"])


def test_models_have_the_body_of_the_reference():
    for entry in entries("bincode", "model"):
        fractions = [rational(ratio) for ratio in entry["weights"]]
        model = Model.from_fractions(fractions)
        assert model.to_bytes().hex() == entry["body"]
        assert Model.from_bytes(bytes.fromhex(entry["body"])) == model
        assert (model.fractions(), model.length) == (fractions, len(fractions))


def test_converting_back_gives_the_float_it_was():
    for entry in entries("conversion", "from_f64"):
        if entry["ratio"] is not None:
            model = Model.from_fractions([rational(entry["ratio"])])
            value = np.frombuffer(bytes.fromhex(entry["bits"])[::-1])[0]
            assert model.to_array(np.float64)[0] == value


@given(st.lists(RATIOS, max_size=5), st.binary(max_size=3))
def test_models_survive_the_round_trip(fractions, surplus):
    model = Model.from_fractions(fractions)
    again = Model.from_bytes(memoryview(model.to_bytes() + surplus))
    assert again == model
    assert again.fractions() == fractions
    assert repr(again) == f"Model(length={len(fractions)})"


def test_a_model_of_many_blocks_survives_the_round_trip():
    fractions = [Fraction(n * 2**31 + 1, 3 * n + 1) for n in range(-20_000, 20_000)]
    fractions[30_000] = Fraction(7**80, 3**90)
    model = Model.from_fractions(fractions)
    assert Model.from_bytes(model.to_bytes()) == model
    assert model != Model.from_fractions(fractions[:-1])
    assert model != 3
    array = model.to_array("F64")
    assert array[30_000] == pytest.approx(7**80 / 3**90)
    narrow = Model.from_fractions(fractions[:30_000])
    assert narrow.numerators.dtype == np.int64
    assert Model.from_bytes(narrow.to_bytes()) == narrow
    assert np.array_equal(narrow.to_array("F64"), array[:30_000])


def test_unreduced_fractions_and_negative_denominators_are_read_as_written():
    body = body_of(
        (1, [2]), (1, [4]), (1, [1, 0]), (-1, [2]), (0, [7]), (1, [1]), (-1, []), (1, [3])
    )
    model = Model.from_bytes(body)
    assert model.fractions() == [Fraction(1, 2), Fraction(-1, 2), 0, 0]
    assert model.numerators.tolist() == [2, 1, 0, 0]
    assert model.to_array("f32").tolist() == [0.5, -0.5, 0, 0]
    assert model.to_array("i32").tolist() == [0, 0, 0, 0]
    assert Model.from_bytes(model.to_bytes()) == model


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\1",
        (1).to_bytes(8, "little"),
        body_of((1, [1]), (0, [])),
        body_of((1, [1]), (1, [0])),
        body_of((2, [1]), (1, [1])),
        body_of((1, [1]), (1, [1] * 4))[:-1],
        body_of((1, [1]), (1, []))[:-1],
        (2).to_bytes(8, "little") + body_of((1, [1] * 9), (1, [1]))[8:],
        body_of((1, [1]), (1, [1]))[:9] + b"\xff" * 8 + bytes(20),
        body_of((1, [1]), (1, [1]))[:9] + b"\xff" * 7 + b"\x3f" + bytes(20),
    ],
)
def test_a_body_that_is_no_model_is_refused(body):
    with pytest.raises(DecodeError):
        Model.from_bytes(body)


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_a_model_or_refused(body):
    try:
        Model.from_bytes(body)
    except DecodeError:
        return


@given(RATIOS)
def test_floats_are_near_and_integers_are_truncated(ratio):
    model = Model.from_fractions([ratio])
    for dtype, digits in ((np.float32, 24), (np.float64, 53)):
        if abs(ratio) > Fraction(float(np.finfo(dtype).max)):
            assert converted(model, dtype) is None
            continue
        (found,) = model.to_array(dtype)
        smallest = Fraction(float(np.finfo(dtype).smallest_subnormal))
        if np.isfinite(float(ratio.denominator if ratio.denominator < 2**128 else 1)):
            error = abs(Fraction(float(found)) - ratio)
            allowed = max(abs(ratio) * Fraction(4, 2**digits), smallest)
            assert error <= allowed or ratio.denominator >= 2**127
    for dtype, bits in ((np.int32, 32), (np.int64, 64)):
        whole = int(ratio)
        fits = -(2 ** (bits - 1)) <= whole < 2 ** (bits - 1)
        assert converted(model, dtype) == (whole if fits else None)


def test_the_reference_would_not_return_where_the_nearest_float_is_given():
    """A numerator beyond the float's range: the quotient of the rounded ones is not finite."""
    big = 10**400
    near_one, large = Fraction(big + 1, big), Fraction(big, 3 * 10**92 + 1)
    model = Model.from_fractions([near_one, large])
    assert model.to_array("f64").tolist() == [1.0, float(large)]
    with pytest.raises(ModelConversionError):
        Model.from_fractions([Fraction(-big - 1, 3)]).to_array("f64")


@pytest.mark.parametrize(
    ("offset", "nearest"),
    [
        (Fraction(-1, 10**60), 1),  # just below the middle of two floats, then above it,
        (Fraction(1, 10**60), 1 + 2**-23),  # by less than a double can tell
        (Fraction(0), 1),  # of two equally near ones the even one
        (Fraction(1, 2**23), 1 + 2**-22),
    ],
)
def test_the_nearest_float_is_that_of_the_type_not_of_a_wider_one(offset, nearest):
    ratio = 1 + Fraction(1, 2**24) + offset
    beyond = 2**200
    unreduced = np.array([ratio.numerator * beyond]), np.array([ratio.denominator * beyond])
    assert Model(*unreduced).to_array("f32").tolist() == [nearest]


@pytest.mark.parametrize("dtype", ["f16", np.int8, ">f4", "weights", DataType])
def test_other_types_are_refused(dtype):
    with pytest.raises(ModelConversionError):
        Model.from_fractions([]).to_array(dtype)


@pytest.mark.parametrize(
    "dtype", ["f32", DataType.F32, "float32", "f4", np.float32, np.dtype(np.float32)]
)
def test_a_type_may_be_named_in_several_ways(dtype):
    found = Model.from_fractions([Fraction(1, 3)]).to_array(dtype)
    assert found.dtype == np.float32
    assert found[0] == np.float32(1 / 3)
