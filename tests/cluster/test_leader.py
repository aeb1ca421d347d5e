"""Of two operators one acts; when it can't any more the other one does; nothing is done twice."""

import json
import os
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from signal import Signals

import pytest

from containers import processes, send
from installing import NAMESPACE, leader, operators, scale
from mending import wait_until_well
from node.interface import Cluster
from node.waiting import wait_until
from served import Served, Tree
from spaces import new_namespace

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]
TAKEN_WITHIN = 20.0
HANDED_OVER_WITHIN = 8.0  # a lease that is not given back lasts 12 s
DOING = ("applied", "event", "pruned", "overwritten")


@pytest.fixture(scope="module")
def service(operator: Cluster) -> Iterator[Served]:
    """A service that runs, looked after by one of two operators."""
    scale(operator, 2)
    try:
        with new_namespace(operator) as namespace, Served(operator, namespace, "ours") as service:
            wait_until_well(service, seconds=120)
            yield service
    finally:
        scale(operator, 1)


def pod(cluster: Cluster, name: str) -> Tree:
    return cluster.get("pod", name, f"--namespace={NAMESPACE}")


def leading(cluster: Cluster) -> str:
    """The one of the two operators that leads, once one does and both are there."""

    def is_settled() -> bool:
        return len(operators(cluster)) == 2 and leader(cluster) in operators(cluster)

    wait_until(is_settled, 60, "two operators, and a leader")
    found = leader(cluster)
    assert found is not None
    return found


def log(cluster: Cluster, name: str, since: str = "") -> list[Tree]:
    """What an operator has logged after a moment."""
    text = cluster.kubectl("logs", name, f"--namespace={NAMESPACE}")
    lines = (json.loads(line) for line in text.splitlines() if line.startswith("{"))
    return [line for line in lines if line["timestamp"] > since]


def deeds(cluster: Cluster, name: str) -> list[Tree]:
    return [line for line in log(cluster, name) if line["event"] in DOING]


def has_said(event: str, cluster: Cluster, name: str, since: str) -> bool:
    return any(line["event"] == event for line in log(cluster, name, since))


def acts(service: Served, other_than: str, began: float) -> None:
    """Another operator holds the lease and follows an edit, in time after a moment."""
    generation = service.edit({"rounds": service.body()["metadata"]["generation"] + 100})

    def is_followed() -> bool:
        holder = leader(service.cluster)
        seen = service.status()["observedGeneration"] == generation
        return seen and holder not in (None, other_than)

    wait_until(is_followed, began + TAKEN_WITHIN - time.monotonic(), "the other operator acting")


def nothing_is_told_twice(service: Served) -> None:
    told = Counter((one["reason"], one["message"]) for one in service.events())
    assert [what for what, times in told.items() if times > 1] == []


def test_only_the_holder_of_the_lease_acts(service: Served) -> None:
    cluster = service.cluster
    first = leading(cluster)
    (second,) = set(operators(cluster)) - {first}
    service.edit({"rounds": 50})
    service.wait_for_condition("Progressing", "False")
    told = {one["reportingInstance"] for one in service.events()}
    assert told == {first}
    assert deeds(cluster, first)
    assert deeds(cluster, second) == []
    nothing_is_told_twice(service)


def test_a_leader_that_is_killed_is_followed_by_the_other_one_within_20_s(service: Served) -> None:
    cluster = service.cluster
    first = leading(cluster)
    killed = pod(cluster, first)
    where = f"--namespace={NAMESPACE}"
    began = time.monotonic()
    send(killed, Signals.SIGSTOP)  # so that it can't say farewell when its pod is deleted
    cluster.kubectl("delete", "pod", first, "--force", "--grace-period=0", where)
    for process in processes(killed):
        os.kill(process, Signals.SIGKILL)
    acts(service, first, began)
    nothing_is_told_twice(service)


def test_a_frozen_leader_is_followed_within_20_s_and_does_nothing_once_it_goes_on(
    service: Served,
) -> None:
    cluster = service.cluster
    first = leading(cluster)
    frozen = pod(cluster, first)
    began = time.monotonic()
    send(frozen, Signals.SIGSTOP)
    try:
        acts(service, first, began)
    finally:
        woken = datetime.now(UTC).isoformat()
        send(frozen, Signals.SIGCONT)
    wait_until(lambda: has_said("lead_lost", cluster, first, woken), 30, "the end of its lead")
    service.edit({"rounds": 60})
    service.wait_for_condition("Progressing", "False")
    assert [line for line in log(cluster, first, woken) if line["event"] in DOING] == []
    nothing_is_told_twice(service)


def test_a_leader_that_is_told_to_end_hands_over_at_once(service: Served) -> None:
    cluster = service.cluster
    first = leading(cluster)
    began = time.monotonic()
    cluster.kubectl("delete", "pod", first, "--wait=false", f"--namespace={NAMESPACE}")
    wait_until(
        lambda: leader(cluster) not in (None, first),
        began + HANDED_OVER_WITHIN - time.monotonic(),
        "another leader",
    )
    acts(service, first, began)
    nothing_is_told_twice(service)
