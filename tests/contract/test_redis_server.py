"""The server that a Redis ledger is on: its rights, settings, secrets and damage."""

import asyncio
import traceback
from pathlib import Path

import pytest
from redis import Redis

from ledger_places import RedisPlace
from ledger_steps import (
    AMPLE,
    collection,
    commit,
    fill,
    pk,
    receipt,
    update,
)
from running import RedisServer
from server_fixtures import Launcher
from xaynet_coordinator.store import (
    Desired,
    Reason,
    StoreCorrupt,
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
        assert caught.value.reason is Reason.REDIS_CREDENTIALS
        assert f"127.0.0.1:{server.port} refuses the password: check" in str(caught.value)
        told = "".join(traceback.format_exception(caught.value)) + repr(ledger)
        assert "wr0ng" not in told
        await ledger.close()


@pytest.mark.parametrize("given", ["", "unasked@"])
async def test_a_password_that_is_missing_or_not_asked_for_is_a_matter_of_credentials(
    launch: Launcher, tmp_path: Path, uid: str, given: str
):
    server = launch(RedisServer(tmp_path / "redis", password=None if given else "secret"))
    account = ":unasked@" if given else ""
    ledger = RedisLedger(f"redis://{account}127.0.0.1:{server.port}", uid)
    with pytest.raises(StoreUnavailable, match="refuses the password") as caught:
        await ledger.open()
    assert caught.value.reason is Reason.REDIS_CREDENTIALS
    await ledger.close()


async def test_an_account_with_too_few_rights_is_told_so(server: RedisServer, uid: str):
    with Redis.from_url(server.url) as redis:
        redis.execute_command("ACL", "SETUSER", "poor", "on", ">pass", "~*", "+ping", "+hget")
    ledger = RedisLedger(f"redis://poor:pass@127.0.0.1:{server.port}", uid)
    await ledger.open()
    with pytest.raises(StoreUnavailable, match="too few rights") as caught:
        await ledger.take_term()
    assert caught.value.reason is Reason.REDIS_CREDENTIALS
    await ledger.close()


async def test_a_redis_that_is_away_is_unreachable(server: RedisServer, place: RedisPlace):
    async with place.opened() as ledger:
        server.kill()
        with pytest.raises(StoreUnavailable, match=f"127.0.0.1:{server.port} cannot be") as caught:
            await ledger.head()
        assert caught.value.reason is Reason.REDIS_UNREACHABLE


async def test_a_replica_that_only_reads_refuses(server: RedisServer, place: RedisPlace):
    async with place.opened() as ledger:
        with Redis.from_url(server.url) as redis:
            redis.execute_command("REPLICAOF", "127.0.0.1", "1")
        with pytest.raises(StoreUnavailable, match="address of the primary") as caught:
            await ledger.take_term()
        assert caught.value.reason is Reason.REDIS_REFUSES


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
                with pytest.raises(StoreUnavailable, match="raise its maxmemory") as caught:
                    await ledger.add_sum_participant(epoch, pk(50), b"key", receipt(50))
                with pytest.raises(StoreUnavailable, match="maxmemory"):
                    await ledger.commit_updates(group)
            assert caught.value.reason is Reason.REDIS_REFUSES
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
