"""The parameters of PET: what is accepted, and the sentence for what is not."""

import copy
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from definitions import fields_of
from xaynet_pet import MaskConfig, PetParameters
from xaynet_pet.parameters import EXAMPLE, RULES
from xaynet_pet.sentences import sentences

Document = dict[str, Any]


def with_changes(**changes: object) -> Document:
    """The example with other values, by paths: ``sum__count__min=2``."""
    document = copy.deepcopy(EXAMPLE)
    for path, value in changes.items():
        *sections, name = path.split("__")
        section = document
        for part in sections:
            section = section[part]
        section[name] = value
    return document


def refusal(document: Document) -> tuple[str, ...]:
    with pytest.raises(ValidationError) as refused:
        PetParameters.model_validate(document)
    return sentences(refused.value, PetParameters)


def test_the_example_is_accepted() -> None:
    parameters = PetParameters.model_validate(EXAMPLE)
    assert parameters.model.length == 55117
    assert parameters.update.count.max == 1000
    assert parameters.mask_config.vect == MaskConfig("Prime", "F32", "B0", "M3")
    assert parameters.mask_config.unit == parameters.mask_config.vect


def test_names_may_be_in_snake_case_too() -> None:
    snake = {"group_type": "Prime", "data_type": "F32", "bound_type": "B0", "model_type": "M3"}
    assert PetParameters.model_validate(with_changes(mask=snake)) == PetParameters.model_validate(
        EXAMPLE
    )


def test_parameters_survive_json_in_both_spellings() -> None:
    parameters = PetParameters.model_validate(EXAMPLE)
    for by_alias in (True, False):
        text = parameters.model_dump_json(by_alias=by_alias)
        assert PetParameters.model_validate_json(text, strict=True) == parameters


def test_parameters_cannot_be_altered() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        PetParameters.model_validate(EXAMPLE).sum.prob = 0.5


@pytest.mark.parametrize(
    ("phase", "fewest", "shortest"), [("sum", 1, 5), ("update", 3, 10), ("sum2", 1, 5)]
)
def test_a_count_or_time_without_its_minimum_gets_that_of_its_phase(
    phase: str, fewest: int, shortest: int
) -> None:
    document = with_changes(**{f"{phase}__count": {"max": 100}, f"{phase}__time": {"max": 60}})
    section = getattr(PetParameters.model_validate(document), phase)
    assert (section.count.min, section.count.max) == (fewest, 100)
    assert (section.time.min, section.time.max) == (shortest, 60)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"sum__count__min": 0, "sum__count__max": 0}, "sum.count.min is 0, but must be a whole"),
        ({"update__count__min": 2}, "update.count.min is 2, but must be a whole number, at"),
        ({"sum2__count__min": 0}, "sum2.count.min is 0, but must be a whole number, at least 1"),
        ({"update__count__min": 10, "update__count__max": 5},
         "update.count.max is 5, but must be at least update.count.min, which is 10"),
        ({"sum__count__min": 101}, "sum.count.max is 100, but must be at least sum.count.min"),
        ({"sum__time__min": 3601}, "sum.time.max is 3600, but must be at least sum.time.min"),
        ({"update__time__min": 3601}, "update.time.max is 3600, but must be at least update.time."),
        ({"sum2__time__min": 3601}, "sum2.time.max is 3600, but must be at least sum2.time.min"),
        ({"sum2__count__max": 101},
         "sum2.count.max is 101, but must be at most sum.count.max, which is 100"),
        ({"update__count__max": 1001}, "update.count.max is 1001, but must be at most 1000, "
         "the most that mask.modelType M3 can add up"),
        ({"sum__prob": 0.0}, "sum.prob is 0.0, but must be a number, more than 0 and less than 1"),
        ({"sum__prob": 1}, "sum.prob is 1, but must be a number, more than 0 and less than 1"),
        ({"sum__prob": float("nan")}, "sum.prob is NaN, but must be a number, more than 0"),
        ({"update__prob": 0}, "update.prob is 0, but must be a number, more than 0 and at most 1"),
        ({"update__prob": 1.0000000000000002}, "update.prob is 1.0000000000000002, but must be a"),
        ({"model__length": 0}, "model.length is 0, but must be a whole number, at least 1"),
        ({"model__length": 2**32}, "model.length is 4294967296, but must be a whole number"),
        ({"mask__groupType": "prime"}, 'mask.groupType is "prime", but must be one of Int'),
        ({"mask__modelType": "M1"}, 'mask.modelType is "M1", but must be one of M3, M6, M9, M12'),
        ({"sum__count": {}}, "sum.count.max is missing; it must be given, for example 100"),
        ({"sum2__prob": 0.5}, "sum2.prob is not a known field; known here: count, time"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_refused_with_a_sentence(changes: Document, sentence: str) -> None:
    told = refusal(with_changes(**changes))
    assert told[0].startswith(sentence), told


def test_every_broken_rule_is_told_at_once() -> None:
    told = refusal(with_changes(sum__time__min=3601, sum2__count__max=101))
    assert len(told) == 2


def test_a_wider_model_type_takes_more_updates() -> None:
    document = with_changes(mask__modelType="M6", update__count__max=10**6)
    assert PetParameters.model_validate(document).update.count.max == 10**6


@given(
    counts=st.lists(st.integers(1, 12), min_size=6, max_size=6),
    times=st.lists(st.integers(0, 3), min_size=6, max_size=6),
)
def test_what_is_accepted_keeps_every_rule_and_what_is_refused_breaks_one(
    counts: list[int], times: list[int]
) -> None:
    document = copy.deepcopy(EXAMPLE)
    for number, phase in enumerate(("sum", "update", "sum2")):
        low, high = counts[2 * number : 2 * number + 2]
        document[phase]["count"] = {"min": low, "max": high}
        low, high = times[2 * number : 2 * number + 2]
        document[phase]["time"] = {"min": low, "max": high}
    windows = [
        document[phase][what] for phase in ("sum", "update", "sum2") for what in ("count", "time")
    ]
    keeps = (
        all(window["min"] <= window["max"] for window in windows)
        and document["update"]["count"]["min"] >= 3
        and document["sum2"]["count"]["max"] <= document["sum"]["count"]["max"]
    )
    if keeps:
        PetParameters.model_validate(document)
    else:
        assert refusal(document)


@given(
    st.floats(0, 1, exclude_min=True, exclude_max=True),
    st.floats(0, 1, exclude_min=True),
)
def test_accepted_probabilities_never_starve_a_round(sum_prob: float, update_prob: float) -> None:
    PetParameters.model_validate(with_changes(sum__prob=sum_prob, update__prob=update_prob))
    selected, trained = Fraction(sum_prob), Fraction(update_prob)
    assert 0 < selected + trained - selected * trained <= 1


def test_rules_name_fields_that_exist() -> None:
    known = {path for path, _ in fields_of(PetParameters)}
    assert {rule.field for rule in RULES} | {rule.other for rule in RULES} <= known
