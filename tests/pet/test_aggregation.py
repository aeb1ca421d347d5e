"""Sums of masked models and what they reveal, against reference and rationals (protocol §4.5)."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import xaynet_pet
from golden import bits_of, config, entries, f64, pair, rational, weights_of
from mask_strategies import configs, scalars, weights
from xaynet_pet import (
    Aggregation,
    AggregationError,
    ImplausibleMask,
    InvalidObject,
    MaskConfig,
    MaskConfigPair,
    MaskObject,
    Model,
    ModelConversionError,
    ModelMismatch,
    NoModel,
    TooManyModels,
    UnmaskingError,
    ZeroScalarSum,
    derive_mask,
    mask_model,
)
from xaynet_pet.weights import as_scalar, as_weights

PAIR = MaskConfigPair.uniform(MaskConfig("Prime", "F32", "B0", "M3"))


def seed(number):
    return bytes([number]) * 32


def masks_of(seeds, config_pair, length):
    masks = Aggregation(config_pair, length)
    for each in seeds:
        masks.add(derive_mask(each, config_pair, length))
    return masks


def truncated(value, scale):
    return Fraction(math.floor(value * scale), scale)


def mean(models, scalars, config_pair):
    """Weighted mean of the clamped models, truncated to 1/E as masking does."""
    vect, unit = config_pair.vect, config_pair.unit
    bound = vect.add_shift
    counted = [as_scalar(scalar, unit) for scalar in scalars]
    total = sum(truncated(s, unit.exp_shift) for s in counted)
    return [
        sum(
            truncated(min(max(s * Fraction(w), -bound), bound), vect.exp_shift)
            for s, w in zip(counted, column, strict=True)
        )
        / total
        for column in zip(*models, strict=True)
    ]


def test_aggregates_and_global_models_are_those_of_the_reference():
    for entry in entries("masking", "aggregate"):
        config_pair, length = pair(entry["config"]), entry["length"]
        data_type = config_pair.vect.data_type
        models, seeds = Aggregation(config_pair, length), []
        for part in entry["models"]:
            seeds.append(bytes.fromhex(part["seed"]))
            found = weights_of(part["weights"], data_type)
            masked = mask_model(found, f64(part["scalar"]), config_pair, seeds[-1])
            assert masked.to_bytes().hex() == part["object"]
            models.add(MaskObject.from_bytes(bytes.fromhex(part["object"])))
        masks = masks_of(seeds, config_pair, length)
        assert models.total.to_bytes().hex() == entry["aggregated_object"]
        assert masks.total.to_bytes().hex() == entry["aggregated_mask"]
        model = models.unmask(masks.total)
        assert model.fractions() == [rational(ratio) for ratio in entry["unmasked"]]
        assert model.to_bytes().hex() == entry["model_bincode"]
        assert Model.from_bytes(bytes.fromhex(entry["model_bincode"])) == model
        if entry["primitives"] is not None:
            primitives_match(model, data_type, entry["primitives"])


def primitives_match(model, data_type, expected):
    if None in expected:
        with pytest.raises(ModelConversionError):
            model.to_array(data_type)
    else:
        assert bits_of(model.to_array(data_type)) == expected


def refusal(check, *arguments):
    try:
        check(*arguments)
    except (AggregationError, UnmaskingError) as error:
        return type(error).__name__
    return "ok"


def test_objects_and_masks_are_validated_as_in_the_reference():
    for entry in entries("validation"):
        settings = entry["aggregator"]
        config_pair, length = pair(settings["config"]), settings["length"]
        empty = MaskObject.from_integers(config_pair, [0] * length, 0)
        aggregation = Aggregation.restore(empty, settings["nb_models"])
        candidate = MaskObject.from_bytes(bytes.fromhex(entry["object"]))
        found = refusal(aggregation.validate, candidate)
        assert found == entry["validate_aggregation"], entry["name"]
        assert refusal(aggregation.add, candidate) == found
        aggregation = Aggregation.restore(empty, settings["nb_models"])
        found = refusal(aggregation.validate_unmasking, candidate)
        assert found == entry["validate_unmasking"], entry["name"]


@settings(max_examples=150)
@given(st.data(), configs(), configs(), st.integers(1, 4))
def test_the_unmasked_sum_is_the_exact_weighted_mean(data, vect, unit, count):
    config_pair = MaskConfigPair(vect, unit)
    length = data.draw(st.integers(0, 5))
    pool = st.lists(
        weights(vect.data_type).flatmap(lambda found: st.sampled_from(found or [0])),
        min_size=length,
        max_size=length,
    )
    models = [as_weights(data.draw(pool), vect.data_type) for _ in range(count)]
    factors = [data.draw(scalars()) for _ in range(count)]
    total = Aggregation(config_pair, length)
    for number, (model, scalar) in enumerate(zip(models, factors, strict=True)):
        total.add(mask_model(model, scalar, config_pair, seed(number)))
    mask = masks_of(map(seed, range(count)), config_pair, length).total
    if all(truncated(as_scalar(s, unit), unit.exp_shift) == 0 for s in factors):
        with pytest.raises(ZeroScalarSum):
            total.unmask(mask)
        return
    found = total.unmask(mask)
    expected = mean([model.tolist() for model in models], factors, config_pair)
    if (1 << 3) * 2 * vect.add_shift * vect.exp_shift < vect.order:
        assert found.fractions() == expected
    ratios = zip(found.numerators.tolist(), found.denominators.tolist(), strict=True)
    assert all(d > 0 and math.gcd(n, d) == 1 for n, d in ratios)
    assert Model.from_bytes(found.to_bytes()) == found


@pytest.mark.parametrize(
    "parts",
    [
        "Prime F32 B0 M3",
        "Integer F32 B2 M6",
        "Power2 F32 Bmax M12",
        "Power2 F64 B6 M12",
        "Prime F64 Bmax M3",
        "Integer I32 B4 M3",
        "Prime I64 Bmax M9",
    ],
)
def test_a_long_sum_stays_exact_when_the_limbs_run_full(parts):
    """More objects than some limbs can take unreduced, and different ways to the same sum."""
    config_pair = MaskConfigPair.uniform(MaskConfig(*parts.split()))
    order = config_pair.vect.order
    largest = MaskObject.from_integers(config_pair, [order - 1, 1], order - 2)
    total, halves = Aggregation(config_pair, 2), [Aggregation(config_pair, 2) for _ in range(2)]
    for number in range(50):
        total.add(largest)
        halves[number % 2].add(largest)
    assert total.total.integers() == [(order - 1) * 50 % order, 50]
    assert total.total.unit == (order - 2) * 50 % order
    halves[0].merge(halves[1])
    assert (halves[0].total, halves[0].count, halves[1].count) == (total.total, 50, 25)
    copy, restored = total.copy(), Aggregation.restore(total.total, total.count)
    total.subtract(largest)
    assert total.total.integers() == [(order - 1) * 49 % order, 49]
    for before in (copy, restored):
        assert (before.count, before.total.integers()[1]) == (50, 50)
    total.add(largest)
    assert total.total == copy.total


def test_a_total_does_not_change_with_later_additions():
    aggregation = Aggregation(PAIR, 1)
    aggregation.add(MaskObject.from_integers(PAIR, [1], 1))
    total = aggregation.total
    aggregation.add(MaskObject.from_integers(PAIR, [1], 1))
    assert total.integers() == [1]


def test_sums_of_sums_are_checked_like_objects():
    aggregation = Aggregation.restore(MaskObject.from_integers(PAIR, [0], 0), 600)
    with pytest.raises(TooManyModels):
        aggregation.merge(aggregation.copy())
    with pytest.raises(ModelMismatch):
        aggregation.merge(Aggregation(PAIR, 2))
    with pytest.raises(InvalidObject):
        Aggregation.restore(MaskObject.from_integers(PAIR, [PAIR.vect.order], 0), 1)
    with pytest.raises(InvalidObject):
        Aggregation(PAIR, 1).subtract(MaskObject.from_integers(PAIR, [1], 1))
    assert aggregation.count == 600


def test_a_wrong_mask_is_found_instead_of_published():
    models = Aggregation(PAIR, 100)
    with pytest.raises(NoModel):
        models.unmask(derive_mask(seed(0), PAIR, 100))
    for number in range(3):
        models.add(mask_model(np.zeros(100), 1.0, PAIR, seed(number)))
    masks = masks_of(map(seed, range(3)), PAIR, 100)
    assert models.unmask(masks.total).fractions() == [0] * 100
    right = masks.total
    for unit in (1, -3 * 10**10 - 1):
        wrong = MaskObject(PAIR, right.vect, (right.unit - unit) % PAIR.unit.order)
        with pytest.raises(ImplausibleMask, match="scalars"):
            models.unmask(wrong)
    wrong = MaskObject(PAIR, derive_mask(seed(9), PAIR, 100).vect, right.unit)
    with pytest.raises(ImplausibleMask, match="weights"):
        models.unmask(wrong)


def test_scalars_that_are_all_zero_have_no_mean():
    models = Aggregation(PAIR, 1)
    models.add(mask_model([1.0], 0.0, PAIR, seed(1)))
    with pytest.raises(ZeroScalarSum):
        models.unmask(derive_mask(seed(1), PAIR, 1))


def test_the_number_of_models_is_that_of_the_smaller_configuration():
    vect, unit = PAIR.vect, config({**entries("mask_orders")[0]["config"], "model_type": "M6"})
    total = MaskObject.from_integers(MaskConfigPair(vect, unit), [0], 0)
    assert refusal(Aggregation.restore(total, 1000).validate, total) == "TooManyModels"
    assert refusal(Aggregation.restore(total, 999).validate, total) == "ok"


def test_every_error_is_a_pet_error():
    for name in xaynet_pet.__all__:
        thing = getattr(xaynet_pet, name)
        if isinstance(thing, type) and issubclass(thing, Exception):
            assert issubclass(thing, xaynet_pet.PetError)
