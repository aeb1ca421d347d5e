"""The conditions: which hold in which world, and what they tell people to do."""

from dataclasses import replace
from typing import Any

import pytest

from found_on_kubernetes import (
    COORDINATOR,
    LATER,
    MINIO,
    NOW,
    REDIS,
    after,
    by_key,
    claim,
    conditions,
    ended,
    past,
    pod,
    resource,
    running,
    serving,
    unreached,
    unscheduled,
    waiting,
    words,
    workload,
)
from xaynet_operator.facts import Found, ObjectKey, Problem, Stage
from xaynet_operator.resource import (
    CONDITION_TYPES,
)
from xaynet_operator.status import status_of

CR = resource()
NOT_READY = (workload(REDIS, ready=False), workload(COORDINATOR, ready=False))
S3_DOWN = {"available": False, "message": "minio:9000 refuses", "reason": "S3Unreachable"}
REDIS_DOWN = {"available": False, "message": "no route to redis", "reason": "RedisUnreachable"}


def test_a_service_that_serves_is_as_desired() -> None:
    assert words(CR, serving(CR)) == {
        "Ready": ("True", "CoordinatorReady"),
        "Progressing": ("False", "AsDesired"),
        "Paused": ("False", "Running"),
        "ParametersApplied": ("True", "Applied"),
        "Degraded": ("False", "Healthy"),
        "Completed": ("False", "NoEnd"),
        "Terminated": ("False", "NotAsked"),
    }


def test_all_conditions_are_set_at_the_first_visit() -> None:
    cr = resource(rounds=10)
    assert words(cr, Found(Stage.SERVING, {})) == {
        "Ready": ("False", "Starting"),
        "Progressing": ("True", "Provisioning"),
        "Paused": ("Unknown", "Starting"),
        "ParametersApplied": ("Unknown", "Starting"),
        "Degraded": ("Unknown", "Starting"),
        "Completed": ("Unknown", "Starting"),
        "Terminated": ("False", "NotAsked"),
    }


def test_conditions_come_in_their_order_and_speak_of_the_generation() -> None:
    seen = status_of(resource(generation=9), serving(CR), NOW).conditions
    assert tuple(one.type for one in seen) == CONDITION_TYPES
    assert {one.observed_generation for one in seen} == {9}


def test_transition_times_change_with_the_value_alone() -> None:
    waiting_for_redis = serving(CR, *NOT_READY, store=REDIS_DOWN)
    cr = resource(after(CR, waiting_for_redis))
    assert conditions(cr, serving(CR, store=S3_DOWN), LATER)["Ready"].last_transition_time == (
        NOW.replace(microsecond=0)
    ), "another reason is no transition"
    seen = conditions(cr, serving(CR), LATER)
    assert seen["Ready"].last_transition_time == LATER
    assert seen["Terminated"].last_transition_time == NOW.replace(microsecond=0)


# Ready and Degraded


@pytest.mark.parametrize(
    ("objects", "reason", "degraded", "sentence"),
    [
        ((), "Starting", "Unknown", "Not ready yet: redis and minio and coordinator."),
        ((workload(REDIS), workload(MINIO)), "Starting", "Unknown",
         "Not ready yet: coordinator."),
        ((*NOT_READY, pod(COORDINATOR, waiting("ErrImagePull"))), "ImagePullFailed", "True",
         "spec.coordinator.image"),
        ((*NOT_READY, pod(REDIS, conditions=unscheduled("0/1 nodes"))), "Unschedulable", "True",
         "0/1 nodes"),
        ((*NOT_READY, claim(REDIS, "Lost")), "VolumeLost", "True", "restore it"),
        ((*NOT_READY, claim(REDIS)), "Starting", "Unknown",
         "Not ready yet"),
        ((*NOT_READY, claim(REDIS, provisioner="a.io/b")),
         "VolumePending", "True", "kubectl describe pvc digits-redis"),
        ((*NOT_READY, pod(COORDINATOR, waiting("CrashLoopBackOff", lastState=ended(1, "no")))),
         "CrashLooping", "True", "kubectl logs"),
        (tuple(running()), "CoordinatorUnreachable", "True",
         "connection refused. Check that network policies let the operator reach Service "
         "digits-control."),
    ],
)  # fmt: skip
def test_a_coordinator_that_cannot_be_reached_says_why(
    objects: Any, reason: str, degraded: str, sentence: str
) -> None:
    seen = conditions(CR, unreached(*objects))
    assert (seen["Ready"].status, seen["Ready"].reason) == ("False", reason)
    assert sentence in seen["Ready"].message
    assert seen["Degraded"].status == degraded
    if degraded == "True":
        assert (seen["Degraded"].reason, seen["Degraded"].message) == (
            reason,
            seen["Ready"].message,
        )


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [
        ("RedisUnreachable", "Check that Redis runs"),
        ("RedisCredentials", "Correct the password"),
        ("RedisRefuses", "the memory and the rights"),
        ("S3Unreachable", "Check that the S3 service runs"),
        ("S3Credentials", "Correct the keys"),
        ("S3Refuses", "Check the buckets"),
    ],
)
def test_a_store_that_does_not_answer_is_named_with_advice(reason: str, sentence: str) -> None:
    down = {"available": False, "message": "it is not there.", "reason": reason}
    seen = conditions(CR, serving(CR, store=down))
    assert (seen["Ready"].status, seen["Ready"].reason) == ("False", reason)
    assert "it is not there. " in seen["Ready"].message
    assert sentence in seen["Ready"].message
    assert (seen["Degraded"].status, seen["Degraded"].reason) == ("True", reason)


def test_a_store_of_an_older_coordinator_has_no_reason_but_is_unavailable() -> None:
    down = {"available": False, "message": "timed out"}
    assert words(CR, serving(CR, store=down))["Ready"] == ("False", "StoreUnavailable")


def test_why_a_managed_store_does_not_run_is_told_instead_of_that_it_does_not_answer() -> None:
    found = serving(CR, *NOT_READY, pod(REDIS, waiting("ErrImagePull")), store=REDIS_DOWN)
    assert words(CR, found)["Ready"] == ("False", "ImagePullFailed")
    other = serving(CR, pod(MINIO, waiting("ErrImagePull")), store=REDIS_DOWN)
    assert words(CR, other)["Ready"] == ("False", "RedisUnreachable")


def test_a_new_coordinator_that_waits_for_a_redis_that_starts_is_starting() -> None:
    found = serving(CR, *NOT_READY, store=REDIS_DOWN, generation=None, phase="Idle", round=None)
    seen = words(CR, found)
    assert seen["Ready"] == ("False", "Starting")
    assert seen["Degraded"][0] != "True"
    external = resource(redis={"external": {"urlSecretRef": {"name": "a"}}})
    assert words(external, found)["Ready"] == ("False", "RedisUnreachable")


def test_a_redis_that_has_just_become_ready_is_given_a_moment_to_be_found() -> None:
    ready = {"type": "Ready", "status": "True", "lastTransitionTime": NOW.isoformat()}
    redis = pod(REDIS, phase="Running", conditions=[ready])
    found = serving(CR, redis, store=REDIS_DOWN, generation=None, phase="Idle", round=None)
    assert words(CR, found)["Ready"] == ("False", "Starting")
    assert conditions(CR, found, LATER)["Ready"].reason == "RedisUnreachable"


def test_a_coordinator_without_parameters_is_starting() -> None:
    found = serving(CR, generation=None, phase="Idle", round=None, parameters={})
    assert words(CR, found)["Ready"] == ("False", "Starting")


def test_a_coordinator_that_participants_cannot_reach_yet_is_not_ready() -> None:
    found = serving(CR, workload(COORDINATOR, ready=False))
    assert words(CR, found)["Ready"] == ("False", "Starting")


def test_warnings_of_the_coordinator_are_passed_on() -> None:
    found = serving(CR, warnings=["Redis does not write every change at once."])
    ready = conditions(CR, found)["Ready"]
    assert ready.status == "True"
    assert ready.message.endswith("Redis does not write every change at once.")


def refused(kind: str) -> Problem:
    return Problem(ObjectKey(kind, "digits-coordinator"), "Forbidden", "exceeded quota: small")


def test_an_object_that_is_refused_says_who_and_why() -> None:
    seen = conditions(CR, replace(unreached(), problems=(refused("Deployment"),)))
    assert seen["Ready"].reason == "ObjectRefused"
    assert "Deployment digits-coordinator is refused (Forbidden): exceeded quota" in (
        seen["Ready"].message
    )
    assert seen["Progressing"].reason == "ObjectRefused"


def test_a_refused_object_that_nobody_needs_does_not_hide_what_is_wrong() -> None:
    broken = unreached(*NOT_READY, pod(COORDINATOR, waiting("ErrImagePull")))
    found = replace(broken, problems=(refused("PodDisruptionBudget"),))
    assert words(CR, found)["Ready"] == ("False", "ImagePullFailed")


def test_a_service_that_serves_without_one_of_its_objects_is_ready_and_degraded() -> None:
    seen = words(CR, replace(serving(CR), problems=(refused("Ingress"),)))
    assert seen["Ready"] == ("True", "CoordinatorReady")
    assert seen["Degraded"] == ("True", "ObjectRefused")
    assert seen["Progressing"] == ("False", "ObjectRefused")


def test_three_failed_rounds_in_a_row_degrade() -> None:
    rounds = {"wanted": None, "successful": 0, "failed": 2, "failuresInARow": 2}
    assert words(CR, serving(CR, rounds=rounds))["Degraded"] == ("False", "Healthy")
    seen = conditions(CR, serving(
        CR, rounds=rounds | {"failuresInARow": 3},
        lastRounds=[past(1), past(2, "PhaseTimeout: Sum 0, min 1")]))  # fmt: skip
    assert (seen["Degraded"].status, seen["Degraded"].reason) == ("True", "RoundsFailing")
    assert "the last one: PhaseTimeout: Sum 0, min 1." in seen["Degraded"].message
    assert seen["Ready"].status == "True"


def test_an_operator_that_has_just_begun_believes_its_predecessor() -> None:
    cr = resource(after(CR, serving(CR)))
    unasked = Found(Stage.SERVING, by_key(running()))
    seen, was = words(cr, unasked), words(CR, serving(CR))
    assert {kind: word for kind, word in seen.items() if kind != "Progressing"} == {
        kind: word for kind, word in was.items() if kind != "Progressing"
    }
    assert seen["Progressing"][0] == "Unknown"


def test_a_trouble_that_is_over_is_not_believed_any_more() -> None:
    broken = unreached(*NOT_READY, pod(COORDINATOR, waiting("ErrImagePull")))
    mended = Found(Stage.SERVING, by_key(NOT_READY))
    seen = words(resource(after(CR, broken)), mended)
    assert seen["Ready"] == ("False", "Starting")
    assert seen["Degraded"] == ("Unknown", "Starting")


# Progressing


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"observedGeneration": 1}, "True"),
        ({"updatedReplicas": 0}, "True"),
        ({"readyReplicas": 0}, "True"),
        ({"replicas": 2}, "True"),
        ({}, "False"),
    ],
)
def test_a_service_progresses_until_all_pods_are_new_and_ready(
    changes: dict[str, int], status: str
) -> None:
    deployment = workload(COORDINATOR)
    deployment["status"] |= changes
    seen = conditions(CR, serving(CR, deployment))["Progressing"]
    assert seen.status == status
    if changes:
        assert (seen.reason, seen.message) == ("RollingOut", "Not ready yet: coordinator.")


def test_a_trouble_stops_the_progress() -> None:
    found = unreached(*NOT_READY, pod(COORDINATOR, waiting("ErrImagePull")))
    assert words(CR, found)["Progressing"] == ("False", "ImagePullFailed")


def test_a_volume_that_is_being_made_is_progress() -> None:
    making = claim(REDIS, provisioner="a.io/b")
    making["metadata"]["creationTimestamp"] = NOW.isoformat()
    assert words(CR, unreached(*NOT_READY, making))["Progressing"] == ("True", "Provisioning")
