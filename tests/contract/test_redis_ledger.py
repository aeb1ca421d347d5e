"""What only a ledger behind a network has: lost connections, restarts, other replicas."""

import asyncio
from pathlib import Path

import pytest
from redis import Redis

from ledger_places import RedisPlace
from ledger_steps import (
    AMPLE,
    begin,
    collection,
    commit,
    enter_sums,
    enter_updates,
    ephemeral,
    fill,
    pk,
    pointer,
    receipt,
    update,
)
from running import RedisServer
from server_fixtures import Launcher
from wire import Wire
from xaynet_coordinator.store import (
    Caps,
    ChunkBounds,
    Counts,
    Refused,
    Stored,
    StoreUnavailable,
    Verdict,
)
from xaynet_coordinator.store.redis import RedisLedger

pytestmark = pytest.mark.servers


@pytest.fixture
def server(launch: Launcher, tmp_path: Path) -> RedisServer:
    """A Redis for one test to mistreat."""
    return launch(RedisServer(tmp_path / "redis"))


@pytest.fixture
def place(server: RedisServer, uid: str) -> RedisPlace:
    return RedisPlace(server.url, uid)


async def test_nothing_that_was_accepted_is_lost_when_redis_is_killed(
    server: RedisServer, place: RedisPlace
):
    accepted: set[bytes] = set()
    enough = asyncio.Event()

    async def add(number: int) -> None:
        verdict = await ledger.add_sum_participant(epoch, pk(number), b"key", receipt(number))
        assert verdict is Verdict.ACCEPTED
        accepted.add(pk(number))
        if len(accepted) == 100:
            enough.set()

    async with place.opened() as ledger:
        epoch = (await begin(ledger)).epoch
        adding = asyncio.gather(*(add(each) for each in range(400)), return_exceptions=True)
        await enough.wait()
        server.kill()
        failures = [answer for answer in await adding if answer is not None]
        assert failures
        assert all(isinstance(failure, StoreUnavailable) for failure in failures)
        server.start()
        stored = await ledger.sums()
        assert accepted <= set(stored)
        assert await ledger.counts() == Counts(sum=len(stored))


async def test_a_commit_is_whole_or_not_at_all_when_redis_is_killed(
    server: RedisServer, place: RedisPlace
):
    answered: set[str] = set()
    enough = asyncio.Event()

    async def send(number: int) -> None:
        member = f"m{number}"
        group = [update(10 * number + each, sums) for each in range(10)]
        await ledger.commit_updates(commit(epoch, group, member=member))
        answered.add(member)
        if len(answered) == 10:
            enough.set()

    async with place.opened() as ledger:
        epoch = (await begin(ledger)).epoch
        sums = await enter_sums(ledger, epoch, 20)
        sending = asyncio.gather(*(send(each) for each in range(80)), return_exceptions=True)
        await enough.wait()
        server.kill()
        await sending
        server.start()
        members = set(await ledger.pointers())
        assert answered <= members
        assert (await ledger.counts()).update == 10 * len(members)
        columns = [await ledger.seeds(participant) for participant in sums]
        assert {len(column or {}) for column in columns} == {10 * len(members)}


async def test_a_restart_while_nothing_was_asked_goes_unnoticed(
    server: RedisServer, place: RedisPlace
):
    async with place.opened() as ledger:
        head = await fill(ledger)
        await asyncio.gather(*(ledger.head() for _ in range(10)))
        server.restart()
        await asyncio.wait_for(answered_by(server), 10)
        assert await ledger.head() == head
        assert (await ledger.take_term()).term == head.term + 1


async def answered_by(server: RedisServer) -> None:
    """Once the loop had an answer of the new server, it has seen the old connections end."""
    _, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.close()
    await writer.wait_closed()


async def test_scripts_that_the_server_forgot_are_told_again(place: RedisPlace):
    async with place.opened() as ledger:
        head = await fill(ledger)
        with Redis.from_url(place.url) as redis:
            redis.script_flush()
        assert (await ledger.take_term()).term == head.term + 1


async def test_while_redis_is_down_every_verb_says_so(server: RedisServer, place: RedisPlace):
    async with place.opened() as ledger:
        server.kill()
        for verb in (ledger.head, ledger.counts, ledger.take_term, ledger.forget, ledger.open):
            with pytest.raises(StoreUnavailable, match=f"127.0.0.1:{server.port}"):
                await verb()
        server.start()
        assert (await ledger.take_term()).term == 1


async def test_a_redis_that_does_not_answer_is_not_waited_for(server: RedisServer, uid: str):
    ledger = RedisLedger(server.url, uid, timeout=0.3)
    await ledger.open()
    server.freeze()
    with pytest.raises(StoreUnavailable):
        await ledger.take_term()
    server.thaw()
    assert (await ledger.head()).term in (0, 1)  # nobody knows what became of it
    await ledger.close()


async def test_a_verb_whose_answer_is_lost_was_done_once(server: RedisServer, uid: str):
    async with Wire(server.port) as wire:
        ledger = RedisLedger(f"redis://127.0.0.1:{wire.port}", uid)
        await ledger.open()
        await ledger.take_term()
        wire.lose_next_answer()
        with pytest.raises(StoreUnavailable):
            await ledger.take_term()
        assert (await ledger.head()).term == 2
        await ledger.close()


async def test_a_commit_whose_answer_is_lost_is_found_in_the_pointer(server: RedisServer, uid: str):
    async with Wire(server.port) as wire:
        ledger = RedisLedger(f"redis://127.0.0.1:{wire.port}", uid)
        await ledger.open()
        epoch = (await begin(ledger)).epoch
        sums = await enter_sums(ledger, epoch, 2)
        await enter_updates(ledger, epoch, sums, 1)
        wire.lose_next_answer()
        group = commit(epoch, [update(7, sums)])
        with pytest.raises(StoreUnavailable):
            await ledger.commit_updates(group)
        assert (await ledger.pointers())["m"] == group.pointer
        again = commit(epoch, group.updates, expected=pointer(1), pointer_=pointer(2))
        assert await ledger.commit_updates(again) == Refused(Verdict.REPEATED, 0)
        await ledger.close()


async def test_replicas_share_one_ledger_and_one_leads(place: RedisPlace):
    async with place.opened() as one, place.opened() as two:
        led = await begin(one, Caps(3, 3, 3))
        verdicts = await asyncio.gather(
            *(
                each.add_sum_participant(led.epoch, pk(number), ephemeral(number), receipt(number))
                for number in range(5)
                for each in (one, two)
            )
        )
        assert verdicts.count(Verdict.ACCEPTED) == 3
        taken = await two.take_term()
        with place.unchanged():
            assert await one.advance(led.term, led.epoch, b"old", AMPLE, erase=True) is None
            assert not await one.keep_elapsed(led.term, led.epoch, 1.0)
        assert await two.advance(taken.term, taken.epoch, b"new", AMPLE, erase=False)
        with place.unchanged():
            late = await one.add_sum_participant(led.epoch, pk(9), b"key", receipt(9))
            assert late is Verdict.STALE


async def test_more_verbs_than_connections_wait_for_their_turn(server: RedisServer, uid: str):
    ledger = RedisLedger(server.url, uid, connections=2)
    await ledger.open()
    epoch = (await begin(ledger)).epoch
    await asyncio.gather(
        *(ledger.add_sum_participant(epoch, pk(each), b"", receipt(each)) for each in range(200))
    )
    assert await ledger.counts() == Counts(sum=200)
    with Redis.from_url(server.url) as redis:
        assert len(redis.client_list()) <= 3
    await ledger.close()


async def test_thousands_of_chunks_come_and_go(place: RedisPlace):
    bounds = ChunkBounds(1 << 30, 1 << 30)
    async with place.opened() as ledger:
        epoch = (await begin(ledger)).epoch

        def put(number: int):
            data, last = b"%d" % number, number == 8999
            return ledger.add_chunk(epoch, collection(1), (number, last, data), receipt(1), bounds)

        for first in range(0, 9000, 1000):
            await asyncio.gather(*(put(number) for number in range(first, first + 1000)))
        assert await put(8999) == Stored(9000, 8999)
        assert await ledger.chunks(collection(1)) == {n: b"%d" % n for n in range(9000)}
        await ledger.drop_chunks(collection(1))
        assert await ledger.chunks(collection(1)) == {}
