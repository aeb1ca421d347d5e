"""Bodies: how much is read, how fast it must come, and what all may hold together."""

import asyncio

import pytest

from xaynet_coordinator.asgi import ClientGone
from xaynet_coordinator.bodies import (
    OVERLOADED,
    TOO_LARGE,
    TOO_SLOW,
    BodyLimits,
    Budget,
    Share,
    Stream,
    collect,
    drain,
)

LIMITS = BodyLimits(
    max_message_bytes=100,
    max_inflight_bytes=150,
    drain_bytes=1000,
    progress_bytes=10,
    idle_timeout=0.05,
)


def client(*parts, then="end"):
    """What a client sends; then it ends the body, is silent, goes away, or never ends."""
    left = list(parts)

    async def receive():
        await asyncio.sleep(0)
        if left:
            last = len(left) == 1 and then == "end"
            return {"type": "http.request", "body": left.pop(0), "more_body": not last}
        if then == "trickle":
            return {"type": "http.request", "body": b"x", "more_body": True}
        if then == "gone":
            return {"type": "http.disconnect"}
        await asyncio.Event().wait()

    return receive


def allowing(count):
    return Budget(count, changed=lambda held: None)


@pytest.fixture
def budget():
    return allowing(LIMITS.max_inflight_bytes)


async def test_a_body_is_joined_and_reserved_until_the_share_ends(budget):
    with Share(budget) as share:
        body = await collect(Stream(client(b"one", b"two"), LIMITS), None, share)
        assert (body, budget.held) == (b"onetwo", 6)
    assert budget.held == 0


async def test_what_is_declared_too_large_is_refused_before_a_byte_is_read(budget):
    stream = Stream(client(then="silent"), LIMITS)
    assert await collect(stream, 101, Share(budget)) is TOO_LARGE


async def test_what_is_only_declared_reserves_nothing(budget):
    tasks = [
        asyncio.create_task(collect(Stream(client(b"x", then="silent"), LIMITS), 100, share))
        for share in (Share(budget), Share(budget), Share(budget))
    ]
    assert await asyncio.gather(*tasks) == [TOO_SLOW] * 3
    assert budget.held == 3


async def test_without_room_a_body_is_refused_and_others_go_on(budget):
    with Share(budget) as first, Share(budget) as second:
        assert await collect(Stream(client(bytes(100)), LIMITS), 100, first) == bytes(100)
        assert await collect(Stream(client(bytes(60)), LIMITS), 60, second) is OVERLOADED
        assert await collect(Stream(client(bytes(30), bytes(30)), LIMITS), None, second) is (
            OVERLOADED
        )
    with Share(budget) as third:
        assert await collect(Stream(client(bytes(60)), LIMITS), 60, third) == bytes(60)


async def test_a_body_that_stops_coming_is_too_slow(budget):
    stream = Stream(client(b"half", then="silent"), LIMITS)
    assert await collect(stream, None, Share(budget)) is TOO_SLOW
    assert not await drain(stream)


async def test_a_body_that_trickles_is_too_slow_although_it_never_stops():
    # One byte at each turn of the loop is much less than was asked for in this time.
    limits = BodyLimits(idle_timeout=0.05, progress_bytes=2**40)
    share = Share(allowing(2**40))
    assert await collect(Stream(client(then="trickle"), limits), None, share) is TOO_SLOW


async def test_a_body_that_makes_progress_for_ever_ends_all_the_same():
    limits = BodyLimits(idle_timeout=3600, progress_bytes=1, body_timeout=0.05)
    share = Share(allowing(2**40))
    assert await collect(Stream(client(then="trickle"), limits), None, share) is TOO_SLOW


async def test_a_client_that_goes_away_is_a_surprise_that_releases_its_share(budget):
    with pytest.raises(ClientGone), Share(budget) as share:
        await collect(Stream(client(b"half", then="gone"), LIMITS), None, share)
    assert budget.held == 0


async def test_draining_ends_with_the_body():
    assert await drain(Stream(client(bytes(400), bytes(400)), LIMITS))


async def test_draining_ends_after_so_many_bytes():
    assert not await drain(Stream(client(then="trickle"), LIMITS))


async def test_limits_that_no_message_can_meet_are_refused():
    with pytest.raises(ValueError, match="none would fit"):
        BodyLimits(max_message_bytes=2, max_inflight_bytes=1)
