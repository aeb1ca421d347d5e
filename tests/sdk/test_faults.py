"""What a participant does when the network, or the coordinator, fails at any of its requests."""

import logging

import pytest

from sdk_rounds import (
    SUM,
    UPDATE,
    finish_round,
    joined,
    key_seed,
    settle,
    take_part,
    weighted_mean,
)
from tiny_coordinator import TinyCoordinator, answer_lost, connection_refused, status

SCALARS = (1.0, 0.25, 0.7)
MODELS = ([0.5, -1.0, 0.125, 1e-7], [1.0, 0.0, -0.3, 2.0], [-0.75, 1 / 3, 1.0, -5.0])

PATHS = ("/params", "/sums", "/seeds", "/message")
FAULTS = {
    "no connection": connection_refused,
    "the answer is lost": answer_lost,
    "503": lambda: status(503, Retry_After="1"),
    "500": lambda: status(500),
    "an unknown success": lambda: status(202),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("size", [None, 300], ids=["whole", "in parts"])
def test_a_failing_request_is_repeated_and_the_round_ends_exact(path, fault, size):
    coordinator = TinyCoordinator()
    summers, updaters = take_part(coordinator, MODELS, SCALARS, max_message_size=size)
    coordinator.fail(path, fault(), fault(), fault())
    finish_round(coordinator, summers + updaters)
    assert coordinator.rejections == []
    assert coordinator.model.fractions() == weighted_mean(coordinator.config, MODELS, SCALARS)


@pytest.mark.parametrize("path", ["/params", "/sums", "/seeds"])
def test_a_body_that_cannot_be_read_is_asked_for_again(path):
    coordinator = TinyCoordinator()
    summers, updaters = take_part(coordinator, MODELS, SCALARS)
    coordinator.fail(path, status(200, b"no such thing"), status(200))
    finish_round(coordinator, summers + updaters)
    assert coordinator.model.fractions() == weighted_mean(coordinator.config, MODELS, SCALARS)


def test_parameters_that_are_not_there_yet_change_nothing():
    coordinator = TinyCoordinator()
    participant = joined(coordinator)
    coordinator.fail("/params", status(204))
    participant.tick()
    assert not participant.made_progress()
    assert not participant.new_global_model()


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_an_unanswered_message_is_repeated_with_the_same_bytes(fault):
    coordinator = TinyCoordinator()
    participant = joined(coordinator, seed=key_seed(coordinator, SUM))
    coordinator.fail("/message", fault(), fault())
    for _ in range(3):
        settle(participant)
    first, *repeated = coordinator.posts
    assert repeated == [first, first]
    assert coordinator.rejections == []


def test_every_part_of_a_message_is_repeated_with_the_same_bytes():
    coordinator = TinyCoordinator()
    participant = joined(coordinator, seed=key_seed(coordinator, SUM), max_message_size=200)
    coordinator.fail("/message", *(status(503) for _ in range(2)))
    for _ in range(4):
        settle(participant)
    assert coordinator.posts[0] == coordinator.posts[1] == coordinator.posts[2]
    assert len(set(coordinator.posts)) == len(coordinator.posts) - 2


def test_a_message_answered_with_200_is_final_even_if_it_was_rejected(caplog):
    caplog.set_level(logging.INFO, "xaynet_sdk")
    coordinator = TinyCoordinator()
    participant = joined(coordinator, seed=key_seed(coordinator, SUM))
    coordinator.fail("/message", status(200, Xaynet_Outcome="rejected; reason=phase"))
    settle(participant)
    settle(participant)
    assert len(coordinator.posts) == 1
    assert "rejected; reason=phase" in caplog.text


def test_the_coordinator_may_ask_for_a_longer_wait():
    coordinator = TinyCoordinator()
    participant = joined(coordinator, seed=key_seed(coordinator, SUM))
    for header, seconds in (("7", 7.0), ("soon", None), ("", None)):
        coordinator.fail("/params", status(503, Retry_After=header))
        participant.tick()
        assert participant.retry_after() == seconds
    participant.tick()
    assert participant.retry_after() is None


def test_redirects_are_followed():
    coordinator = TinyCoordinator()
    participant = joined(coordinator, seed=key_seed(coordinator, UPDATE))
    coordinator.fail("/params", status(307, Location="http://elsewhere/params"))
    participant.tick()
    assert participant.new_global_model()


def test_a_redirect_to_nowhere_is_a_failure_like_any_other():
    coordinator = TinyCoordinator()
    participant = joined(coordinator)
    coordinator.fail("/params", status(307, Location="http://["))
    participant.tick()
    assert not participant.made_progress()
