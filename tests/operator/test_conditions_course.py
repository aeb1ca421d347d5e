"""The conditions on the way: pause, parameters, completion and end."""

from dataclasses import replace
from typing import Any

import pytest

from found_on_kubernetes import (
    COORDINATOR,
    ERASE,
    LATER,
    MINIO,
    REDIS,
    after,
    by_key,
    conditions,
    erased,
    owned,
    pod,
    resource,
    running,
    serving,
    silent,
    told,
    unreached,
    waiting,
    words,
    workload,
)
from xaynet_operator.facts import Found, Stage
from xaynet_operator.resource import (
    FederatedRound,
)

CR = resource()
NO_ROUNDS = {"wanted": None, "successful": 0, "failed": 0, "failuresInARow": 0}
NOTHING_READ: dict[str, Any] = {
    "generation": None,
    "phase": "Idle",
    "round": None,
    "parameters": {},
    "rounds": NO_ROUNDS,
    "lastRounds": [],
    "latestModel": None,
}
NOT_READY = (workload(REDIS, ready=False), workload(COORDINATOR, ready=False))


# Pause


@pytest.mark.parametrize(
    ("desired", "told_by_it", "paused", "progressing"),
    [
        ("Paused", {"paused": True}, ("True", "Paused"), ("False", "AsDesired")),
        ("Paused", {"phase": "Unmask"}, ("False", "Pausing"), ("True", "Pausing")),
        ("Paused", {"phase": "Completed", "round": None}, ("True", "Paused"),
         ("False", "AsDesired")),
        ("Running", {"paused": True}, ("True", "Resuming"), ("True", "Resuming")),
        ("Running", {}, ("False", "Running"), ("False", "AsDesired")),
    ],
)  # fmt: skip
def test_a_pause_is_told_as_it_comes_and_goes(
    desired: str, told_by_it: Any, paused: Any, progressing: Any
) -> None:
    cr = resource(desiredState=desired)
    seen = words(cr, serving(cr, **told_by_it))
    assert (seen["Paused"], seen["Progressing"]) == (paused, progressing)
    assert seen["Ready"] == ("True", "CoordinatorReady"), "reads go on"


def test_a_service_that_is_about_to_be_stopped_is_still_pausing() -> None:
    cr = resource(desiredState="Paused", pause__scaleToZero=True)
    seen = words(cr, serving(cr, paused=True))
    assert seen["Paused"] == ("True", "Paused")
    assert seen["Progressing"] == ("True", "Pausing")


def asleep(*more: Any) -> tuple[FederatedRound, Found]:
    cr = resource(desiredState="Paused", pause__scaleToZero=True)
    objects = [workload(REDIS, wanted=0), workload(COORDINATOR, wanted=0), workload(MINIO)]
    return cr, Found(Stage.ASLEEP, by_key([*objects, *more]), told(cr, paused=True), "gone")


def test_a_service_that_sleeps_is_paused_and_not_degraded() -> None:
    cr, found = asleep()
    assert words(cr, found) == {
        "Ready": ("False", "ScaledToZero"),
        "Progressing": ("False", "AsDesired"),
        "Paused": ("True", "ScaledToZero"),
        "ParametersApplied": ("True", "Applied"),
        "Degraded": ("False", "ScaledToZero"),
        "Completed": ("False", "NoEnd"),
        "Terminated": ("False", "NotAsked"),
    }
    assert "set spec.desiredState to Running" in conditions(cr, found)["Ready"].message


def test_an_edit_of_a_service_that_sleeps_applies_later_for_an_operator_that_knows_nothing() -> (
    None
):
    before, found = asleep()
    spec = {"desiredState": "Paused", "pause__scaleToZero": True}
    same = resource(after(before, found), **spec)
    edited = resource(after(before, found), generation=4, **spec)
    unheard = replace(found, state=None, unreachable=None)
    assert words(same, unheard)["ParametersApplied"] == ("True", "Applied")
    applied = conditions(edited, unheard)["ParametersApplied"]
    assert (applied.status, applied.reason) == ("False", "Applying")
    assert "when it is resumed" in applied.message


def test_pods_that_are_ending_are_waited_for_by_a_service_that_falls_asleep() -> None:
    leaving = pod(COORDINATOR)
    leaving["metadata"]["deletionTimestamp"] = "2026-11-23T20:00:00Z"
    cr, found = asleep(leaving)
    assert words(cr, found)["Progressing"] == ("True", "Pausing")
    cr, found = asleep(pod(MINIO))
    assert words(cr, found)["Progressing"] == ("False", "AsDesired")


def test_a_service_that_is_woken_starts_and_has_no_trouble() -> None:
    before, found = asleep()
    woken = resource(after(before, found), generation=4)
    starting = replace(found, stage=Stage.SERVING, unreachable="it has not answered yet")
    seen = words(woken, starting)
    assert (seen["Ready"], seen["Degraded"][0]) == (("False", "Starting"), "False")
    assert seen["Paused"] == ("True", "Resuming")


def test_a_coordinator_that_has_not_read_its_stores_takes_nothing_back() -> None:
    cr = resource(rounds=1)
    was = after(cr, serving(cr, phase="Completed", round=None))
    begun = serving(cr, **NOTHING_READ)
    assert words(resource(was, rounds=1), begun)["Completed"] == ("True", "RoundsReached")
    assert after(resource(was, rounds=1), begun).totals == was.totals

    asked = resource(desiredState="Paused")
    paused = after(asked, serving(asked, paused=True))
    assert words(resource(paused, generation=4), begun)["Paused"] == ("True", "Resuming")


# Parameters


def test_parameters_of_an_older_generation_are_being_applied() -> None:
    edited = resource(generation=4)
    seen = words(edited, serving(CR))
    assert seen["ParametersApplied"] == ("False", "Applying")
    assert seen["Progressing"] == ("True", "ApplyingParameters")


def test_parameters_that_wait_for_the_next_round_are_named() -> None:
    parameters = {
        "update.prob": {"active": 0.1, "generation": 2, "pending": 0.2, "pendingGeneration": 3},
        "sum.prob": {"active": 0.01, "generation": 2, "pending": 0.5, "pendingGeneration": 3},
        "update.count.max": {"active": 10, "generation": 3},
    }
    seen = conditions(CR, serving(CR, parameters=parameters))
    applied = seen["ParametersApplied"]
    assert (applied.status, applied.reason) == ("False", "NextRound")
    assert applied.message == (
        "Waiting for the next round: spec.pet.update.prob, spec.pet.sum.prob."
    )
    assert seen["Progressing"].reason == "ApplyingParameters"


def test_parameters_that_the_coordinator_refuses_are_told_in_its_words() -> None:
    found = replace(serving(CR, generation=2), refused=("sum.count.max must be at least 1",))
    seen = conditions(CR, found)
    assert seen["ParametersApplied"].reason == "Refused"
    assert "sum.count.max must be at least 1" in seen["ParametersApplied"].message
    assert seen["Progressing"].reason == "Refused"
    assert seen["Ready"].status == "True", "it goes by the older ones"


def test_nothing_is_known_of_parameters_edited_while_nobody_could_ask() -> None:
    was = after(CR, serving(CR))
    same, edited = resource(was), resource(was, generation=4)
    assert words(same, unreached())["ParametersApplied"] == ("True", "Applied")
    assert words(edited, unreached())["ParametersApplied"] == ("Unknown", "Starting")


# Completed


@pytest.mark.parametrize(
    ("wanted", "successful", "phase", "word"),
    [
        (2, 2, "Completed", ("True", "RoundsReached")),
        (3, 2, "Completed", ("False", "RoundsLeft")),
        (3, 2, "Update", ("False", "RoundsLeft")),
        (2, 2, "Update", ("False", "RoundsLeft")),
        (None, 2, "Completed", ("False", "NoEnd")),
    ],
)
def test_a_service_is_completed_once_its_rounds_are_done_and_none_is_in_flight(
    wanted: int | None, successful: int, phase: str, word: Any
) -> None:
    cr = resource(rounds=wanted)
    rounds = {"wanted": 2, "successful": successful, "failed": 0, "failuresInARow": 0}
    changes: dict[str, Any] = {"phase": phase, "rounds": rounds}
    if phase == "Completed":
        changes["round"] = None
    found = serving(cr, **changes)
    assert words(cr, found)["Completed"] == word
    assert words(cr, found)["Ready"][0] == "True", "reads go on"
    kept = resource(after(cr, found), rounds=wanted)
    assert words(kept, unreached(*running()))["Completed"] == word


# Terminated


def erasing(*objects: Any, **spec: Any) -> tuple[FederatedRound, Found]:
    cr = resource(desiredState="Terminated", **spec)
    return cr, Found(Stage.ERASING, by_key(objects), told(CR), "gone")


def test_a_service_that_is_being_erased_is_nothing_else() -> None:
    cr, found = erasing(owned("Job", ERASE), *NOT_READY)
    assert words(cr, found) == {
        "Ready": ("False", "Erasing"),
        "Progressing": ("True", "Erasing"),
        "Paused": ("False", "Erasing"),
        "ParametersApplied": ("Unknown", "Terminated"),
        "Degraded": ("False", "Erasing"),
        "Completed": ("False", "NoEnd"),
        "Terminated": ("False", "Erasing"),
    }


def test_what_keeps_a_service_from_being_erased_is_told() -> None:
    cr, found = erasing(owned("Job", ERASE), pod(ERASE, waiting("ErrImagePull")))
    seen = conditions(cr, found)
    assert seen["Progressing"].reason == "ImagePullFailed"
    assert "the erasing Job cannot be pulled" in seen["Terminated"].message


def test_the_end_is_recorded_and_stays() -> None:
    cr, found = erasing(erased("Complete"))
    seen = words(cr, found)
    assert seen["Terminated"] == ("True", "Erased")
    assert seen["Ready"] == ("False", "Terminated")
    assert seen["Progressing"] == ("False", "AsDesired")
    recorded = resource(after(cr, found), desiredState="Terminated", generation=4)
    later = conditions(recorded, Found(Stage.ENDED, {}), LATER)["Terminated"]
    was = conditions(cr, found)["Terminated"]
    assert later == was.model_copy(update={"observed_generation": 4})


def test_what_may_be_left_of_a_failed_erasure_is_told_with_its_place() -> None:
    spec = {
        "redis": {"external": {"urlSecretRef": {"name": "redis-url", "key": "address"}}},
        "models": {"external": {"bucket": "digits", "credentialsSecretRef": {"name": "s3"}}},
    }
    cr, found = erasing(erased("Failed", "Job has reached the specified backoff limit"), **spec)
    seen = conditions(cr, found)["Terminated"]
    assert (seen.status, seen.reason) == ("True", "ErasureIncomplete")
    assert "Job has reached the specified backoff limit" in seen.message
    assert "in the Redis that entry address of Secret redis-url leads to" in seen.message
    assert "in bucket digits-rounds" in seen.message
    assert "0d8c7a3e-6f0b-4d0e-9d53-0f6f0a1b2c3d" in seen.message


def test_a_service_that_was_completed_stays_so_when_it_is_terminated() -> None:
    cr = resource(rounds=1)
    was = after(cr, serving(cr, phase="Completed", round=None))
    ending = resource(was, rounds=1, desiredState="Terminated", generation=4)
    done = Found(Stage.ERASING, by_key([erased("Complete")]))
    assert words(ending, done)["Completed"] == ("True", "RoundsReached")


def test_a_coordinator_that_falls_silent_is_told_without_forgetting_its_pause() -> None:
    cr = resource(desiredState="Paused")
    seen = words(cr, silent(serving(cr, paused=True)))
    assert seen["Ready"] == ("False", "CoordinatorUnreachable")
    assert seen["Paused"] == ("True", "Paused")
