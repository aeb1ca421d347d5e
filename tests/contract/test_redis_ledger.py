"""What only a ledger behind a network has: lost connections, restarts, other replicas, rights."""

import asyncio
import traceback
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
    Desired,
    Refused,
    StoreCorrupt,
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


async def test_all_keys_are_under_the_hash_tag_of_the_uid(place: RedisPlace):
    async with place.opened() as ledger:
        await fill(ledger)
        await ledger.put_desired(Desired(1, b""), AMPLE, paused=False)
    with Redis.from_url(place.url) as redis:
        keys = redis.keys("*")
    prefix = f"{{{place.uid}}}:".encode()
    assert len(keys) > 8
    assert [key for key in keys if not key.startswith(prefix)] == []


async def test_an_account_for_the_keys_of_one_uid_is_enough(server: RedisServer, uid: str):
    with Redis.from_url(server.url) as redis:
        redis.execute_command(
            "ACL", "SETUSER", "narrow", "on", ">pass", f"~{{{uid}}}:*", "+@all", "-@admin"
        )
    ledger = RedisLedger(f"redis://narrow:pass@127.0.0.1:{server.port}", uid)
    await ledger.open()
    assert len(ledger.warnings) == 3
    assert all("unknown" in warning for warning in ledger.warnings)
    await fill(ledger)
    await ledger.drop_chunks(collection(9))
    await ledger.forget()
    await ledger.close()


async def test_a_redis_that_keeps_what_it_acknowledged_gives_no_warning(place: RedisPlace):
    ledger = place.ledger()
    await ledger.open()
    assert ledger.warnings == []
    await ledger.close()


@pytest.mark.parametrize(
    ("setting", "value"),
    [("appendonly", "no"), ("appendfsync", "everysec"), ("maxmemory-policy", "allkeys-lru")],
)
async def test_a_redis_that_can_lose_what_it_acknowledged_is_named(
    server: RedisServer, place: RedisPlace, setting: str, value: str
):
    with Redis.from_url(server.url) as redis:
        redis.config_set(setting, value)
    ledger = place.ledger()
    await ledger.open()
    (warning,) = ledger.warnings
    assert f"127.0.0.1:{server.port}" in warning
    assert f"{setting} is {value}" in warning
    await ledger.close()


async def test_a_password_is_used_and_never_told(launch: Launcher, tmp_path: Path, uid: str):
    server = launch(RedisServer(tmp_path / "redis", password="p%ss:w/rd"))
    ledger = RedisLedger(server.url, uid)
    await ledger.open()
    await ledger.close()
    for wrong in ("wr0ng-p%25ss", "wr0ng%2Fp"):
        ledger = RedisLedger(f"redis://:{wrong}@127.0.0.1:{server.port}", uid)
        with pytest.raises(StoreUnavailable) as caught:
            await ledger.open()
        told = "".join(traceback.format_exception(caught.value)) + repr(ledger)
        assert "wr0ng" not in told
        await ledger.close()


async def test_a_server_that_repeats_the_password_is_not_quoted(uid: str):
    async def parrot(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.read(1000)
        writer.write(b"-ERR unknown command, with args beginning with: " + request.split()[-1])
        writer.write(b"\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(parrot, "127.0.0.1", 0) as parrots:
        port = parrots.sockets[0].getsockname()[1]
        ledger = RedisLedger(f"redis://:s3cret@127.0.0.1:{port}", uid)
        with pytest.raises(StoreUnavailable) as caught:
            await ledger.open()
        assert "s3cret" not in "".join(traceback.format_exception(caught.value))
        assert "unknown command" in str(caught.value)
        await ledger.close()


@pytest.mark.parametrize(
    "url",
    [
        "s3cret",
        "http://:s3cret@localhost",
        "redis://:pa/s3cret@localhost:6379",
        "redis://:s3cret@localhost:port",
        "redis://:s3cret@localhost?socket_timeout=s3cret",
        "redis://:s3cret@localhost?s3cret=1",
    ],
)
def test_a_url_that_is_none_is_refused_without_its_password(url: str, uid: str):
    with pytest.raises(ValueError, match="URL of Redis") as caught:
        RedisLedger(url, uid)
    assert "s3cret" not in "".join(traceback.format_exception(caught.value)).replace(url, "")


async def test_something_that_is_no_redis_is_unavailable(uid: str):
    async def web(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1000)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(web, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        ledger = RedisLedger(f"redis://127.0.0.1:{port}", uid)
        with pytest.raises(StoreUnavailable, match=f"127.0.0.1:{port}"):
            await ledger.open()
        await ledger.close()


async def test_a_redis_without_memory_refuses_and_changes_nothing(
    server: RedisServer, place: RedisPlace
):
    async with place.opened() as ledger:
        epoch = (await fill(ledger)).epoch
        group = commit(epoch, [update(60, await ledger.sums())])
        with Redis.from_url(server.url) as redis:
            redis.config_set("maxmemory", "1mb")
            with place.unchanged():
                with pytest.raises(StoreUnavailable, match="maxmemory"):
                    await ledger.add_sum_participant(epoch, pk(50), b"key", receipt(50))
                with pytest.raises(StoreUnavailable, match="maxmemory"):
                    await ledger.commit_updates(group)
            redis.config_set("maxmemory", "0")
        verdict = await ledger.add_sum_participant(epoch, pk(50), b"key", receipt(50))
        assert verdict is Verdict.ACCEPTED


@pytest.mark.parametrize(
    "damage",
    [
        ("SET", "head", "x"),
        ("HSET", "head", "epoch", "x"),
        ("HSET", "head", "paused", ""),
        ("HSET", "head", "elapsed", "soon"),
        ("HSET", "head", "layout", "2"),
        ("HSET", "head", "cap:sum", "many"),
        ("SET", "sums", "x"),
        ("HSET", "pointers", "m", "x"),
        ("HSET", "votes", "digest", "x"),
        ("HSET", "desired", "generation", "x", "document", "y"),
        ("HSET", "desired", "document", "y"),
    ],
)
async def test_what_this_program_never_wrote_is_called_corrupt(
    place: RedisPlace, damage: tuple[str, ...]
):
    command, key, *values = damage
    async with place.opened() as ledger:
        with Redis.from_url(place.url) as redis:
            redis.execute_command(command, f"{{{place.uid}}}:{key}", *values)

        async def look() -> None:
            await ledger.open()
            head = await ledger.head()
            await ledger.add_sum_participant(head.epoch, pk(0), b"key", receipt(0))
            await ledger.sums()
            await ledger.pointers()
            await ledger.votes()
            await ledger.desired()

        with pytest.raises(StoreCorrupt, match="Redis at 127"):
            await look()


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
