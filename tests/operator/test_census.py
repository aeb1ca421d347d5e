"""What has gone without a word is found by counting."""

import asyncio

import pytest

from reconciled import around, body, stored
from tiny_cluster import TinyCluster
from virtual_loop import run
from xaynet_operator.census import REGULAR_SECONDS, SETTLING_SECONDS, Census
from xaynet_operator.children import Children
from xaynet_operator.cluster import ClusterUnavailable
from xaynet_operator.facts import ObjectKey
from xaynet_operator.household import Household
from xaynet_operator.manifests.kinds import CONFIG_MAP, SERVICE
from xaynet_operator.owned import Component, labels

ROUNDS = "/apis/xaynet.dev/v1alpha1/namespaces/learning/federatedrounds"


class World:
    """A census over a tiny cluster, in one namespace."""

    def __init__(self):
        self.cluster, self.children = TinyCluster(), Children()
        self.household = Household(around(self.cluster, self.children))
        kinds = (SERVICE, CONFIG_MAP)
        self.census = Census(self.cluster, self.household, self.children, kinds, ("learning",))

    def make(self, kind, name):
        """An object that is there, and known."""
        metadata = {
            "name": name,
            "namespace": "learning",
            "labels": labels("digits", Component.REDIS),
        }
        where = f"/api/v1/namespaces/learning/{kind.plural}"
        _, made = self.cluster.do("POST", where, {"metadata": metadata})
        self.children.see({**made, "kind": kind.kind})
        return f"{where}/{name}"

    @property
    def known(self):
        return {*self.children.of("learning", "digits")}


def test_what_is_there_is_kept_and_what_is_gone_is_forgotten():
    async def scenario():
        world = World()
        world.make(SERVICE, "a")
        del world.cluster.objects[world.make(SERVICE, "b")]
        del world.cluster.objects[world.make(CONFIG_MAP, "a")]
        await world.census.take()
        assert world.known == {ObjectKey("Service", "a")}

    run(scenario())


def test_what_has_come_while_it_was_counted_is_kept():
    async def scenario():
        world = World()
        world.make(SERVICE, "a")
        world.cluster.delay = lambda: 1.0
        counting = asyncio.create_task(world.census.take())
        await asyncio.sleep(0.5)
        where = world.make(SERVICE, "b")
        hidden = world.cluster.objects.pop(where)  # the list was read before
        await counting
        world.cluster.objects[where] = hidden
        assert world.known == {ObjectKey("Service", "a"), ObjectKey("Service", "b")}

    run(scenario())


def test_one_of_the_same_name_that_has_come_instead_is_kept():
    world = World()
    world.make(SERVICE, "a")
    before = world.children.of("learning", "digits")[ObjectKey("Service", "a")]
    world.cluster.objects.clear()
    world.make(SERVICE, "a")
    world.children.miss(before)  # told late
    assert world.known == {ObjectKey("Service", "a")}


def test_a_resource_that_is_gone_is_looked_after_no_more():
    async def scenario():
        world = World()
        world.household.see(stored(world.cluster, body()))
        world.household.see(stored(world.cluster, body(name="another")))
        world.cluster.objects.pop(f"{ROUNDS}/digits")
        await world.census.take()
        assert [key.name for key in world.household.bodies] == ["another"]

    run(scenario())


def test_it_is_taken_when_a_watch_begins_anew_and_regularly():
    async def scenario():
        world = World()
        world.make(SERVICE, "a")
        running = asyncio.create_task(world.census.run())
        await asyncio.sleep(0)
        world.census.due.set()
        world.census.due.set()
        await asyncio.sleep(SETTLING_SECONDS + 0.1)
        assert len(world.cluster.requests) == 1
        await asyncio.sleep(REGULAR_SECONDS + SETTLING_SECONDS)
        assert len(world.cluster.requests) == 2
        running.cancel()

    run(scenario())


def test_it_outlives_an_api_server_that_is_away():
    async def scenario():
        world = World()
        del world.cluster.objects[world.make(SERVICE, "a")]
        world.cluster.fault = lambda method, path: ClusterUnavailable("away")
        running = asyncio.create_task(world.census.run())
        await asyncio.sleep(5 * REGULAR_SECONDS)
        assert world.known == {ObjectKey("Service", "a")}
        world.cluster.fault = lambda method, path: None
        await asyncio.sleep(2 * REGULAR_SECONDS)
        assert world.known == set()
        running.cancel()

    run(scenario())


@pytest.mark.parametrize("kinds", [0, 1, 2])
def test_what_nobody_has_is_not_asked_for(kinds):
    async def scenario():
        world = World()
        for kind in (SERVICE, CONFIG_MAP)[:kinds]:
            world.make(kind, "a")
        await world.census.take()
        assert len(world.cluster.requests) == kinds

    run(scenario())
