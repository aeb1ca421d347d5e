"""How a process ends: told to, soon and with everything answered; by itself, with one sentence."""

import os
import signal
import socket
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress

import httpx
import pytest

from coordinators import TOKEN, Coordinator, StartedAnyhow
from one_round import SETTINGS, Round
from processes import Process

A_FEW_SECONDS = 5


@pytest.fixture
def background() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor() as pool:
        yield pool


def told_to_end(at: Coordinator, within: float = A_FEW_SECONDS) -> int:
    os.kill(at.pid, signal.SIGTERM)
    return at.wait(within)


def metric(at: Coordinator, name: str) -> float:
    lines = httpx.get(f"{at.control_url}/metrics").text.splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name))


def wait_for_metric(at: Coordinator, name: str, more_than: float) -> None:
    while metric(at, name) <= more_than:  # each look is a request: the test's timeout bounds it
        assert at.is_running


def polling(at: Coordinator, background: ThreadPoolExecutor) -> Future[httpx.Response]:
    """A long poll that has reached the coordinator."""
    url, query = f"{at.control_url}/v1/state", {"after": at.state()["revision"], "timeout": 60}
    headers = {"authorization": f"Bearer {TOKEN}"}
    before = metric(at, "xaynet_http_connections")
    poll = background.submit(httpx.get, url, params=query, headers=headers, timeout=70)
    wait_for_metric(at, "xaynet_http_connections", before)
    return poll


def wait_until_it_takes_no_more(at: Coordinator) -> None:
    with suppress(ConnectionRefusedError):
        while True:
            socket.create_connection(("127.0.0.1", at.port), timeout=5).close()


def last_line(at: Coordinator) -> str:
    return at.log.read_text().splitlines()[-1]


@pytest.mark.processes
def test_told_to_end_it_answers_a_long_poll_and_ends_without_an_error(launch, tmp_path, background):
    at = launch(Coordinator(tmp_path / "coordinator", SETTINGS))
    poll = polling(at, background)
    assert told_to_end(at) == 0
    assert poll.result().json()["phase"] == "Sum"


@pytest.mark.servers
def test_told_to_end_it_answers_an_update_that_is_being_committed(
    launch, tmp_path, background, redis, stores
):
    at = launch(Coordinator(tmp_path / "coordinator", SETTINGS, stores))
    here = Round(at)
    here.to_update()
    body = here.update_bodies()[0]
    redis.freeze()
    posted = background.submit(at.post, body)
    wait_for_metric(at, "xaynet_http_inflight_bytes", 0)
    os.kill(at.pid, signal.SIGTERM)
    wait_until_it_takes_no_more(at)
    redis.thaw()
    assert posted.result() == "accepted"
    assert at.wait(A_FEW_SECONDS) == 0
    at.start()
    assert at.post(body) == "accepted; repeated"


@pytest.mark.servers
@pytest.mark.parametrize("hung", ["redis", "s3"])
def test_told_to_end_it_does_not_wait_for_a_store_that_hangs(
    launch, tmp_path, request, stores, hung
):
    store = request.getfixturevalue(hung)
    store.freeze()
    at = launch(StartedAnyhow(tmp_path / "coordinator", SETTINGS, stores))
    assert told_to_end(at) == 0
    store.thaw()


@pytest.mark.servers
def test_another_key_at_rest_costs_the_round_in_flight_and_nothing_more(
    launch, tmp_path, redis, stores
):
    at = launch(Coordinator(tmp_path / "coordinator", SETTINGS, stores))
    here = Round(at)
    here.to_update()
    here.post(here.update_bodies()[:2])
    at.stop()
    (at.folder / "data" / "at_rest.key").write_bytes(os.urandom(32))
    at.start()
    state = at.wait_for(lambda state: state["round"] is not None and state["round"]["id"] == 2)
    (line,) = state["lastRounds"]
    assert (line["id"], line["reason"]) == (1, "round-key-unreadable")
    again = Round(at)
    again.to_sum2()
    again.post(again.mask_bodies())
    state = at.wait_for(lambda state: state["rounds"]["successful"] == 1)
    assert (state["lastRounds"][-1]["id"], state["lastRounds"][-1]["reason"]) == (2, None)


@pytest.mark.processes
def test_the_last_line_of_a_start_that_is_refused_is_the_reason(launch, tmp_path):
    at = launch(Coordinator(tmp_path / "coordinator", SETTINGS))
    at.stop()
    other = Coordinator(tmp_path / "coordinator", SETTINGS, sections={"api.typo": "a = 1"})
    assert "api.typo" in refused(other)
    other.sections = {}
    with at:
        assert "another coordinator runs on it" in refused(other)
    (ledger,) = (at.folder / "data").glob("ledger-*.sqlite")
    ledger.write_bytes(b"no ledger" * 1000)
    assert f"{ledger} is damaged" in refused(other)


def refused(at: Coordinator) -> str:
    """What the last line says of a start that comes to nothing."""
    Process.start(at)
    assert at.wait(30) == 1
    at.stop()
    return last_line(at)
