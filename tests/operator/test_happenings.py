"""Events: one for each transition that people want to know of, and no other ones."""

from dataclasses import replace
from typing import Any

from found_on_kubernetes import (
    COORDINATOR,
    ERASE,
    LATER,
    NOW,
    REDIS,
    after,
    by_key,
    erased,
    owned,
    past,
    pod,
    resource,
    running,
    serving,
    unreached,
    waiting,
    workload,
)
from xaynet_operator.facts import Found, Stage
from xaynet_operator.happenings import Happening, happenings
from xaynet_operator.resource import FederatedRound, FederatedRoundStatus
from xaynet_operator.status import status_of

CR = resource()
SERVED = after(CR, serving(CR))
NOT_READY = (workload(REDIS, ready=False), workload(COORDINATOR, ready=False))
STARTING = after(CR, unreached(*NOT_READY))
NO_IMAGE = unreached(*NOT_READY, pod(COORDINATOR, waiting("ErrImagePull", "not found")))


def events(
    before: FederatedRoundStatus | None, found: Found, cr: FederatedRound = CR, **spec: Any
) -> list[Happening]:
    visited = resource(before, cr.metadata.generation or 0, **spec)
    return list(happenings(before, status_of(visited, found, LATER), visited))


def kinds(
    before: FederatedRoundStatus | None, found: Found, cr: FederatedRound = CR, **spec: Any
) -> list[tuple[str, str]]:
    return [(one.type, one.reason) for one in events(before, found, cr, **spec)]


def test_nothing_happens_while_a_service_serves_or_a_round_goes_through_its_phases() -> None:
    assert kinds(SERVED, serving(CR)) == []
    assert kinds(SERVED, serving(CR, phase="Sum2", waitingFor="Sum2 0/2, 60 s left, min 1")) == []


def test_a_service_that_begins_has_nothing_to_tell() -> None:
    assert kinds(None, Found(Stage.SERVING, {})) == []
    assert kinds(None, unreached(*NOT_READY)) == []


def test_a_service_that_is_ready_says_so() -> None:
    found = serving(CR, lastRounds=[])
    assert kinds(STARTING, found) == [("Normal", "CoordinatorReady")]


def test_a_trouble_is_one_warning_though_two_conditions_tell_it() -> None:
    (event,) = events(STARTING, NO_IMAGE)
    assert (event.type, event.reason) == ("Warning", "ImagePullFailed")
    assert "spec.coordinator.image" in event.message
    assert kinds(after(CR, NO_IMAGE), NO_IMAGE) == []


def test_another_trouble_is_another_warning() -> None:
    crash = unreached(*NOT_READY, pod(COORDINATOR, waiting("CrashLoopBackOff")))
    assert kinds(after(CR, NO_IMAGE), crash) == [("Warning", "CrashLooping")]


def test_a_service_that_is_mended_is_one_event() -> None:
    found = serving(CR, lastRounds=[])
    assert kinds(after(CR, NO_IMAGE), found) == [("Normal", "CoordinatorReady")]


def test_a_store_that_goes_and_comes_is_two_events() -> None:
    down = {"available": False, "message": "no route", "reason": "RedisUnreachable"}
    gone = serving(CR, store=down)
    assert kinds(SERVED, gone) == [("Warning", "RedisUnreachable")]
    assert kinds(after(CR, gone), serving(CR)) == [("Normal", "CoordinatorReady")]


def test_a_coordinator_that_starts_anew_is_nothing_to_warn_of() -> None:
    assert kinds(SERVED, Found(Stage.SERVING, by_key(NOT_READY))) == [("Normal", "Starting")]


def test_rounds_that_fail_again_and_again_are_a_warning_and_their_end_is_told() -> None:
    counts = {"wanted": None, "successful": 1, "failed": 4}
    failing = serving(CR, rounds=counts | {"failuresInARow": 3})
    assert kinds(SERVED, failing) == [("Warning", "RoundsFailing")]
    going = serving(CR, rounds=counts | {"failuresInARow": 0})
    assert kinds(after(CR, failing), going) == [("Normal", "Healthy")]


# Rounds


def test_every_round_that_has_ended_is_told_once_the_oldest_first() -> None:
    rounds = [past(2), past(3), past(4, "PhaseTimeout: Sum 0, min 1"), past(5)]
    found = serving(CR, lastRounds=rounds)
    three, four, five = events(SERVED, found)
    assert (three.type, three.reason) == ("Normal", "RoundSucceeded")
    assert three.message == ("Round 3 succeeded after 31 s with 2 sum, 9 update, 2 sum2 messages.")
    assert (four.type, four.reason) == ("Warning", "RoundFailed")
    assert four.message.startswith("Round 4 failed after 31 s")
    assert four.message.endswith(": PhaseTimeout: Sum 0, min 1")
    assert five.message.startswith("Round 5 succeeded")
    assert kinds(after(resource(SERVED), found), found) == []


def test_a_coordinator_that_forgets_its_rounds_tells_none_of_them_again() -> None:
    assert kinds(SERVED, serving(CR, lastRounds=[])) == []
    forgotten = after(resource(SERVED), serving(CR, lastRounds=[]))
    assert kinds(forgotten, serving(CR)) == []


# Parameters

EDIT = {"pet__update__count__max": 200, "pet__update__prob": 0.5}


def test_an_edit_is_told_when_it_waits_and_when_it_is_in_force() -> None:
    edited = resource(generation=4, **EDIT)
    values = {name: one.model_dump() for name, one in serving(edited).state.parameters.items()}
    held_back = values | {
        "update.prob": {"active": 0.1, "generation": 3, "pending": 0.5, "pendingGeneration": 4}
    }
    not_told = serving(CR)
    (waits,) = events(SERVED, not_told, edited, **EDIT)
    assert waits == Happening(
        "Normal", "ParametersPending", "With the next round pet.update.prob is 0.5."
    )
    first = after(resource(SERVED, 4, **EDIT), not_told)
    (at_once,) = events(first, serving(edited, parameters=held_back), edited, **EDIT)
    assert at_once == Happening(
        "Normal", "ParametersActive", "pet.update.count.max is 200 from round 3 on."
    )
    second = after(resource(first, 4, **EDIT), serving(edited, parameters=held_back))
    next_round = serving(edited).state.round.model_copy(update={"id": 4})
    state = serving(edited).state.model_copy(update={"round": next_round})
    (at_last,) = events(second, replace(serving(edited), state=state), edited, **EDIT)
    assert at_last == Happening(
        "Normal", "ParametersActive", "pet.update.prob is 0.5 from round 4 on."
    )


def test_between_rounds_an_edit_is_in_force_from_now_on() -> None:
    edited = resource(generation=4, **EDIT)
    found = serving(edited, round=None, phase="Idle")
    (event,) = events(SERVED, found, edited, **EDIT)
    assert event.message == ("pet.update.prob is 0.5, pet.update.count.max is 200 from now on.")


def test_parameters_that_are_refused_are_a_warning() -> None:
    found = replace(serving(CR, generation=2), refused=("sum.count.max must be at least 1",))
    assert kinds(SERVED, found) == [("Warning", "ParametersRefused")]


# Pause, completion, end


def test_a_pause_is_told_when_it_has_come_and_when_it_is_over() -> None:
    paused = serving(CR, paused=True)
    spec = {"desiredState": "Paused"}
    assert kinds(SERVED, serving(CR), **spec) == []
    assert kinds(SERVED, paused, **spec) == [("Normal", "Paused")]
    was = after(resource(SERVED, **spec), paused)
    assert kinds(was, paused) == [], "still paused"
    assert kinds(was, serving(CR)) == [("Normal", "Resumed")]


def test_a_service_that_falls_asleep_and_wakes_warns_of_nothing() -> None:
    spec = {"desiredState": "Paused", "pause__scaleToZero": True}
    cr = resource(**spec)
    paused = after(resource(SERVED, **spec), serving(cr, paused=True))
    asleep = Found(Stage.ASLEEP, {}, serving(cr, paused=True).state, "gone")
    assert kinds(paused, asleep, **spec) == [("Normal", "ScaledToZero")]
    was = after(resource(paused, **spec), asleep)
    waking = Found(Stage.SERVING, by_key(NOT_READY), serving(cr, paused=True).state, "gone")
    assert kinds(was, waking) == []
    awake = after(resource(was), waking)
    assert kinds(awake, serving(CR)) == [("Normal", "CoordinatorReady"), ("Normal", "Resumed")]


def test_completion_is_told_and_that_more_rounds_go_on() -> None:
    done = serving(CR, phase="Completed", round=None)
    assert kinds(SERVED, done, rounds=1) == [("Normal", "Completed")]
    was = after(resource(SERVED, rounds=1), done)
    assert kinds(was, serving(CR), rounds=2) == [("Normal", "GoesOn")]


def test_the_end_is_told_when_it_begins_and_when_it_is_recorded() -> None:
    spec = {"desiredState": "Terminated"}
    erasing = Found(Stage.ERASING, by_key([owned("Job", ERASE), *running()]))
    assert kinds(SERVED, erasing, **spec) == [("Normal", "Terminating")]
    was = after(resource(SERVED, **spec), erasing)
    done = Found(Stage.ERASING, by_key([erased("Complete")]))
    assert kinds(was, done, **spec) == [("Normal", "Terminated")]
    failed = Found(Stage.ERASING, by_key([erased("Failed")]))
    assert kinds(was, failed, **spec) == [("Warning", "ErasureIncomplete")]
    recorded = status_of(resource(was, **spec), done, NOW)
    assert kinds(recorded, Found(Stage.ENDED, {}), **spec) == []
