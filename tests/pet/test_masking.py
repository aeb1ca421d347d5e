"""Masked models against the reference and against rational arithmetic (protocol §4.4)."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from golden import entries, f64, pair, weights_of
from mask_strategies import configs, scalars, weights
from xaynet_pet import (
    InvalidWeights,
    MaskConfig,
    MaskConfigPair,
    derive_mask,
    mask_model,
)
from xaynet_pet.fixed_point import to_fixed_point
from xaynet_pet.limbs import to_integers
from xaynet_pet.weights import as_scalar, as_weights

F32, F64 = MaskConfig("Prime", "F32", "B0", "M3"), MaskConfig("Integer", "F64", "B2", "M6")
I32, I64 = MaskConfig("Power2", "I32", "B0", "M3"), MaskConfig("Prime", "I64", "Bmax", "M12")
SEED = bytes(range(32))


def element(weight, scalar, config):
    """floor((clamp(s·w) + A)·E) as the protocol writes it."""
    bound = config.add_shift
    scaled = min(max(scalar * Fraction(weight), -bound), bound)
    return math.floor((scaled + bound) * config.exp_shift)


def test_masked_models_are_those_of_the_reference():
    for entry in entries("masking", "single"):
        config_pair = pair(entry["config"])
        found = weights_of(entry["weights"], config_pair.vect.data_type)
        seed = bytes.fromhex(entry["seed"])
        masked = mask_model(found, f64(entry["scalar"]), config_pair, seed)
        assert masked.to_bytes().hex() == entry["object"], entry["config"]
        assert mask_model(list(found), f64(entry["scalar"]), config_pair, seed) == masked


@given(st.data(), configs(), scalars())
def test_elements_are_exact_for_every_configuration(data, config, scalar):
    found = as_weights(data.draw(weights(config.data_type)), config.data_type)
    exact = as_scalar(scalar, MaskConfig("Prime", "F64", "Bmax", "M3"))
    elements = to_integers(to_fixed_point(found, exact, config))
    assert elements == [element(weight.item(), exact, config) for weight in found]


@given(
    st.data(),
    st.sampled_from([F32, F64, I32, I64]),
    st.fractions(0, 10, max_denominator=50),
    st.integers(-(10**6), 10**6),
)
def test_products_that_are_whole_numbers_are_exact(data, config, scalar, target):
    """With a scalar that no float holds, c·w = target is right at the edge of the floor."""
    scalar = scalar or Fraction(1)
    weight = Fraction(target, config.exp_shift) / scalar
    near = [float(weight)] if config.data_type[0] == "F" else [target % 100, -(target % 100)]
    found = as_weights(near, config.data_type)
    elements = to_integers(to_fixed_point(found, scalar, config))
    assert elements == [element(weight.item(), scalar, config) for weight in found]


@pytest.mark.parametrize("scalar", [Fraction(1, 3), Fraction(1, 7), 0.1, 1.0, Fraction(3, 2**80)])
@pytest.mark.parametrize("config", [F32, MaskConfig("Prime", "F32", "B6", "M12"), F64])
def test_a_long_vector_of_multiples_is_exact(scalar, config):
    """Three times a power of two by a third is a whole number: every second weight is doubtful."""
    steps = np.arange(-5000, 5000, dtype=np.float64) * 3 / 2**12
    found = as_weights(np.concatenate([steps, steps / 2**30]), config.data_type)
    exact = Fraction(scalar)
    elements = to_integers(to_fixed_point(found, exact, config))
    assert elements == [element(weight, exact, config) for weight in found.tolist()]


@pytest.mark.parametrize("scalar", [1.0, 0.1, 1.5, 1e-9, Fraction(1, 3)])
@pytest.mark.parametrize("bound", ["B0", "B2", "B4", "B6"])
def test_estimates_in_double_precision_leave_no_doubt(bound, scalar):
    """Random weights, around whole numbers too, and around the bound, element by element."""
    config = MaskConfig("Prime", "F32", bound, "M3")
    random = np.random.default_rng(5)
    edge = float(config.add_shift) / float(scalar)
    whole = random.integers(-(10**9), 10**9, 1500) / (config.exp_shift * float(scalar))
    near = edge * (1 + random.normal(0, 1e-6, 500)) * random.choice([-1, 1], 500)
    found = np.concatenate([random.normal(0, 0.3, 2000) * edge, whole, near, [0, edge, -edge]])
    found = found.astype(np.float32)
    exact = Fraction(scalar)
    elements = to_integers(to_fixed_point(found, exact, config))
    assert elements == [element(weight, exact, config) for weight in found.tolist()]


@example([0.0, -0.0, 5e-324, -5e-324], 0.0, F64)
@example([1e-45, -1e-45, 3.4028234663852886e38], 1e-300, F32)
@given(
    st.lists(st.floats(-1e-30, 1e-30), max_size=5),
    st.sampled_from([0.0, 1e-300, 5e-324, 1.7976931348623157e308]),
    st.sampled_from([F64, F32, MaskConfig("Prime", "F64", "Bmax", "M3")]),
)
def test_tiny_weights_and_extreme_scalars_are_exact(values, scalar, config):
    found = as_weights(values, config.data_type)
    elements = to_integers(to_fixed_point(found, Fraction(scalar), config))
    assert elements == [element(weight.item(), Fraction(scalar), config) for weight in found]


def test_a_masked_model_is_the_model_plus_the_mask():
    config_pair = MaskConfigPair(F32, F64)
    masked, mask = (
        mask_model([0.25, -1], 0.5, config_pair, SEED),
        derive_mask(SEED, config_pair, 2),
    )
    sums = zip(masked.integers(), mask.integers(), strict=True)
    differences = [(total - part) % F32.order for total, part in sums]
    assert differences == [element(0.25, Fraction(1, 2), F32), element(-1, Fraction(1, 2), F32)]
    assert (masked.unit - mask.unit) % F64.order == (Fraction(1, 2) + 100) * F64.exp_shift


@pytest.mark.parametrize(
    ("given_scalar", "counted"),
    [(float("nan"), 0), (-3.0, 0), (float("inf"), 1), (7, 1), (np.float32(0.5), Fraction(1, 2)),
     (Fraction(1, 3), Fraction(1, 3)), (np.int64(0), 0), (0.1, Fraction(0.1))],
)  # fmt: skip
def test_scalars_are_clamped_to_the_bound_of_the_unit(given_scalar, counted):
    assert as_scalar(given_scalar, F32) == counted


@pytest.mark.parametrize(
    ("config", "values", "stored"),
    [
        (F32, [1, 2.5], [1.0, 2.5]),
        (F32, np.array([0.1]), [float(np.float32(0.1))]),
        (F32, np.array([1, 2], np.uint8), [1.0, 2.0]),
        (F64, [10**30, 0.5], [1e30, 0.5]),
        (F64, np.array([0.5], np.float16), [0.5]),
        (F64, [], []),
        (I32, (1, -2), [1, -2]),
        (I32, np.array([7], np.uint64), [7]),
        (I64, [-(2**63), 2**63 - 1], [-(2**63), 2**63 - 1]),
    ],
)
def test_weights_are_taken_as_the_configured_type(config, values, stored):
    assert as_weights(values, config.data_type).tolist() == stored
    assert mask_model(values, 1.0, MaskConfigPair.uniform(config), SEED).length == len(stored)


@pytest.mark.parametrize(
    ("config", "values"),
    [
        (F32, [1e300]),
        (F32, [float("nan")]),
        (F64, np.array([np.inf])),
        (F64, ["1.0"]),
        (F64, [object(), 1]),
        (F64, [10**400]),
        (F64, [[1.0]]),
        (F64, [[1.0], [1.0, 2.0]]),
        (F64, 1.0),
        (F64, [1j]),
        (F64, [True]),
        (I32, [1.5]),
        (I32, [2**31]),
        (I64, [2**63]),
        (I64, [2**70]),
        (I32, [True]),
    ],
)
def test_weights_that_the_type_cannot_hold_are_refused(config, values):
    with pytest.raises(InvalidWeights):
        mask_model(values, 1.0, MaskConfigPair.uniform(config), SEED)


def test_masking_changes_nothing_of_the_callers():
    values = np.linspace(-2, 2, 50, dtype=np.float32)
    before = values.copy()
    mask_model(values, 0.5, MaskConfigPair.uniform(F32), SEED)
    assert np.array_equal(values, before)
