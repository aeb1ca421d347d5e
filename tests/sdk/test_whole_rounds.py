"""Whole rounds: the global model is the exact weighted mean of the local models."""

import numpy as np
import pytest

from sdk_rounds import (
    NONE,
    SUM,
    UPDATE,
    finish_round,
    joined,
    key_seed,
    settle,
    take_part,
    weighted_mean,
)
from tiny_coordinator import TinyCoordinator
from xaynet_pet import MaskConfig, Tag

SCALARS = (1.0, 0.25, 0.7)
MODELS = ([0.5, -1.0, 0.125, 1e-7], [1.0, 0.0, -0.3, 2.0], [-0.75, 1 / 3, 1.0, -5.0])
INTEGERS = ([1, -1, 0, 70], [0, 3, -90, 2], [-5, 11, 1, 0])


def test_the_global_model_is_the_exact_weighted_mean():
    coordinator = TinyCoordinator()
    summers, updaters = take_part(coordinator, MODELS, SCALARS)
    finish_round(coordinator, summers + updaters)
    assert coordinator.rejections == []
    assert coordinator.model.fractions() == weighted_mean(coordinator.config, MODELS, SCALARS)


@pytest.mark.parametrize(
    ("config", "models"),
    [
        (MaskConfig("Power2", "F64", "B2", "M6"), MODELS),
        (MaskConfig("Integer", "I32", "B4", "M9"), INTEGERS),
        (MaskConfig("Prime", "I64", "Bmax", "M3"), INTEGERS),
        (MaskConfig("Integer", "F32", "Bmax", "M12"), MODELS),
    ],
    ids=lambda value: "/".join(value.parts) if isinstance(value, MaskConfig) else "",
)
def test_the_mean_is_exact_in_every_kind_of_configuration(config, models):
    coordinator = TinyCoordinator(config=config)
    summers, updaters = take_part(coordinator, models, SCALARS)
    finish_round(coordinator, summers + updaters)
    assert coordinator.model.fractions() == weighted_mean(config, models, SCALARS)


def test_several_sum_participants_send_the_same_mask():
    coordinator = TinyCoordinator(sums=3)
    summers, updaters = take_part(coordinator, MODELS, SCALARS, sums=3)
    finish_round(coordinator, summers + updaters)
    assert coordinator.model.fractions() == weighted_mean(coordinator.config, MODELS, SCALARS)


@pytest.mark.parametrize("size", [194, 300, 1000])
def test_messages_sent_in_parts_give_the_same_model(size):
    coordinator = TinyCoordinator()
    summers, updaters = take_part(coordinator, MODELS, SCALARS, max_message_size=size)
    finish_round(coordinator, summers + updaters)
    assert max(map(len, coordinator.posts)) <= size
    assert coordinator.rejections == []
    assert coordinator.model.fractions() == weighted_mean(coordinator.config, MODELS, SCALARS)


def test_a_message_that_just_fits_is_sent_in_one_piece():
    coordinator = TinyCoordinator()
    seed = key_seed(coordinator, SUM)
    whole = 96 + 136 + 48
    for size, posts in ((whole, 1), (whole - 1, 2)):
        coordinator.posts.clear()
        settle(joined(coordinator, seed=seed, max_message_size=size))
        assert len(coordinator.posts) == posts


def test_many_rounds_follow_one_another_with_changing_tasks():
    coordinator = TinyCoordinator(sum=0.3, update=0.9)
    participants = [joined(coordinator) for _ in range(16)]
    for _ in range(4):
        before = coordinator.model
        for _ in range(40):
            for participant in participants:
                participant.tick()
                if participant.should_set_model():
                    participant.set_model([0.5, -0.5, 0.25, 0.0])
            if coordinator.model is not before:
                break
        assert coordinator.model.to_array("f32").tolist() == [0.5, -0.5, 0.25, 0.0]


def test_a_numpy_array_is_as_good_as_a_list():
    coordinator = TinyCoordinator()
    summers, updaters = take_part(coordinator, MODELS, SCALARS)
    for updater, model in zip(updaters, MODELS, strict=True):
        updater.set_model(np.array(model))
    finish_round(coordinator, summers + updaters)
    assert coordinator.model.fractions() == weighted_mean(coordinator.config, MODELS, SCALARS)


def test_a_sum_run_takes_eleven_ticks_with_progress_and_an_update_run_nine():
    coordinator = TinyCoordinator()
    summers, updaters = take_part(coordinator, MODELS, SCALARS)
    summed = settle(summers[0])
    updated = [1 + settle(updater) for updater in updaters]
    coordinator.sums = 2  # keeps the round from ending before the last two steps
    assert updated == [9, 9, 9]
    assert summed + settle(summers[0]) == 11


def test_the_task_and_the_wish_for_a_model_are_reported():
    coordinator = TinyCoordinator(update=0.5)
    for task in (NONE, SUM, UPDATE):
        participant = joined(coordinator, seed=key_seed(coordinator, task))
        assert (participant.task(), participant.made_progress()) == (NONE, True)
        assert not participant.new_global_model()
        participant.tick()
        assert participant.new_global_model()
        assert participant.task() == NONE
        participant.tick()
        assert participant.task() == task
        assert participant.should_set_model() == (task == UPDATE)


def test_setting_a_model_ends_the_wish_for_one_until_the_next_round():
    coordinator = TinyCoordinator()
    participant = joined(coordinator, seed=key_seed(coordinator, UPDATE))
    settle(participant)
    assert participant.should_set_model()
    participant.set_model([0.0] * 4)
    assert not participant.should_set_model()


def test_a_task_outlives_its_round_until_the_next_one_is_decided():
    coordinator = TinyCoordinator()
    participant = joined(coordinator, seed=key_seed(coordinator, SUM))
    settle(participant)
    coordinator.begin_round()
    participant.tick()
    assert participant.task() == SUM
    assert participant.new_global_model()


def test_a_new_round_leaves_nothing_of_the_old_one():
    coordinator = TinyCoordinator()
    summers, updaters = take_part(coordinator, MODELS, SCALARS)
    for participant in summers + updaters[:2]:
        settle(participant)
    coordinator.begin_round()
    summers, updaters = take_part(coordinator, MODELS, SCALARS)
    finish_round(coordinator, summers + updaters)
    assert coordinator.rejections == []
    assert coordinator.model.fractions() == weighted_mean(coordinator.config, MODELS, SCALARS)


def test_a_model_for_a_round_of_another_length_is_dropped_and_a_new_one_asked_for():
    coordinator = TinyCoordinator()
    _, updaters = take_part(coordinator, MODELS, SCALARS)
    coordinator.change(length=2, sum=1e-9)
    settle(joined(coordinator, seed=key_seed(coordinator, UPDATE)))
    coordinator.phase = Tag.UPDATE
    updater = updaters[0]
    settle(updater)
    assert updater.should_set_model()
    assert coordinator.posts == []
    updater.set_model([0.5, 0.25])
    settle(updater)
    assert coordinator.accepted[Tag.UPDATE] == 1


def test_a_sum_participant_never_sums_up_fewer_than_three_masks():
    coordinator = TinyCoordinator(updates=2)
    summers, updaters = take_part(coordinator, MODELS[:2], SCALARS[:2])
    for participant in [*summers, *updaters, *summers]:
        settle(participant)
    assert coordinator.phase is Tag.SUM2
    assert coordinator.accepted[Tag.SUM2] == 0
    assert "POST /message" not in coordinator.requests[-3:]


def test_a_mask_seed_that_does_not_open_ends_the_sum_task_of_the_round():
    coordinator = TinyCoordinator()
    summers, updaters = take_part(coordinator, MODELS, SCALARS)
    for participant in summers + updaters:
        settle(participant)
    (seeds,) = coordinator.seed_dict.values()
    seeds[next(iter(seeds))] = bytes(80)
    settle(summers[0])
    assert coordinator.accepted[Tag.SUM2] == 0
    summers[0].tick()
    assert coordinator.requests[-1] == "GET /params"


def test_more_masks_than_the_configuration_can_sum_up_end_the_sum_task_of_the_round():
    coordinator = TinyCoordinator(length=1)
    summers, updaters = take_part(coordinator, [[0.5]] * 3, SCALARS)
    for participant in summers + updaters:
        settle(participant)
    (seeds,) = coordinator.seed_dict.values()
    some = next(iter(seeds.values()))
    seeds.update((i.to_bytes(32, "big"), some) for i in range(1000))
    settle(summers[0])
    assert coordinator.accepted[Tag.SUM2] == 0


def test_a_round_that_comes_back_after_its_mask_was_sent_gets_no_second_mask():
    coordinator = TinyCoordinator(sums=2)
    summers, updaters = take_part(coordinator, MODELS, SCALARS, sums=2)
    for participant in [*summers, *updaters, summers[0]]:
        settle(participant)
    assert coordinator.accepted[Tag.SUM2] == 1
    params, posts = coordinator.params, len(coordinator.posts)
    coordinator.begin_round()
    summers[0].tick()
    coordinator.params = params
    settle(summers[0])
    assert summers[0].task() == NONE
    assert len(coordinator.posts) == posts


def test_an_ephemeral_key_for_which_nothing_can_be_sealed_ends_the_update_task():
    coordinator = TinyCoordinator()
    summers, updaters = take_part(coordinator, MODELS, SCALARS)
    settle(summers[0])
    (pk,) = coordinator.sum_dict
    coordinator.sum_dict[pk] = bytes(32)
    settle(updaters[0])
    assert coordinator.accepted[Tag.UPDATE] == 0
    assert not updaters[0].made_progress()


@pytest.mark.parametrize("scalar", [float("nan"), -1.0, 0.0])
def test_scalars_that_are_no_weight_count_as_zero(scalar):
    coordinator = TinyCoordinator()
    scalars = (1.0, scalar, 1.0)
    summers, updaters = take_part(coordinator, MODELS, scalars)
    finish_round(coordinator, summers + updaters)
    expected = weighted_mean(coordinator.config, MODELS, (1.0, 0.0, 1.0))
    assert coordinator.model.fractions() == expected
