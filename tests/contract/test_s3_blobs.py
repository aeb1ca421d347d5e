"""What only blobs in a bucket have: a server that is away, refuses, or is not what it seems."""

import asyncio
import re
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from running import MinioServer, S3Server
from server_fixtures import Launcher
from wire import Wire
from xaynet_coordinator.store import Reason, StoreUnavailable
from xaynet_coordinator.store.s3 import Bucket, S3Blobs


def bucket_of(server: S3Server, name: str = "blobs", prefix: str = "") -> Bucket:
    return Bucket(server.url, name, server.access_key, server.secret_key, server.region, prefix)


@asynccontextmanager
async def opened(bucket: Bucket, *, patience: float = 30.0) -> AsyncIterator[S3Blobs]:
    blobs = S3Blobs(bucket, timeout=patience)
    await blobs.open()
    try:
        yield blobs
    finally:
        await blobs.close()


@asynccontextmanager
async def answering(*answers: bytes) -> AsyncIterator[tuple[Bucket, list[bytes]]]:
    """A server that gives these answers, the last one for ever; and what it was asked."""
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"Content-Length: (\d+)", request)
        await reader.readexactly(int(length[1]) if length else 0)
        asked.append(request.splitlines()[0])
        chosen = answers[min(len(asked), len(answers)) - 1]
        if chosen == NEVER:
            await reader.read()  # until the client has enough
        writer.write(chosen)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        yield Bucket(f"http://127.0.0.1:{port}", "blobs", "access", "s3cret"), asked


def answer(status: str, code: str = "") -> bytes:
    body = f"<Error><Code>{code}</Code><Message>why</Message></Error>" if code else ""
    kind = "Content-Type: application/xml\r\n" if code else ""
    head = f"HTTP/1.1 {status}\r\n{kind}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return (head + body).encode()


NEVER = b"never"
OK = answer("200 OK")
BUSY = answer("409 Conflict", "ConditionalRequestConflict")
DENIED = answer("403 Forbidden", "AccessDenied")
TAKEN = answer("412 Precondition Failed", "PreconditionFailed")


@pytest.mark.servers
async def test_the_bucket_is_made_once_even_if_many_open_it(s3_server: S3Server, uid: str):
    bucket = bucket_of(s3_server, f"made-{uid}")
    blobs = [S3Blobs(bucket) for _ in range(5)]
    await asyncio.gather(*(each.open() for each in blobs))
    await blobs[0].put("a", b"content")
    assert await blobs[1].get("a") == b"content"
    for each in blobs:
        await each.close()


@pytest.mark.servers
async def test_attaching_makes_no_bucket_and_tells_strangers_from_nothing(
    s3_server: S3Server, uid: str
):
    bucket = bucket_of(s3_server, f"nowhere-{uid}")
    blobs = S3Blobs(bucket)
    assert not await blobs.attach()
    assert not s3_server.client().bucket_exists(bucket.name)
    await blobs.close()
    stranger = S3Blobs(replace(bucket, access_key="nobody"))
    with pytest.raises(StoreUnavailable, match="refuses the credentials"):
        await stranger.attach()
    await stranger.close()


@pytest.mark.servers
async def test_prefixes_share_a_bucket_without_meeting(s3_server: S3Server, bucket: str):
    async with (
        opened(bucket_of(s3_server, bucket, "one/")) as one,
        opened(bucket_of(s3_server, bucket, "two/")) as two,
        opened(bucket_of(s3_server, bucket)) as whole,
    ):
        await one.put("a", b"1")
        await two.put("a", b"2")
        assert await one.get("a") == b"1"
        assert await one.keys("") == await two.keys("") == ["a"]
        assert await whole.keys("") == ["one/a", "two/a"]
        await one.delete("a")
        assert await whole.keys("") == ["two/a"]


@pytest.mark.servers
async def test_wrong_credentials_are_told_without_them(s3_server: S3Server, bucket: str):
    for wrong in ({"access_key": "nobody"}, {"secret_key": "s3cret-of-another"}):
        blobs = S3Blobs(replace(bucket_of(s3_server, bucket), **wrong))
        with pytest.raises(StoreUnavailable, match=bucket) as caught:
            await blobs.open()
        assert caught.value.reason is Reason.S3_CREDENTIALS
        assert f"at {s3_server.url} refuses the credentials: check" in str(caught.value)
        told = "".join(traceback.format_exception(caught.value)) + repr(blobs)
        assert "s3cret" not in told
        assert s3_server.secret_key not in told
        await blobs.close()


@pytest.mark.servers
async def test_a_server_that_went_away_is_unavailable_until_it_is_back(
    launch: Launcher, tmp_path: Path
):
    server = launch(MinioServer(tmp_path / "minio"))
    async with opened(bucket_of(server)) as blobs:
        await blobs.put("a", b"content")
        server.kill()
        for verb in (blobs.get("a"), blobs.put("b", b""), blobs.put_once("c", b""), blobs.keys("")):
            with pytest.raises(StoreUnavailable, match=f"bucket blobs at {server.url}") as caught:
                await verb
            assert caught.value.reason is Reason.S3_UNREACHABLE
        server.start()
        assert await blobs.get("a") == b"content"
        assert await blobs.put_once("c", b"")


async def test_a_server_that_does_not_answer_is_not_waited_for():
    opening = (OK, OK, TAKEN, OK)
    async with answering(*opening, NEVER) as (bucket, _), opened(bucket, patience=1.0) as blobs:
        with pytest.raises(StoreUnavailable, match="bucket blobs at http"):
            await blobs.put_once("a", b"")


@pytest.mark.servers
async def test_a_lost_answer_to_a_write_once_put_is_not_taken_for_a_refusal(
    s3_server: S3Server, bucket: str
):
    async with Wire(s3_server.port) as wire:
        own = replace(bucket_of(s3_server, bucket), endpoint=f"http://127.0.0.1:{wire.port}")
        async with opened(own) as blobs:
            wire.lose_next_answer()
            with pytest.raises(StoreUnavailable):
                await blobs.put_once("a", b"content")
            assert await blobs.get("a") == b"content"


@pytest.mark.servers
async def test_a_lost_answer_to_another_verb_is_asked_for_again(s3_server: S3Server, bucket: str):
    async with Wire(s3_server.port) as wire:
        own = replace(bucket_of(s3_server, bucket), endpoint=f"http://127.0.0.1:{wire.port}")
        async with opened(own) as blobs:
            wire.lose_next_answer()
            await blobs.put("a", b"content")
            wire.lose_next_answer()
            assert await blobs.get("a") == b"content"
            wire.lose_next_answer()
            assert await blobs.keys("") == ["a"]


@pytest.mark.servers
async def test_a_bucket_that_is_gone_is_unavailable(s3_server: S3Server, bucket: str):
    async with opened(bucket_of(s3_server, bucket)) as blobs:
        s3_server.client().remove_bucket(bucket)
        for verb in (blobs.get("a"), blobs.put("a", b""), blobs.put_once("a", b"")):
            with pytest.raises(StoreUnavailable, match="NoSuchBucket") as caught:
                await verb
            assert caught.value.reason is Reason.S3_REFUSES


@pytest.mark.parametrize(
    ("refusal", "reason", "advice"),
    [
        (answer("403 Forbidden", "AccessDenied"), Reason.S3_REFUSES, "give them rights"),
        (answer("400 Bad", "InvalidToken"), Reason.S3_CREDENTIALS, "check the Secret"),
        (answer("400 Bad", "XMinioAdminBucketQuotaExceeded"), Reason.S3_REFUSES, "its quota"),
        (answer("507 Full", "XMinioStorageFull"), Reason.S3_REFUSES, "add storage"),
        (answer("503 Slow Down", "SlowDown"), Reason.S3_UNREACHABLE, "does not serve now"),
        (answer("502 Bad Gateway"), Reason.S3_UNREACHABLE, "does not serve now"),
        (answer("404 Not Found"), Reason.S3_REFUSES, "check the endpoint"),
        (b"SSH-2.0-OpenSSH\r\n", Reason.S3_UNREACHABLE, "see that it runs"),
    ],
)
async def test_a_refusal_is_told_with_its_reason_and_what_to_do(
    refusal: bytes, reason: Reason, advice: str
):
    async with answering(OK, OK, TAKEN, OK, refusal) as (bucket, _), opened(bucket) as blobs:
        with pytest.raises(StoreUnavailable, match=f"{bucket.endpoint} .*{advice}") as caught:
            await blobs.keys("")
        assert caught.value.reason is reason


async def test_a_server_that_overlooks_the_condition_is_refused():
    async with answering(OK) as (bucket, _):
        blobs = S3Blobs(bucket)
        with pytest.raises(StoreUnavailable, match="overlooks If-None-Match"):
            await blobs.open()


@pytest.mark.parametrize("met", [BUSY, DENIED])
async def test_a_put_that_meets_another_is_sent_again(met: bytes):
    # HEAD bucket, two PUTs and a DELETE of the trial; then the put under test
    async with answering(OK, OK, TAKEN, OK, met, met, OK) as (bucket, asked):
        async with opened(bucket) as blobs:
            assert await blobs.put_once("a", b"content")
        assert asked[4:] == [b"PUT /blobs/a HTTP/1.1"] * 3


async def test_a_put_that_meets_another_and_loses_is_refused():
    async with answering(OK, OK, TAKEN, OK, BUSY, TAKEN) as (bucket, asked):
        async with opened(bucket) as blobs:
            assert not await blobs.put_once("a", b"content")
        assert len(asked) == 6


async def test_a_put_that_always_meets_others_gives_up():
    async with answering(OK, OK, TAKEN, OK, BUSY) as (bucket, asked), opened(bucket) as blobs:
        with pytest.raises(StoreUnavailable, match="ConditionalRequestConflict, why"):
            await blobs.put_once("a", b"content")
        assert len(asked) == 9


@pytest.mark.parametrize(
    "odd",
    [
        answer("500 Oops"),
        answer("503 Slow Down", "SlowDown"),
        answer("301 Moved", "PermanentRedirect"),
        b"HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: 4\r\n\r\n<no>",
        b"HTTP/1.1 400 Bad\r\nContent-Type: application/xml\r\nContent-Length: 4\r\n\r\n<no>",
        b"HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\ncut",
        b"SSH-2.0-OpenSSH\r\n",
        b"",
    ],
)
async def test_odd_answers_are_unavailability(odd: bytes):
    async with answering(OK, OK, TAKEN, OK, odd) as (bucket, _), opened(bucket) as blobs:
        with pytest.raises(StoreUnavailable, match="bucket blobs at http"):
            await blobs.keys("")


async def test_a_body_that_is_cut_is_no_content():
    cut = b"HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\ncut"
    async with answering(OK, OK, TAKEN, OK, cut) as (bucket, _), opened(bucket) as blobs:
        with pytest.raises(StoreUnavailable, match="bucket blobs at http"):
            await blobs.get("a")


@pytest.mark.parametrize(
    "endpoint",
    ["", "minio:9000", "ftp://minio", "http://", "http://minio/path", "http://u:s3cret@minio"],
)
def test_an_endpoint_that_is_none_is_refused(endpoint: str):
    with pytest.raises(ValueError, match="endpoint of S3") as caught:
        S3Blobs(Bucket(endpoint, "blobs", "access", "secret"))
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("prefix", ["/", "A/", "a//", "../"])
def test_a_prefix_that_no_key_begins_with_is_refused(prefix: str):
    with pytest.raises(ValueError, match="prefix"):
        S3Blobs(Bucket("http://minio", "blobs", "access", "secret", prefix=prefix))


def test_a_bucket_does_not_show_its_secret():
    assert "s3cret" not in repr(Bucket("http://minio", "blobs", "access", "s3cret"))
