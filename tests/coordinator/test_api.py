"""The public REST API against an ASGI call: statuses, headers and bodies (protocol §2.3)."""

import json

import pytest
from openapi_spec_validator import validate

from golden import entries
from raw_http import ask
from stand_in_front import PARAMS, StandInFront
from xaynet_coordinator.api import METHOD_OF, public_app
from xaynet_coordinator.board import PublishedModel
from xaynet_coordinator.bodies import BodyLimits
from xaynet_coordinator.front import Unavailable
from xaynet_coordinator.outcomes import ACCEPTED, REPEATED, STORED, discarded, rejected, retry

VECTORS = entries("rest")
MODEL = PublishedModel("1_ab", 2, "d1", bincode=b"rationals", npy=b"\x93NUMPY")
SMALL = BodyLimits(max_message_bytes=100, max_inflight_bytes=150, drain_bytes=150)
PK = bytes(range(32))


@pytest.fixture
def front():
    return StandInFront()


@pytest.fixture
def app(front):
    return public_app(front, SMALL)


@pytest.mark.parametrize("case", VECTORS, ids=lambda case: case["name"])
async def test_the_answer_is_that_of_the_original(case, front):
    app = public_app(front, BodyLimits())
    parts = [] if case["body"] is None else [bytes.fromhex(case["body"])]
    answer = await ask(app, case["method"], case["target"], *parts)
    assert answer.status == case["status"]
    assert answer.headers.get("content-type") == case["content_type"]
    assert answer.headers["content-length"] == case["content_length"]
    assert len(answer.body) == case["response_length"]
    assert not answer.closes


@pytest.mark.parametrize(
    ("outcome", "header"),
    [
        (ACCEPTED, "accepted"),
        (REPEATED, "accepted; repeated"),
        (STORED, "stored"),
        (discarded("full"), "discarded; reason=full"),
        (rejected("phase"), "rejected; reason=phase"),
    ],
)
async def test_a_final_outcome_is_200_and_says_what_it_is(front, app, outcome, header):
    front.outcome = outcome
    answer = await ask(app, "POST", "/message", b"sea", b"led")
    assert answer.status == 200
    assert answer.headers == {"xaynet-outcome": header, "content-length": "0"}
    assert front.bodies == [b"sealed"]


async def test_what_the_same_bytes_may_overcome_is_503_and_says_when(front, app):
    front.outcome = retry("paused", after=10)
    answer = await ask(app, "POST", "/message", b"sealed")
    assert (answer.status, answer.headers["retry-after"]) == (503, "10")
    assert "xaynet-outcome" not in answer.headers
    assert not answer.closes


@pytest.mark.parametrize("target", ["/params", "/sums", f"/seeds?pk={'A' * 43}"])
async def test_reads_are_503_while_the_store_is_down(front, app, target):
    front.outage = Unavailable("the store does not answer", 5)
    answer = await ask(app, "GET", target)
    assert (answer.status, answer.headers["retry-after"], answer.body) == (503, "5", b"")


async def test_params_are_served_without_content_type(front, app):
    answer = await ask(app, "GET", "/params")
    assert answer.body == PARAMS
    assert answer.headers == {"content-length": "136"}


async def test_dictionaries_are_served_as_binary(front, app):
    front.sums_body, front.seeds_of = b"sums", {PK: b"seeds"}
    sums = await ask(app, "GET", "/sums")
    seeds = await ask(app, "GET", "/seeds?pk=AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8%3D")
    assert (sums.body, seeds.body) == (b"sums", b"seeds")
    assert sums.headers["content-type"] == "application/octet-stream"
    assert seeds.headers["content-type"] == "application/octet-stream"


@pytest.mark.parametrize(
    "query",
    [
        "pk",
        "pk=" + "A" * 44,
        "pk=" + "A" * 43 + "%3D%3D",
        "pk=" + "A" * 43 + "%0A",
        "pk=%FF" + "A" * 42,
        "pk=" + "A" * 42,
    ],
)
async def test_a_pk_that_is_none_is_400(app, query):
    assert (await ask(app, "GET", f"/seeds?{query}")).status == 400


@pytest.mark.parametrize("query", ["", "PK=A", "x=pk", "pk=A&pk=A", "pk&p%6B"])
async def test_a_pk_that_is_missing_or_given_twice_is_500(app, query):
    assert (await ask(app, "GET", f"/seeds?{query}")).status == 500


async def test_the_name_of_the_parameter_may_be_escaped(front, app):
    front.seeds_of = {bytes(32): b"seeds"}
    assert (await ask(app, "GET", f"/seeds?%70k={'A' * 43}")).body == b"seeds"


@pytest.mark.parametrize("path", ["/params//", "/%70arams", "/params/.", "/../params", "", "*"])
async def test_paths_are_compared_as_they_come(app, path):
    assert (await ask(app, "GET", path)).status == 404


async def test_the_model_is_bincode_without_content_type_by_default(front, app):
    front.published = MODEL
    for accept in ([], [(b"accept", b"*/*")], [(b"accept", b"application/octet-stream")]):
        answer = await ask(app, "GET", "/model", headers=accept)
        assert answer.body == b"rationals"
        assert "content-type" not in answer.headers


@pytest.mark.parametrize(
    "accept", ["application/x-npy", "text/html, Application/X-NPY;q=0.5", "a/b,application/x-npy"]
)
async def test_the_model_is_npy_for_who_asks_for_it(front, app, accept):
    front.published = MODEL
    answer = await ask(app, "GET", "/model", headers=[(b"accept", accept.encode())])
    assert (answer.body, answer.headers["content-type"]) == (b"\x93NUMPY", "application/x-npy")


async def test_npy_with_weight_zero_is_not_asked_for(front, app):
    front.published = MODEL
    headers = [(b"accept", b"application/x-npy;q=0.0, */*")]
    assert (await ask(app, "GET", "/model", headers=headers)).body == b"rationals"


async def test_a_model_beyond_its_data_type_has_no_npy(front, app):
    front.published = PublishedModel("1_ab", 2, "d1", bincode=b"rationals")
    headers = [(b"accept", b"application/x-npy")]
    assert (await ask(app, "GET", "/model", headers=headers)).status == 406


async def test_a_big_model_is_written_piece_by_piece_and_whole(front, app):
    front.published = PublishedModel("1_ab", 2, "d1", bincode=bytes(range(256)) * 1000)
    answer = await ask(app, "GET", "/model")
    assert answer.body == front.published.bincode


async def test_a_larger_message_is_rejected_for_good_and_counted(front, app):
    answer = await ask(app, "POST", "/message", bytes(60), bytes(60))
    assert answer.status == 200
    assert answer.headers["xaynet-outcome"] == "rejected; reason=too-large"
    assert not answer.closes
    assert front.bodies == []
    assert front.refused == [rejected("too-large")]
    assert front.metrics.held == 0


async def test_a_message_of_exactly_the_limit_is_taken(front, app):
    await ask(app, "POST", "/message", bytes(60), bytes(40))
    assert front.bodies == [bytes(100)]


async def test_what_is_too_large_to_be_drained_ends_the_connection(front, app):
    answer = await ask(app, "POST", "/message", *[bytes(60)] * 6)
    assert answer.status == 200
    assert answer.closes


async def test_the_body_of_a_get_is_drained_within_bounds(front, app):
    assert not (await ask(app, "GET", "/params", bytes(10))).closes
    assert (await ask(app, "GET", "/params", bytes(260), bytes(1))).closes
    assert (await ask(app, "GET", "/nowhere", bytes(260), bytes(1))).closes


async def test_a_surprise_is_500_and_the_next_request_is_answered(front, app):
    front.error = RuntimeError("a surprise")
    answer = await ask(app, "POST", "/message", b"sealed")
    assert (answer.status, answer.body) == (500, b"")
    assert front.metrics.held == 0
    assert (await ask(app, "GET", "/params")).status == 200


async def test_requests_are_counted_by_path_and_status(front, app):
    await ask(app, "GET", "/params/")
    await ask(app, "GET", "/params")
    await ask(app, "GET", "/whatever/a/client/sends")

    def count(**labels):
        return front.metrics.value("xaynet_http_requests_total", **labels)

    assert count(path="/params", status="200") == 2
    assert count(path="other", status="404") == 1


async def test_the_description_is_valid_openapi_and_names_every_path_and_status(app):
    description = json.loads((await ask(app, "GET", "/openapi.json")).body)
    validate(description)
    described = {
        (path, method.upper())
        for path, methods in description["paths"].items()
        for method in methods
    }
    assert described == {(path.decode(), method) for path, method in METHOD_OF.items()}
    for case in VECTORS:
        path = case["target"].partition("?")[0].rstrip("/")
        operation = description["paths"].get(path, {}).get(case["method"].lower())
        assert operation is None or str(case["status"]) in operation["responses"]
