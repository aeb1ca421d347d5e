"""The control API: what is wanted goes in, what is observed comes out, and only for who may."""

import asyncio
import json
from pathlib import Path

import httpx
import pytest

from raw_http import ask, connected, head, serving
from stand_in_front import StandInFront
from xaynet_coordinator.changes import PutResult, PutStatus
from xaynet_coordinator.control import control_app
from xaynet_coordinator.desired import DesiredState, Wanted
from xaynet_coordinator.front import Unavailable

TOKEN = "a long random text"
DOCUMENT = {"generation": 1, "desiredState": "Paused", "rounds": 3, "parameters": {}}
BEARER = f"authorization: Bearer {TOKEN}"


@pytest.fixture
def front():
    return StandInFront()


@pytest.fixture
def stopping():
    return asyncio.Event()


@pytest.fixture
def app(front, stopping):
    return control_app(front, TOKEN, stopping)


@pytest.fixture
async def client(app):
    headers = {"Authorization": f"Bearer {TOKEN}"}
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://control", headers=headers
    ) as client:
        yield client


@pytest.mark.parametrize(
    ("status", "code"),
    [("stored", 200), ("unchanged", 200), ("older", 409), ("conflict", 409), ("invalid", 422)],
)
async def test_what_is_wanted_is_handed_on_and_answered(front, client, status, code):
    problems = ("sum.prob: must be less than 1",) if status == "invalid" else ()
    front.put_result = PutResult(PutStatus(status), 4, problems)
    answer = await client.put("/v1/desired", json=DOCUMENT)
    assert answer.status_code == code
    assert answer.json() == {"status": status, "generation": 4, "problems": list(problems)}
    assert front.documents == [DOCUMENT]


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b'{"generation": NaN}', b'{"generation": -Infinity}', b"\xff", b"[" * 100_000],
)
async def test_what_is_no_json_is_400_with_a_sentence(front, client, body):
    answer = await client.put("/v1/desired", content=body)
    assert answer.status_code == 400
    assert answer.json()["problems"][0].startswith("the body is no JSON document: ")
    assert front.documents == []


async def test_a_document_that_is_too_large_is_413(front, client):
    answer = await client.put("/v1/desired", content=bytes(2**20 + 1))
    assert (answer.status_code, answer.json()) == (413, {"problems": ["the body is too-large"]})
    assert front.documents == []


async def test_without_a_store_what_is_wanted_is_503(front, client):
    front.outage = Unavailable("the store does not answer", 5)
    for answer in (await client.put("/v1/desired", json={}), await client.get("/v1/state")):
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert answer.json() == {"problems": ["the store does not answer"]}


@pytest.mark.parametrize(
    "given", ["", "Bearer", "Bearer ", f"Basic {TOKEN}", f"Bearer {TOKEN}x", TOKEN, "Bearer \xff"]
)
@pytest.mark.parametrize(("method", "path"), [("PUT", "/v1/desired"), ("GET", "/v1/state")])
async def test_without_the_token_nothing_is_done(front, app, method, path, given):
    headers = [(b"authorization", given.encode("latin-1"))] if given else []
    answer = await ask(app, method, path, b"{}", headers=headers)
    assert answer.status == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="xaynet control"'
    assert (front.documents, front.polls) == ([], [])


async def test_the_scheme_of_the_token_may_be_in_lower_case(app):
    headers = [(b"authorization", f"bearer  {TOKEN}".encode())]
    assert (await ask(app, "GET", "/v1/state", headers=headers)).status == 200


async def test_the_state_is_answered_at_once_to_who_knows_none_or_another(front, client):
    for query in ("", "?after=6", "?after=8&timeout=0.5"):
        answer = await client.get(f"/v1/state{query}")
        assert (answer.status_code, answer.json()) == (200, front.observed)
    assert front.polls == [(None, 30.0), (6, 30.0), (8, 0.5)]


async def test_the_state_is_waited_for_by_who_knows_it(front, client):
    poll = asyncio.create_task(client.get("/v1/state?after=7"))
    await front.polling.wait()
    front.observed = {"revision": 8, "phase": "Update"}
    front.open_gate.set()
    assert (await poll).json() == front.observed


async def test_the_wait_for_a_state_ends_with_its_timeout(front, client):
    answer = await client.get("/v1/state?after=7&timeout=0.01")
    assert answer.json() == front.observed


@pytest.mark.parametrize(
    "query",
    ["after=x", "after=-1", "after=1.5", "after=²", "after=" + "9" * 20]
    + [f"timeout={value}" for value in ("x", "-1", "61", "nan", "inf")],
)
async def test_a_query_that_is_wrong_is_400_with_a_sentence(client, query):
    answer = await client.get(f"/v1/state?{query}")
    assert answer.status_code == 400
    assert "must be" in answer.json()["problems"][0]


async def test_probes_need_no_token_and_tell_what_is_wrong(front, app):
    for path in ("/healthz", "/readyz"):
        assert (await ask(app, "GET", path)).body == b"ok\n"
    front.alive = False
    assert (await ask(app, "GET", "/healthz")).status == 503
    answer = await ask(app, "GET", "/readyz")
    assert (answer.status, answer.body) == (503, b"there are no round parameters yet\n")


async def test_counters_need_no_token_and_come_as_the_scraper_likes(front, app):
    front.metrics.request("/params", 200)
    text = await ask(app, "GET", "/metrics")
    assert b'xaynet_http_requests_total{path="/params",status="200"} 1.0' in text.body
    assert text.headers["content-type"].startswith("text/plain")
    open_metrics = [(b"accept", b"application/openmetrics-text; version=1.0.0")]
    answer = await ask(app, "GET", "/metrics", headers=open_metrics)
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.body.endswith(b"# EOF\n")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [("POST", "/v1/desired", "PUT"), ("PUT", "/v1/state", "GET"), ("HEAD", "/healthz", "GET")],
)
async def test_another_method_is_405_and_names_the_right_one(client, method, path, allowed):
    answer = await client.request(method, path)
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)


async def test_unknown_paths_are_404(client, front):
    for path in ("/", "/params", "/v1/desired/", "/v2/state"):
        assert (await client.get(path)).status_code == 404
    count = front.metrics.value("xaynet_http_requests_total", path="other", status="404")
    assert count == 4


@pytest.mark.parametrize("token", [None, ""])
async def test_without_a_token_of_its_own_it_has_probes_only(front, stopping, token):
    app = control_app(front, token, stopping)
    assert (await ask(app, "GET", "/healthz")).status == 200
    for given in (b"Bearer ", b"Bearer None"):
        headers = [(b"authorization", given)]
        assert (await ask(app, "PUT", "/v1/desired", b"{}", headers=headers)).status == 404
        assert (await ask(app, "GET", "/v1/state", headers=headers)).status == 404


async def test_stopping_ends_a_long_poll_with_the_state(front, stopping, app):
    async with (
        serving(app, front, port="control", stop=stopping) as port,
        connected(port) as wire,
    ):
        await wire.send(head("GET", "/v1/state?after=7", BEARER))
        await front.polling.wait()
        stopping.set()
        answer = await wire.answer()
        assert (answer.status, json.loads(answer.body)) == (200, front.observed)
        await wire.closed()


async def test_a_long_poll_ends_when_its_client_goes_away(front, stopping, app):
    async with serving(app, front, port="control", stop=stopping) as port:
        async with connected(port) as wire:
            await wire.send(head("GET", "/v1/state?after=7", BEARER))
            await front.polling.wait()
        await front.metrics.until(lambda: front.metrics.open == 0)
        async with connected(port) as wire:
            assert (await wire.get("/healthz")).status == 200
    assert len(front.polls) == 1


def test_the_document_in_the_documentation_is_valid():
    page = (Path(__file__).parents[2] / "docs" / "control-api.md").read_text()
    example, observed, *rest = (part.split("```")[0] for part in page.split("```json")[1:])
    wanted = Wanted.parse(json.loads(example))
    assert isinstance(wanted, Wanted)
    assert (wanted.generation, wanted.desired_state, wanted.rounds) == (4, DesiredState.RUNNING, 10)
    assert json.loads(observed)["generation"] == 4
    assert rest == []
