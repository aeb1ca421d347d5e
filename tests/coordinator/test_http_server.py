"""The public API on real connections, honest ones and others."""

import asyncio
import resource
import signal
import time
from contextlib import AsyncExitStack, suppress
from random import Random

import pytest

from golden import entries
from raw_http import chunk, connected, head, serving
from service import service, settings_in
from stand_in_front import StandInFront
from xaynet_coordinator.api import public_app
from xaynet_coordinator.board import PublishedModel
from xaynet_coordinator.bodies import BodyLimits
from xaynet_coordinator.http_server import SPARE_FILES, room_for
from xaynet_coordinator.outcomes import ACCEPTED, rejected, retry
from xaynet_coordinator.record import Phase

SMALL = BodyLimits(max_message_bytes=1000, max_inflight_bytes=1500, drain_bytes=10_000)
IMPATIENT = BodyLimits(
    max_message_bytes=1000, max_inflight_bytes=1500, drain_bytes=10_000, idle_timeout=0.1
)
ENDLESS = "transfer-encoding: chunked"


@pytest.fixture
def front():
    return StandInFront(outcome=ACCEPTED)


def public(front, limits=SMALL, **connection_limits):
    return serving(public_app(front, limits), front, **connection_limits)


async def replay(case, wire):
    """Send a request of the golden vectors, and compare every header."""
    body = bytes.fromhex(case["body"] or "")
    length = [] if case["body"] is None else [f"content-length: {len(body)}"]
    await wire.send(head(case["method"], case["target"], *length), body)
    answer = await wire.answer(case["method"])
    expected = {"content-length": case["content_length"]}
    if case["content_type"]:
        expected["content-type"] = case["content_type"]
    if case["method"] == "POST" and case["status"] == 200:
        expected["xaynet-outcome"] = "rejected; reason=decrypt"
    answer.headers.pop("date")
    assert (answer.status, answer.headers) == (case["status"], expected), case["name"]
    assert len(answer.body) == case["response_length"]


async def test_every_answer_is_that_of_the_original_and_the_connection_lives_on(front):
    front.outcome = rejected("decrypt")
    async with public(front, BodyLimits()) as port, connected(port) as wire:
        for case in entries("rest"):
            await replay(case, wire)


async def test_a_whole_coordinator_in_its_first_sum_phase_answers_like_the_original(tmp_path):
    async with service(settings_in(tmp_path)) as at:
        await at.reach(Phase.SUM)
        async with public(at.front) as port, connected(port) as wire:
            for case in entries("rest"):
                await replay(case, wire)
            answer = await wire.post(bytes(SMALL.max_message_bytes + 1))
            assert answer.headers["xaynet-outcome"] == "rejected; reason=too-large"
        state = await at.front.state(None, 0)
    posts = sum(case["method"] == "POST" and case["status"] == 200 for case in entries("rest"))
    assert state["round"]["messages"]["sum"]["rejected"] == posts + 1


async def test_a_message_in_chunks_is_one_body(front):
    async with public(front) as port, connected(port) as wire:
        await wire.send(head("POST", "/message", ENDLESS), chunk(b"sea"), chunk(b"led"), chunk(b""))
        assert (await wire.answer()).status == 200
    assert front.bodies == [b"sealed"]


async def test_a_larger_message_is_rejected_and_the_next_one_taken(front):
    async with public(front) as port, connected(port) as wire:
        declared = await wire.post(bytes(5000))
        await wire.send(head("POST", "/message", ENDLESS), *[chunk(bytes(500))] * 5, chunk(b""))
        streamed = await wire.answer()
        assert declared.headers["xaynet-outcome"] == "rejected; reason=too-large"
        assert streamed.headers["xaynet-outcome"] == "rejected; reason=too-large"
        assert (await wire.post(b"sealed")).headers["xaynet-outcome"] == "accepted"
    assert front.bodies == [b"sealed"]


async def test_a_message_beyond_all_bounds_is_answered_and_its_connection_closed(front):
    async with public(front) as port, connected(port) as wire:
        await wire.send(head("POST", "/message", "content-length: 1000000000"), bytes(20_000))
        answer = await wire.answer()
        assert (answer.status, answer.closes) == (200, True)
        assert await wire.closed() == b""


async def test_who_asks_before_sending_is_told_to_go_on(front):
    async with public(front) as port, connected(port) as wire:
        await wire.send(head("POST", "/message", "content-length: 6", "expect: 100-continue"))
        assert (await wire.reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100 ")
        await wire.send(b"sealed")
        assert (await wire.answer()).status == 200


async def trickle(wire, data):
    """Send for as long as the server takes it."""
    with suppress(OSError):
        while True:
            await wire.send(data)
            await asyncio.sleep(0)


async def test_an_endless_body_ends_by_its_size(front):
    async with public(front) as port, connected(port) as wire:
        await wire.send(head("POST", "/message", ENDLESS))
        endless = asyncio.create_task(trickle(wire, chunk(b"x" * 100)))
        answer = await wire.answer()
        assert answer.headers["xaynet-outcome"] == "rejected; reason=too-large"
        assert answer.closes
        await endless
    assert front.refused == [rejected("too-large")]


@pytest.mark.parametrize("first", [b"", chunk(b"half of it"), b"5\r\nhe", b"5;extension"])
async def test_a_body_that_stops_coming_is_answered_503_and_closed(front, first):
    async with public(front, IMPATIENT) as port, connected(port) as wire:
        await wire.send(head("POST", "/message", ENDLESS), first)
        answer = await wire.answer()
        assert (answer.status, answer.closes) == (503, True)
        assert await wire.closed() == b""
    assert front.refused == [retry("too-slow")]
    assert front.metrics.held == 0


async def test_the_endless_body_of_a_get_ends_too(front):
    async with public(front, IMPATIENT) as port, connected(port) as wire:
        await wire.send(head("GET", "/params", ENDLESS), chunk(b"x"))
        answer = await wire.answer()
        assert (answer.status, answer.closes) == (200, True)


async def test_a_client_that_goes_away_gives_its_memory_back(front):
    async with public(front) as port:
        async with connected(port) as wire:
            await wire.send(head("POST", "/message", "content-length: 900"), bytes(800))
            await front.metrics.until(lambda: front.metrics.held == 800)
        await front.metrics.until(lambda: front.metrics.held == 0)
        async with connected(port) as wire:
            assert (await wire.post(bytes(1000))).status == 200
    assert front.bodies == [bytes(1000)]


async def test_without_memory_left_messages_are_503_until_some_is_given_back(front):
    front.hold = True
    async with public(front) as port, connected(port) as first, connected(port) as second:
        answer = asyncio.create_task(first.post(bytes(900)))
        await front.held.wait()
        refused = await second.post(bytes(900))
        assert (refused.status, refused.headers["retry-after"]) == (503, "5")
        assert not refused.closes
        front.open_gate.set()
        assert (await answer).status == 200
        assert (await second.post(bytes(900))).status == 200
    assert front.refused == [retry("overloaded", 5)]


@pytest.mark.parametrize(
    "said",
    [b"", b"\r\n", b"GET /par", head("GET", "/params")[:-2], b"GET /params HTTP/1.1\r\nx: y"],
)
async def test_a_connection_that_says_nothing_or_half_a_head_is_closed(front, said):
    async with public(front, idle_timeout=0.1) as port, connected(port) as wire:
        await wire.send(said)
        assert await wire.closed() == b""
    assert front.metrics.ended == ["idle"]


@pytest.mark.parametrize("said", [b"", b"\r\n", b"POST /me"])
async def test_a_connection_that_falls_silent_after_an_answer_is_closed(front, said):
    async with public(front, idle_timeout=0.3) as port, connected(port) as wire:
        assert (await wire.get("/params")).status == 200
        await wire.send(said)
        assert await wire.closed() == b""


async def test_a_request_that_is_being_answered_is_never_idle(front):
    front.hold = True
    async with public(front, idle_timeout=0.3) as port, connected(port) as wire:
        async with connected(port) as other:
            answer = asyncio.create_task(wire.post(b"sealed"))
            await front.held.wait()
            await other.closed()  # it has been silent for as long
        front.open_gate.set()
        assert (await answer).status == 200


async def test_300_silent_connections_keep_no_honest_one_out(front):
    async with AsyncExitStack() as stack:
        port = await stack.enter_async_context(public(front, max_connections=200, idle_timeout=60))
        silent = [await stack.enter_async_context(connected(port)) for _ in range(150)]
        honest = await stack.enter_async_context(connected(port))
        assert (await honest.get("/params")).status == 200
        silent += [await stack.enter_async_context(connected(port)) for _ in range(150)]
        await front.metrics.until(lambda: len(front.metrics.ended) == 101)
        assert front.metrics.open == 200
        newcomer = await stack.enter_async_context(connected(port))
        assert (await newcomer.post(b"sealed")).status == 200
        assert await silent[0].closed() == b""
    assert set(front.metrics.ended) <= {"crowded-out", "shutdown"}


async def test_300_silent_connections_are_closed_in_time(front):
    async with AsyncExitStack() as stack:
        port = await stack.enter_async_context(public(front, idle_timeout=0.2))
        silent = [await stack.enter_async_context(connected(port)) for _ in range(300)]
        assert await asyncio.gather(*(wire.closed() for wire in silent)) == [b""] * 300
        await front.metrics.until(lambda: front.metrics.open == 0)


async def test_where_all_are_busy_a_newcomer_is_503(front):
    front.hold = True
    async with public(front, max_connections=1) as port, connected(port) as busy:
        answer = asyncio.create_task(busy.post(b"sealed"))
        await front.held.wait()
        async with connected(port) as newcomer:
            refused = await newcomer.answer()
            assert (refused.status, refused.closes) == (503, True)
        front.open_gate.set()
        assert (await answer).status == 200


@pytest.mark.parametrize(
    "said",
    [
        b"\x16\x03\x01\x02\x00",
        b"GET\r\n\r\n",
        b"GET /p\xfframs HTTP/1.1\r\n\r\n",
        b"CONNECT localhost:80 HTTP/1.1\r\n\r\n",
        head("POST", "/message", "content-length: -1"),
        head("POST", "/message", "content-length: 1", "content-length: 2"),
        head("POST", "/message", "content-length: 1", ENDLESS),
        head("POST", "/message", ENDLESS) + b"no number\r\n",
    ],
)
async def test_what_is_no_http_is_400_and_closed(front, said):
    async with public(front) as port, connected(port) as wire:
        await wire.send(said)
        answer = await wire.answer()
        assert (answer.status, answer.body, answer.closes) == (400, b"", True)
        assert await wire.closed() == b""
    assert front.metrics.value("xaynet_http_requests_total", path="other", status="400") == 1


@pytest.mark.parametrize(
    "start",
    [
        b"GET /",
        b"GET / HTTP/1.1\r\nx: ",
        b"GET / HTTP/1.1\r\n" + b"x:\r\n" * 101,
        head("POST", "/message", ENDLESS) + b"1;",
        head("POST", "/message", ENDLESS) + b"1\r\nx\r\n0\r\ntrailer: ",
    ],
)
async def test_an_endless_head_is_400_and_closed(front, start):
    async with public(front) as port, connected(port) as wire:
        await wire.send(start)
        await trickle(wire, b"x" * 1000)
    # The answer itself may be lost: what was still sent overtakes it.
    assert front.metrics.value("xaynet_http_requests_total", path="other", status="400") == 1


async def test_many_trailers_are_read_and_forgotten(front):
    trailers = b"".join(b"t%d: x\r\n" % number for number in range(100))
    async with public(front) as port, connected(port) as wire:
        await wire.send(head("POST", "/message", ENDLESS), chunk(b"sealed"), b"0\r\n", trailers)
        await wire.send(b"\r\n")
        assert (await wire.answer()).status == 200
    assert front.bodies == [b"sealed"]


async def test_requests_that_do_not_wait_for_the_answer_before_are_cut_off(front):
    front.hold = True
    async with public(front) as port, connected(port) as wire:
        await wire.send(head("POST", "/message", "content-length: 1"), b"x")
        await front.held.wait()
        await wire.send(head("GET", "/params"))
        assert await wire.closed() == b""
        front.open_gate.set()
    assert front.metrics.ended == ["pipelined"]


async def test_a_line_break_behind_a_body_does_no_harm(front):
    async with public(front) as port, connected(port) as wire:
        await wire.send(head("POST", "/message", "content-length: 1"), b"x\r\n")
        assert (await wire.answer()).status == 200
        assert (await wire.get("/params")).status == 200


async def test_a_wish_for_another_protocol_is_answered_in_this_one(front):
    async with public(front) as port, connected(port) as wire:
        for upgrade in ("h2c", "websocket"):
            answer = await wire.get("/params", "connection: upgrade", f"upgrade: {upgrade}")
            assert answer.status == 200


async def test_who_does_not_read_the_model_holds_little_memory_and_not_for_long(front):
    front.published = PublishedModel("1_ab", 1, "d1", bincode=bytes(50_000_000))
    async with (
        public(front, idle_timeout=0.3) as port,
        connected(port, limit=1024) as wire,
    ):
        await wire.send(head("GET", "/model"))
        await front.metrics.until(lambda: front.metrics.ended)
    assert front.metrics.ended == ["not-reading"]


async def test_who_reads_the_model_gets_it_whole(front):
    front.published = PublishedModel("1_ab", 1, "d1", bincode=bytes(range(250)) * 40_000)
    async with public(front) as port, connected(port) as wire:
        assert (await wire.get("/model")).body == front.published.bincode


async def test_an_answer_with_a_body_comes_as_promptly_as_one_without(front):
    async def seconds(target):
        start = time.perf_counter()
        for _ in range(50):
            await wire.get(target)
        return time.perf_counter() - start

    # Head and body are two packets: with Nagle's algorithm the second waits 40 ms for the client.
    async with public(front) as port, connected(port) as wire:
        without = await seconds("/sums")
        assert await seconds("/params") < 20 * without


async def test_stopping_answers_what_was_begun_and_closes_the_rest(front):
    front.hold = True
    before = signal.getsignal(signal.SIGTERM)
    stop = asyncio.Event()
    async with public(front, stop=stop) as port, connected(port) as silent:
        assert signal.getsignal(signal.SIGTERM) is before
        async with connected(port) as busy:
            answer = asyncio.create_task(busy.post(b"sealed"))
            await front.held.wait()
            stop.set()
            assert await silent.closed() == b""
            front.open_gate.set()
            answered = await answer
            assert (answered.status, answered.closes) == (200, True)


async def test_stopping_does_not_wait_for_ever(front):
    front.hold = True
    stop = asyncio.Event()
    async with public(front, stop=stop) as port, connected(port) as busy:
        answer = asyncio.create_task(busy.post(b"sealed"))
        await front.held.wait()
        stop.set()
        answered = await answer
        assert (answered.status, answered.closes) == (503, True)
        assert answered.headers["retry-after"] == "1"
    await front.metrics.until(lambda: front.metrics.open == 0)


async def test_whatever_is_sent_the_next_client_is_served(front):
    random = Random(3)
    seeds = [head("POST", "/message", ENDLESS) + chunk(b"sealed") + chunk(b""), head("GET", "/")]
    async with public(front, IMPATIENT, idle_timeout=0.1) as port:

        async def harass():
            data = bytearray(random.choice(seeds))
            for _ in range(random.randrange(1, 8)):
                data[random.randrange(len(data))] = random.randrange(256)
            async with connected(port) as wire:
                await wire.send(data)
                await wire.closed()

        await asyncio.gather(*(harass() for _ in range(300)))
        async with connected(port) as wire:
            assert (await wire.post(b"sealed")).status == 200
        assert front.metrics.held == 0
    assert front.metrics.value("xaynet_http_requests_total", path="/message", status="500") is None


async def test_the_limit_of_open_files_bounds_the_connections():
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (300, before[1]))
        assert room_for(100) == 100
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == 100 + SPARE_FILES
        assert room_for(10**9) == before[1] - SPARE_FILES
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
