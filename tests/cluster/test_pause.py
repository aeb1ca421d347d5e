"""A FederatedRound that is paused in every phase, for longer than the phase may last: the same
round goes on where it stood, whether its pods stay or go meanwhile."""

import time
from collections.abc import Callable
from io import BytesIO

import httpx
import numpy as np
import pytest

from installing import kill_operator
from one_round import Round
from served import Served
from xaynet_operator.owned import Component

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]

TIME_MAX = 2  # of the phase that is paused, in seconds
LONGER = 3.5
STORE = {"storage": "64Mi"}
GRACE = 15.0  # what is left at least, once it is resumed


def paused(phase: str | None = None, *, asleep: bool = False) -> dict:
    """The edit that pauses, and lets the phase time out soon if its clock runs."""
    pet = {"pet": {phase: {"time": {"max": TIME_MAX}}}} if phase else {}
    return {"desiredState": "Paused", "pause": {"scaleToZero": asleep}} | pet


def pause(service: Served, phase: str | None = None) -> None:
    service.edit(paused(phase))
    service.wait_for_condition("Paused", reason="Paused")


def resume(service: Served) -> dict:
    """Let it go on; its state right after that."""
    generation = service.edit({"desiredState": "Running"})
    state = service.wait_for(
        lambda state: state["generation"] == generation and not state["paused"]
    )
    service.wait_for_condition("Paused", "False", "Running")
    return state


def for_longer_than_time_max(check: Callable[[], None]) -> None:
    """Something is so, again and again."""
    until = time.monotonic() + LONGER
    while time.monotonic() < until:
        check()


def stands_still(service: Served, message: bytes) -> None:
    """For longer than the phase may last: messages are to be sent again later, all else is as if
    nothing were."""
    before, params = service.state(), service.get("/params")

    def check() -> None:
        assert service.post(message) == "503 10"
        assert service.get("/params") == params
        assert service.http.get(f"{service.control_url}/readyz").status_code == 200
        assert service.condition("Ready")["status"] == "True"

    for_longer_than_time_max(check)
    after = service.state()
    assert after["paused"]
    assert (after["phase"], after["round"]) == (before["phase"], before["round"])
    assert after["rounds"]["failed"] == before["rounds"]["failed"]


def paused_and_resumed(service: Served, phase: str, message: bytes) -> None:
    """Paused in a phase, in which this message would be accepted; there is time to send it."""
    pause(service, phase)
    stands_still(service, message)
    state = resume(service)
    assert state["phase"].lower() == phase
    assert GRACE - 5 < state["round"]["timeLeft"] <= GRACE


def test_paused_in_every_phase_a_round_loses_nothing(operator, namespace):
    with Served(operator, namespace, "paused", rounds=1) as service:
        service.wait_for_condition("Ready", seconds=120)
        round = Round(service)
        first, second = round.sum_bodies()
        round.post([first])
        paused_and_resumed(service, "sum", second)
        round.post([second])

        service.wait_for_phase("Update")
        *most, last = round.update_bodies()
        round.post(most)
        paused_and_resumed(service, "update", last)
        round.post([last])

        round.wait_for_seeds()
        first, second = round.mask_bodies()
        round.post([first])
        pause(service, "sum2")
        assert len(service.seeds(round.summers[1])) == 3
        stands_still(service, second)
        resume(service)
        round.post([second])
        round.ends_with_the_exact_mean()
        service.wait_for_condition("Completed")

        pause(service)
        assert service.condition("Completed")["status"] == "True"
        for_longer_than_time_max(lambda: reads_go_on(service, round))
        resume(service)
        assert service.wait_for_condition("Completed")["reason"] == "RoundsReached"
        told = [one["reason"] for one in service.events()]
        assert told.count("Paused") == told.count("Resumed") == 4


def reads_go_on(service: Served, round: Round) -> None:
    model = service.model()
    assert model is not None
    assert model.fractions() == round.mean()


def test_a_pause_between_two_rounds_begins_with_the_next_one(operator, namespace):
    with Served(operator, namespace, "failing") as service:
        service.wait_for_condition("Ready", seconds=120)
        service.edit({"pet": {"sum": {"time": {"max": 1}}}})
        # After four failures the wait for the next round is 8 seconds.
        service.wait_for(lambda state: state["rounds"]["failuresInARow"] == 4, timeout=90)
        assert service.state()["phase"] == "Failure"
        service.edit(paused())
        assert service.state()["phase"] == "Failure"
        service.wait_for_condition("Paused", reason="Paused")
        state = service.state()
        assert (state["phase"], state["round"]["id"], state["round"]["elapsed"]) == ("Sum", 5, 0)

        round = Round(service, 5)
        bodies = round.sum_bodies()
        stands_still(service, bodies[0])
        resume(service)
        round.post(bodies)
        service.wait_for_phase("Update")
        round.go_on_with(round.update_bodies())


def test_a_service_that_waits_for_its_initial_model_can_be_paused(operator, namespace):
    models = {"managed": STORE, "initial": "s3://global-models/first.npy"}
    with Served(operator, namespace, "waiting", models=models) as service:
        service.wait_until(lambda body: body.get("status", {}).get("parameters"), 120)
        state = service.wait_for(lambda state: state["initialModel"]["message"])
        assert state["phase"] == "Idle"
        pause(service)
        service.minio().put_object("global-models", "first.npy", *npy(np.ones(50, "f4")))
        for_longer_than_time_max(lambda: still_in_idle(service))
        service.edit({"desiredState": "Running"})
        service.wait_for_phase("Sum")
        service.wait_for_condition("Ready")


def npy(weights: np.ndarray) -> tuple[BytesIO, int]:
    """A file of weights, and its length."""
    file = BytesIO()
    np.save(file, weights)
    return BytesIO(file.getvalue()), len(file.getvalue())


def still_in_idle(service: Served) -> None:
    state = service.state()
    assert (state["phase"], state["paused"]) == ("Idle", True)


# Scaled to zero


def sleep(service: Served, phase: str | None = None) -> None:
    """Pause it so that its pods go, and wait until they have."""
    service.edit(paused(phase, asleep=True))
    service.wait_for_condition("Paused", reason="ScaledToZero")
    service.wait_for_condition("Progressing", "False", "AsDesired")
    assert pods(service) == {Component.MINIO: 1}


def pods(service: Served) -> dict[Component, int]:
    """How many pods it has of each component that has any, those included that are ending."""
    selector = f"--selector=app.kubernetes.io/instance={service.name}"
    found = service.cluster.get("pods", f"--namespace={service.namespace}", selector)["items"]
    names = [one["metadata"]["labels"]["app.kubernetes.io/component"] for one in found]
    return {Component(name): names.count(name) for name in names}


def nobody_answers(service: Served) -> None:
    """Participants find no connection, and wait; nothing wakes it."""
    with pytest.raises(httpx.TransportError):
        service.get("/params")
    assert pods(service) == {Component.MINIO: 1}
    assert service.condition("Paused")["reason"] == "ScaledToZero"


def wake(service: Served) -> dict:
    """Let it go on; its state once it does."""
    generation = service.edit({"desiredState": "Running"})
    service.wait_for_condition("Ready", seconds=120)
    return service.wait_for(lambda state: state["generation"] == generation and state["round"])


def test_asleep_in_every_phase_a_round_goes_on_in_new_pods(operator, namespace):
    with Served(operator, namespace, "asleep", rounds=1) as service:
        service.wait_for_condition("Ready", seconds=120)
        round = Round(service)
        first, second = round.sum_bodies()
        round.post([first])
        slept_and_woken(service, "sum")
        round.post([second])

        service.wait_for_phase("Update")
        *most, last = round.update_bodies()
        round.post(most)
        slept_and_woken(service, "update")
        round.post([last])

        round.wait_for_seeds()
        first, second = round.mask_bodies()
        round.post([first])
        slept_and_woken(service, "sum2")
        round.post([second])
        round.ends_with_the_exact_mean()

        service.wait_for_condition("Completed")
        sleep(service)
        assert service.condition("Completed")["status"] == "True"
        service.edit({"desiredState": "Running"})
        service.wait_for_condition("Ready", seconds=120)
        service.wait_for_condition("Completed")
        reads_go_on(service, round)
        assert service.status()["totals"] == {"successful": 1, "failed": 0}
        told = [one["reason"] for one in service.events()]
        assert told.count("ScaledToZero") == told.count("Resumed") == 4
        assert told.count("Completed") == 1, "it has been completed all the time"
        assert [one["message"] for one in service.events() if one["type"] == "Warning"] == []


def slept_and_woken(service: Served, phase: str) -> None:
    """Scaled to zero in a phase; what was accepted in the round still is."""
    before, old = service.state()["round"], service.pods(Component.COORDINATOR)
    params = service.get("/params")
    sleep(service, phase)
    for_longer_than_time_max(lambda: nobody_answers(service))
    state = wake(service)
    assert state["phase"].lower() == phase
    assert accepted(state["round"]) == accepted(before)
    assert state["round"]["timeLeft"] > 0
    assert service.get("/params") == params
    assert uids(service.pods(Component.COORDINATOR)).isdisjoint(uids(old))


def accepted(round: dict) -> dict[str, int]:
    return {phase: counts["accepted"] for phase, counts in round["messages"].items()}


def uids(pods: list[dict]) -> set[str]:
    return {pod["metadata"]["uid"] for pod in pods}


def test_edits_of_a_service_that_sleeps_apply_when_it_wakes(operator, namespace):
    with Served(operator, namespace, "edited", rounds=1) as service:
        service.wait_for_condition("Ready", seconds=120)
        round = Round(service)
        round.to_update()
        *most, last = round.update_bodies()
        round.post(most)
        sleep(service, "update")

        kill_operator(operator)
        edited = {"update": {"count": {"max": 7}, "time": {"max": 600}}, "sum": {"prob": 0.5}}
        generation = service.edit({"pet": edited})
        # Its successor has acted on the edit, and wakes nobody.
        said = service.wait_for_condition("ParametersApplied", "False", "Applying", 90)
        assert "when it is resumed" in said["message"]
        for_longer_than_time_max(lambda: nobody_answers(service))

        state = wake(service)
        assert state["generation"] == generation + 1
        assert state["parameters"]["update.count.max"]["active"] == 7
        assert state["parameters"]["sum.prob"] | {"generation": 0} == {
            "active": 0.4,
            "generation": 0,
            "pending": 0.5,
            "pendingGeneration": generation + 1,
        }
        round.go_on_with([last])
