"""Visits to one resource: whenever something has changed, regularly, and never two at a time."""

import asyncio

import pytest

from reconciled import around, body, stored
from tiny_cluster import TinyCluster
from virtual_loop import now, run
from xaynet_operator.caretaker import BREATH, LONGEST_RETRY, REGULAR_SECONDS, Caretaker
from xaynet_operator.cluster import ClusterRefused, ClusterUnavailable

SECRETS = "/api/v1/namespaces/learning/secrets"


class Visited:
    """A caretaker at work for a while, and when it came."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.caretaker = Caretaker(stored(cluster, body()), around(cluster))

    async def __aenter__(self):
        self.began = now()
        self.task = asyncio.create_task(self.caretaker.run())
        return self

    async def __aexit__(self, *_):
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    @property
    def visits(self):
        """Seconds since the beginning; each visit asks once for all Secrets."""
        return [at - self.began for at, _, path in self.cluster.asked("GET") if path == SECRETS]


def test_a_resource_is_visited_regularly():
    async def scenario():
        async with Visited(TinyCluster()) as visited:
            await asyncio.sleep(60)
        each = REGULAR_SECONDS + BREATH
        assert visited.visits == pytest.approx([each * n for n in range(6)])

    run(scenario())


def test_where_nothing_changes_visits_write_nothing():
    async def scenario():
        cluster = TinyCluster()
        async with Visited(cluster) as visited:
            await asyncio.sleep(15)
            writes = len(cluster.asked("PATCH")) + len(cluster.asked("POST"))
            assert writes > 10
            # Without a watch, what was applied has to be looked at, and applied anew.
            versions = {
                path: one["metadata"]["resourceVersion"] for path, one in cluster.objects.items()
            }
            await asyncio.sleep(600)
            assert len(visited.visits) > 50
        assert versions == {
            path: one["metadata"]["resourceVersion"] for path, one in cluster.objects.items()
        }

    run(scenario())


@pytest.mark.parametrize(
    ("error", "said"),
    [(ClusterUnavailable, ("away",)), (ClusterRefused, (403, "Forbidden", "")), (KeyError, ("a",))],
)
def test_visits_that_fail_become_rarer_until_one_succeeds(error, said):
    async def scenario():
        cluster = TinyCluster()
        cluster.fault = lambda method, path: error(*said)
        async with Visited(cluster) as visited:
            await asyncio.sleep(600)
            gaps = [b - a for a, b in zip(visited.visits, visited.visits[1:], strict=False)]
            assert gaps[:6] == pytest.approx([2.5, 4.5, 8.5, 16.5, 32.5, LONGEST_RETRY + BREATH])
            assert max(gaps) == LONGEST_RETRY + BREATH
            cluster.fault = lambda method, path: None
            await asyncio.sleep(100)
            gaps = [b - a for a, b in zip(visited.visits, visited.visits[1:], strict=False)]
            assert gaps[-1] == REGULAR_SECONDS + BREATH

    run(scenario())


def test_a_change_shortens_the_wait_even_after_failures():
    async def scenario():
        cluster = TinyCluster()
        cluster.fault = lambda method, path: ClusterUnavailable("away")
        async with Visited(cluster) as visited:
            await asyncio.sleep(100)
            visited.caretaker.woken.set()
            await asyncio.sleep(0)
            await asyncio.sleep(0.001)
            assert now() - visited.began - visited.visits[-1] < 0.1

    run(scenario())


def test_a_change_during_a_visit_brings_another_one():
    async def scenario():
        cluster = TinyCluster()
        cluster.delay = lambda: 0.01
        async with Visited(cluster) as visited:
            await asyncio.sleep(0.05)
            visited.caretaker.woken.set()
            await asyncio.sleep(5)
        assert len(visited.visits) == 2

    run(scenario())


def test_however_often_it_is_woken_visits_follow_each_other():
    class Busy(TinyCluster):
        now_asked = most = 0

        async def _ask(self, *request, **options):
            self.now_asked += 1
            self.most = max(self.most, self.now_asked)
            try:
                return await super()._ask(*request, **options)
            finally:
                self.now_asked -= 1

    async def scenario():
        cluster = Busy()
        cluster.delay = lambda: 0.05
        async with Visited(cluster) as visited:
            for _ in range(2000):
                await asyncio.sleep(0.01)
                visited.caretaker.woken.set()
        assert cluster.most == 1
        gaps = [b - a for a, b in zip(visited.visits, visited.visits[1:], strict=False)]
        assert len(gaps) > 5
        assert min(gaps) >= BREATH

    run(scenario())


def test_a_resource_that_cannot_be_read_is_left_alone_and_told_so_once():
    async def scenario():
        cluster = TinyCluster()
        made = stored(cluster, body(spec={"pet": {"model": {"length": "many"}}}))
        caretaker = Caretaker(made, around(cluster))
        assert await caretaker.attempt() == REGULAR_SECONDS
        caretaker.body = cluster.objects[
            "/apis/xaynet.dev/v1alpha1/namespaces/learning/federatedrounds/digits"
        ]
        (ready,) = caretaker.body["status"]["conditions"]
        assert (ready["status"], ready["reason"]) == ("False", "SpecUnreadable")
        assert "spec.pet.model.length" in ready["message"]
        assert await caretaker.attempt() == REGULAR_SECONDS
        assert len(cluster.requests) == 1

    run(scenario())


def test_a_resource_that_cannot_be_read_is_let_go_when_it_is_deleted():
    async def scenario():
        cluster = TinyCluster()
        spec = {"pet": {"model": {"length": "many"}}}
        deleted = {"deletionTimestamp": "2026-11-23T20:00:00Z"}
        made = stored(
            cluster, body(spec=spec, finalizers=["other/a", "xaynet.dev/erase"], **deleted)
        )
        await Caretaker(made, around(cluster)).attempt()
        (left,) = cluster.objects.values()
        assert left["metadata"]["finalizers"] == ["other/a"]

    run(scenario())
