"""Listening to a coordinator: what is new wakes the caretaker, silence does so once."""

import asyncio

import httpx
import pytest

from found_on_kubernetes import resource, told
from reconciled import coordinators
from virtual_loop import now, run
from xaynet_operator.coordinator_client import (
    POLL_SECONDS,
    ControlAddress,
    CoordinatorClient,
    CoordinatorUnreachable,
)
from xaynet_operator.following import BREATH, follow
from xaynet_operator.memory import Memory

ADDRESS = ControlAddress("http://10.0.0.7:8082", "a token")
CR = resource()


class Coordinator:
    """Answers polls like ours: at once if there is something new, else after a while."""

    def __init__(self):
        self.revision, self.away = 1, False
        self.asked = []

    async def __call__(self, request):
        self.asked.append((now(), dict(request.url.params)))
        if self.away:
            raise httpx.ConnectError("connection refused")
        if request.url.params.get("after") == str(self.revision):
            await asyncio.sleep(POLL_SECONDS)
        state = told(CR, revision=self.revision)
        return httpx.Response(200, text=state.model_dump_json(by_alias=True))


class Listening:
    """Somebody who listens, and how often that has woken somebody."""

    def __init__(self, coordinator):
        self.memory, self.woken = Memory(), 0
        self.client = CoordinatorClient(coordinators(coordinator), ADDRESS)

    async def __aenter__(self):
        self.task = asyncio.create_task(follow(self.client, self.memory, self.wake))
        return self

    async def __aexit__(self, *_):
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    def wake(self):
        self.woken += 1


def test_what_is_told_is_remembered_and_wakes():
    async def scenario():
        coordinator = Coordinator()
        async with Listening(coordinator) as listening:
            await asyncio.sleep(0.5)
            assert listening.memory.state.revision == 1
            assert listening.woken == 1
            coordinator.revision = 2
            await asyncio.sleep(BREATH + 0.1)
            assert listening.memory.state.revision == 2
            assert listening.woken == 2

    run(scenario())


def test_while_nothing_is_new_nobody_is_woken_and_polls_are_long():
    async def scenario():
        coordinator = Coordinator()
        async with Listening(coordinator) as listening:
            await asyncio.sleep(600)
            assert listening.woken == 1
            assert len(coordinator.asked) <= 600 / (POLL_SECONDS + BREATH) + 2
            assert coordinator.asked[-1][1] == {"after": "1", "timeout": str(POLL_SECONDS)}

    run(scenario())


def test_however_fast_news_come_the_coordinator_has_time_to_breathe():
    class Busy(Coordinator):
        async def __call__(self, request):
            self.revision += 1
            return await super().__call__(request)

    async def scenario():
        coordinator = Busy()
        async with Listening(coordinator) as listening:
            await asyncio.sleep(60)
            assert listening.woken == len(coordinator.asked) <= 61

    run(scenario())


def test_that_it_is_silent_wakes_once_and_that_it_speaks_again_too():
    async def scenario():
        coordinator = Coordinator()
        coordinator.away = True
        async with Listening(coordinator) as listening:
            await asyncio.sleep(60)
            assert listening.woken == 1
            assert (
                listening.memory.unreachable == f"{ADDRESS.url} does not answer: connection refused"
            )
            coordinator.away = False
            await asyncio.sleep(2)
            assert listening.woken == 2
            assert listening.memory.unreachable is None
            coordinator.away = True
            await asyncio.sleep(60)
            assert listening.memory.state.revision == 1, "what it told last is still known"

    run(scenario())


def client(status, text):
    return CoordinatorClient(coordinators(lambda _: httpx.Response(status, text=text)), ADDRESS)


@pytest.mark.parametrize(
    ("status", "text", "says"),
    [
        (401, "", "the control API answers 401"),
        (200, "<html>", "its state cannot be read"),
        (200, '{"revision": 1}', "its state cannot be read"),
        (503, '{"problems": ["no store"]}', "no store"),
    ],
)
async def test_what_is_no_state_is_as_if_nobody_had_answered(status, text, says):
    with pytest.raises(CoordinatorUnreachable, match=says):
        await client(status, text).state()


@pytest.mark.parametrize(
    ("status", "text", "problems"),
    [
        (200, '{"status": "stored"}', ()),
        (422, '{"problems": ["pet.sum.prob is 2"]}', ("pet.sum.prob is 2",)),
        (
            409,
            '{"status": "conflict", "generation": 9}',
            ("the coordinator has been told otherwise under generation 9, not by this resource",),
        ),
    ],
)
async def test_what_speaks_against_a_document_is_handed_on(status, text, problems):
    assert await client(status, text).put({}) == problems


@pytest.mark.parametrize("status", [409, 422, 404, 500])
async def test_somebody_else_on_the_port_is_no_coordinator(status):
    with pytest.raises(CoordinatorUnreachable, match=f"answers {status}: hello"):
        await client(status, "hello").put({})


async def test_the_token_is_shown_and_never_printed():
    seen = []

    def note(request):
        seen.append(request.headers["authorization"])
        return httpx.Response(200, text="{}")

    await CoordinatorClient(coordinators(note), ADDRESS).put({})
    assert seen == ["Bearer a token"]
    assert "a token" not in repr(ADDRESS)
    assert "a token" not in repr(Memory(token="a token", address=ADDRESS))
