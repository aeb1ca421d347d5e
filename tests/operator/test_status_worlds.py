"""The status in any world: always complete, and the same as long as the world is."""

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from found_on_kubernetes import (
    COORDINATOR,
    ERASE,
    LATER,
    MINIO,
    NOW,
    REDIS,
    by_key,
    claim,
    ended,
    erased,
    owned,
    past,
    pod,
    resource,
    told,
    unscheduled,
    waiting,
    workload,
)
from xaynet_operator.facts import Found, Manifest, ObjectKey, Problem, Stage
from xaynet_operator.happenings import happenings
from xaynet_operator.resource import CONDITION_TYPES, FederatedRound, FederatedRoundStatus
from xaynet_operator.status import status_of

REASONS = ["RedisUnreachable", "S3Credentials", None]
PENDING = {"active": 1, "generation": 1, "pending": 2, "pendingGeneration": 2}
SPECS: list[dict[str, Any]] = [
    {},
    {"rounds": 2},
    {"desiredState": "Paused"},
    {"desiredState": "Paused", "pause__scaleToZero": True},
    {"desiredState": "Terminated"},
    {"desiredState": "Terminated", "models__deletionPolicy": "Delete"},
    {"redis": {"external": {"urlSecretRef": {"name": "a"}}}, "pet__update__prob": 0.5},
    {"exposure__service__type": "LoadBalancer"},
]
OBJECTS: list[Manifest] = [
    workload(REDIS),
    workload(REDIS, ready=False),
    workload(MINIO),
    workload(COORDINATOR),
    workload(COORDINATOR, ready=False),
    workload(COORDINATOR, wanted=0),
    pod(COORDINATOR, waiting("ErrImagePull")),
    pod(COORDINATOR, waiting("CrashLoopBackOff", lastState=ended(1, "no"))),
    pod(REDIS, conditions=unscheduled("0/1 nodes are available")),
    claim(REDIS, provisioner="rancher.io/local-path"),
    claim(MINIO, "Lost"),
    owned("Job", ERASE),
    erased("Complete"),
    erased("Failed"),
    owned("Service", COORDINATOR),
]
REFUSED = Problem(ObjectKey("Deployment", "digits-coordinator"), "Forbidden", "no")


@st.composite
def resources(draw: st.DrawFn, status: FederatedRoundStatus | None = None) -> FederatedRound:
    generation = draw(st.integers(1, 3))
    return resource(status, generation=generation, **draw(st.sampled_from(SPECS)))


@st.composite
def states(draw: st.DrawFn, cr: FederatedRound) -> Any:
    phases = ["Idle", "Sum", "Update", "Unmask", "Failure", "Completed", "Terminated"]
    first = draw(st.integers(0, 20))
    changes: dict[str, Any] = {
        "generation": draw(st.sampled_from([None, 1, 2, 3])),
        "phase": draw(st.sampled_from(phases)),
        "paused": draw(st.booleans()),
        "lastRounds": [
            past(first + n, draw(st.sampled_from([None, "PhaseTimeout"])))
            for n in range(draw(st.integers(0, 10)))
        ],
        "rounds": {
            "wanted": None,
            "successful": draw(st.integers(0, 3)),
            "failed": 1,
            "failuresInARow": draw(st.integers(0, 4)),
        },
        "store": {"available": draw(st.booleans()), "message": "no", "reason": REASONS[first % 3]},
    }
    if draw(st.booleans()):
        changes["round"] = None
    if draw(st.booleans()):
        changes["latestModel"] = None
    if draw(st.booleans()):
        changes["parameters"] = draw(st.sampled_from([{}, {"update.count.max": PENDING}]))
    return told(cr, **changes)


@st.composite
def worlds(draw: st.DrawFn, cr: FederatedRound) -> Found:
    return Found(
        stage=draw(st.sampled_from(Stage)),
        objects=by_key(draw(st.lists(st.sampled_from(OBJECTS)))),
        state=draw(st.none() | states(cr)),
        unreachable=draw(st.sampled_from([None, "connection refused"])),
        refused=draw(st.sampled_from([(), ("sum.prob must be less than 1",)])),
        problems=draw(st.sampled_from([(), (REFUSED,)])),
    )


@st.composite
def visits(draw: st.DrawFn) -> tuple[FederatedRound, Found]:
    """A visit to a resource that was visited before, or never."""
    status = None
    if draw(st.booleans()):
        earlier = draw(resources())
        status = status_of(earlier, draw(worlds(earlier)), NOW)
    cr = draw(resources(status))
    return cr, draw(worlds(cr))


@given(visits())
def test_the_status_of_an_unchanged_world_is_the_same_later(
    visit: tuple[FederatedRound, Found],
) -> None:
    cr, found = visit
    status = status_of(cr, found, NOW)
    read_back = FederatedRound.read(
        cr.model_copy(update={"status": status}).model_dump(
            mode="json", by_alias=True, exclude_none=True
        )
    )
    assert read_back.status == status
    assert status_of(read_back, found, LATER) == status
    assert happenings(status, status, cr) == ()


@given(visits())
def test_all_conditions_are_there_once_with_words_for_people(
    visit: tuple[FederatedRound, Found],
) -> None:
    cr, found = visit
    status = status_of(cr, found, NOW)
    assert tuple(one.type for one in status.conditions) == CONDITION_TYPES
    assert all(one.message and one.reason.isalnum() for one in status.conditions)
    assert {one.observed_generation for one in status.conditions} == {cr.metadata.generation}
    ids = [one.id for one in status.history]
    assert len(set(ids)) == len(ids) <= 10


@given(visits(), st.data())
def test_the_end_is_never_taken_back(visit: tuple[FederatedRound, Found], data: Any) -> None:
    cr, found = visit
    gone = replace(found, stage=Stage.ERASING, objects=by_key([erased("Complete")]))
    recorded = status_of(cr, gone, NOW)
    later = cr.model_copy(update={"status": recorded})
    after = status_of(later, data.draw(worlds(cr)), LATER)
    assert after.conditions[-1] == recorded.conditions[-1]
    assert (after.round, after.history) == (None, recorded.history)
    assert after.state == "Terminated"


@given(visits())
def test_events_of_a_visit_are_told_once_and_in_the_same_words(
    visit: tuple[FederatedRound, Found],
) -> None:
    cr, found = visit
    status = status_of(cr, found, NOW)
    told_once = happenings(cr.status, status, cr)
    assert happenings(cr.status, status, cr) == told_once
    assert len({(one.reason, one.message) for one in told_once}) == len(told_once)
    assert all(one.message and one.reason.isalnum() for one in told_once)
