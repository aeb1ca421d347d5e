"""Who is looked after, by whom, and from when on."""

import asyncio

from reconciled import around, body
from tiny_cluster import TinyCluster
from virtual_loop import run
from xaynet_operator.caretaker import ResourceKey
from xaynet_operator.household import Household

KEY = ResourceKey("learning", "digits")


def household():
    return Household(around(TinyCluster()))


def test_nobody_is_looked_after_before_this_replica_leads():
    async def scenario():
        house = household()
        house.see(body())
        await asyncio.sleep(60)
        assert house.around.cluster.requests == []
        assert house.caretakers == {}

    run(scenario())


def test_whoever_was_seen_before_is_looked_after_once_it_leads():
    async def scenario():
        house = household()
        house.see(body())
        house.lead()
        await asyncio.sleep(1)
        assert house.around.cluster.asked("PATCH")
        await house.close()

    run(scenario())


def test_one_of_the_same_name_has_a_caretaker_who_remembers_nothing():
    async def scenario():
        house = household()
        house.lead()
        house.see(body(uid="first", version=1))
        first = house.caretakers[KEY]
        house.see(body(uid="second", version=2))
        assert house.caretakers[KEY] is not first
        assert house.caretakers[KEY].body["metadata"]["uid"] == "second"
        await asyncio.sleep(0)
        await house.close()

    run(scenario())


def test_the_same_one_keeps_its_caretaker():
    async def scenario():
        house = household()
        house.lead()
        house.see(body(version=1))
        first = house.caretakers[KEY]
        house.see(body(version=2))
        assert house.caretakers[KEY] is first
        assert first.body["metadata"]["resourceVersion"] == "2"
        await asyncio.sleep(0)
        await house.close()

    run(scenario())


def test_the_end_of_an_earlier_one_of_the_same_name_changes_nothing():
    async def scenario():
        house = household()
        house.lead()
        house.see(body(uid="first", version=1))
        house.see(body(uid="second", version=3))
        house.see(body(uid="first", version=2))  # its deletion was being told all the while
        house.miss(body(uid="first", version=4))
        assert house.bodies[KEY]["metadata"]["uid"] == "second"
        assert house.caretakers[KEY].body["metadata"]["uid"] == "second"
        await asyncio.sleep(0)
        await house.close()

    run(scenario())


def test_whoever_is_gone_is_forgotten_and_not_visited_any_more():
    async def scenario():
        house = household()
        house.lead()
        house.see(body())
        await asyncio.sleep(5)
        house.miss(body())
        asked = len(house.around.cluster.requests)
        await asyncio.sleep(60)
        assert len(house.around.cluster.requests) == asked
        assert (house.bodies, house.caretakers, house.tasks) == ({}, {}, {})

    run(scenario())


def test_a_visit_ends_in_the_middle_when_the_lead_is_lost():
    async def scenario():
        house = household()
        house.around.cluster.delay = lambda: 1.0
        house.lead()
        house.see(body())
        await asyncio.sleep(3.5)
        asked = len(house.around.cluster.requests)
        assert asked > 1
        await house.close()
        house.see(body(name="another"))
        house.wake(*KEY)
        await asyncio.sleep(60)
        assert len(house.around.cluster.requests) == asked

    run(scenario())


def test_a_status_wakes_nobody_and_everything_else_does():
    async def scenario():
        house = household()
        house.lead()
        house.see(body(version=1))
        woken = house.caretakers[KEY].woken
        changes = [
            ({"status": {"state": "Serving"}}, False),
            ({"generation": 2}, True),
            ({"generation": 2, "finalizers": ["a"]}, True),
            ({"generation": 2, "deletionTimestamp": "2026-11-23T20:00:00Z"}, True),
        ]
        for number, (change, wakes) in enumerate(changes, start=2):
            woken.clear()
            house.see(body(version=number, **change))
            assert woken.is_set() is wakes, change
        await asyncio.sleep(0)
        await house.close()

    run(scenario())


def test_an_end_that_is_recorded_wakes_for_what_was_kept_until_then():
    async def scenario():
        house = household()
        house.lead()
        house.see(body(version=1, status={"conditions": [terminated("False")]}))
        woken = house.caretakers[KEY].woken
        for version, status, wakes in ((2, "True", True), (3, "True", False)):
            woken.clear()
            house.see(body(version=version, status={"conditions": [terminated(status)]}))
            assert woken.is_set() is wakes
        await asyncio.sleep(0)
        await house.close()

    run(scenario())


def terminated(status):
    return {"type": "Terminated", "status": status}


def test_a_change_of_what_belongs_to_nobody_known_wakes_nobody():
    house = household()
    house.wake("learning", "unknown")
    assert house.caretakers == {}
