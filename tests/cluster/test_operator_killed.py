"""An operator that is killed again and again, at any moment, brings about what a lasting one does.

Its services go through all that can be asked of them, until it was killed often enough.
"""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from random import Random
from signal import SIGKILL
from threading import Event

import pytest

from containers import processes, send
from installing import NAMESPACE, OPERATOR, operators
from mending import DELETE, left_of, wait_until_well
from node.interface import Cluster
from node.waiting import ClusterFailed, wait_until
from one_round import Round
from served import Served, Tree
from xaynet_operator.owned import Component

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]
KILLS = 20
LONGEST_LIFE = 6.0  # seconds, of which it takes 3 to be there
PATIENT = 150.0  # seconds: nobody acts for most of the time
ONCE = ("RoundSucceeded", "Terminating", "Terminated")


def test_killed_at_random_moments_it_ends_where_a_lasting_operator_ends(
    operator: Cluster, namespace: str
) -> None:
    enough = Event()
    with ThreadPoolExecutor() as several:
        works = [
            several.submit(course, operator, namespace, enough),
            several.submit(lives, operator, namespace, enough),
            several.submit(edits, operator, namespace, enough),
        ]
        try:
            kill_again_and_again(operator, Random(20))
        finally:
            enough.set()
        for work in works:
            assert work.result() > 0


def kill_again_and_again(cluster: Cluster, random: Random) -> None:
    for number in range(KILLS):
        Event().wait(random.uniform(0, LONGEST_LIFE))
        (kill_container if number % 2 else kill_pod)(cluster)


def kill_container(cluster: Cluster) -> None:
    """It starts again in its pod at once; a second time only after a while."""
    send(running(cluster), SIGKILL)


def kill_pod(cluster: Cluster) -> None:
    """A new pod takes its place, and the lease, as if 12 s had passed (`test_leader.py` waits)."""
    pod, where = running(cluster), f"--namespace={NAMESPACE}"
    name = pod["metadata"]["name"]
    cluster.kubectl("delete", "pod", name, "--force", "--grace-period=0", where)
    with suppress(ClusterFailed):  # it may be gone already
        send(pod, SIGKILL)
    free = json.dumps({"spec": {"holderIdentity": "", "leaseDurationSeconds": 1}})
    cluster.kubectl("patch", "lease", OPERATOR, "--type=merge", f"--patch={free}", where)


def running(cluster: Cluster) -> Tree:
    """The pod of an operator that runs."""
    found: list[Tree] = []

    def is_there() -> bool:
        pods = (
            cluster.try_kubectl(
                "get", "pod", name, f"--namespace={NAMESPACE}", "--output=json"
            ).stdout
            for name in operators(cluster)
        )
        found[:] = [pod for text in pods if text and processes(pod := json.loads(text))]
        return bool(found)

    wait_until(is_there, 60, "an operator that runs")
    return found[0]


def course(cluster: Cluster, namespace: str, enough: Event) -> int:
    """A round that is paused and resumed again and again, with and without pods; and the end."""
    laps = 0
    with Served(cluster, namespace, "course") as service:
        wait_until_well(service, PATIENT)
        round = Round(service)
        round.to_update()
        bodies = round.update_bodies()
        round.post(bodies[:1])
        while laps < 2 or not enough.is_set():
            pause_and_resume(service, to_zero=laps % 2 == 0)
            state = service.wait_for(lambda state: state["phase"] == "Update")
            assert state["round"]["id"] == 1
            assert state["round"]["messages"]["update"]["accepted"] == 1
            laps += 1
        round.go_on_with(bodies[1:])
        is_terminated_for_good(service)
    return laps


def pause_and_resume(service: Served, *, to_zero: bool) -> None:
    service.edit({"desiredState": "Paused", "pause": {"scaleToZero": to_zero}})
    reason = "ScaledToZero" if to_zero else "Paused"
    service.wait_for_condition("Paused", "True", reason, seconds=PATIENT)
    service.edit({"desiredState": "Running"})
    service.wait_for_condition("Paused", "False", seconds=PATIENT)
    wait_until_well(service, PATIENT)


def is_terminated_for_good(service: Served) -> None:
    service.edit({"desiredState": "Terminated"})
    service.wait_for_condition("Terminated", "True", "Erased", seconds=PATIENT)
    ended = (Component.COORDINATOR, Component.REDIS)
    wait_until(lambda: not any(map(service.pods, ended)), PATIENT, "the end of its pods")
    outcomes = [one["outcome"] for one in service.status()["history"]]
    assert [one for one in outcomes if one != "Terminated"] == ["Succeeded"]
    blobs = list(service.minio().list_objects("xaynet-rounds", recursive=True))
    assert blobs == []
    told = Counter(one["reason"] for one in service.events())
    assert {reason: told[reason] for reason in ONCE} == dict.fromkeys(ONCE, 1)


def lives(cluster: Cluster, namespace: str, enough: Event) -> int:
    """Applied, and deleted while it starts or runs, again and again under the same name."""
    lives = 0
    with Served(cluster, namespace, "phoenix", models=DELETE) as service:
        while not enough.is_set():
            service.apply()
            if lives % 2 == 0:
                wait_until_well(service, PATIENT)
            service.delete(timeout=PATIENT)
            wait_until(lambda: left_of(service) == [], PATIENT, "the end of all that it owned")
            lives += 1
    return lives


def edits(cluster: Cluster, namespace: str, enough: Event) -> int:
    """Edited faster than anybody can follow; the last edit holds."""
    laps = 0
    with Served(cluster, namespace, "edited") as service:
        wait_until_well(service, PATIENT)
        while laps < 1 or not enough.is_set():
            laps += 1
            for number in range(5):
                service.edit({"pet": {"update": {"time": {"max": 1000 + 10 * laps + number}}}})
            generation = service.edit({"coordinator": {"podLabels": {"lap": f"lap-{laps}"}}})
            service.wait_for_condition("ParametersApplied", seconds=PATIENT)
            wait_until_well(service, PATIENT)
            state = service.state()
            assert state["generation"] == generation
            assert state["parameters"]["update.time.max"]["active"] == 1004 + 10 * laps
            (pod,) = service.pods(Component.COORDINATOR)
            assert pod["metadata"]["labels"]["lap"] == f"lap-{laps}"
    return laps
