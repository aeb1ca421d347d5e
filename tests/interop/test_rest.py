"""The published coordinator and ours side by side: the same requests get the same answers.

Both run the same round; in each of its phases the requests of the golden file, and more, are asked
of both. Headers that tell nothing to a client of v0.11 (date, server, our outcome) are left out.
"""

import socket
import time
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPResponse
from pathlib import Path
from urllib.parse import quote

import pytest

from coordinators import Coordinator
from federation import drawn, read_params, read_seeds, read_sums
from golden import entries
from one_round import MODELS
from published import FlatSettings, PublishedCoordinator
from raw_http import head
from server_fixtures import Launcher
from xaynet_pet import RoundParameters, Tag

pytestmark = pytest.mark.peers

SETTINGS = FlatSettings(
    length=50,
    sum=0.4,
    sum_count=(1, 1),
    update_count=(3, 3),
    sum2_count=(1, 1),
    sum_time=(0, 600),
    update_time=(0, 600),
    sum2_time=(0, 600),
)


@dataclass(frozen=True)
class Request:
    """``target`` may name ``{pk}``, the sum participant of the round, escaped."""

    method: str
    target: str
    body: bytes | None = None


@dataclass(frozen=True)
class Answer:
    status: int
    content_type: str | None
    content_length: str | None
    length: int


GOLDEN = [
    Request(entry["method"], entry["target"], entry["body"] and bytes.fromhex(entry["body"]))
    for entry in entries("rest")
]
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")
PATHS = ("/params", "/sums", "/seeds?pk={pk}", "/model", "/message", "/nothing")
TARGETS = (
    *("/params?", "/params/?x", "/params//", "/params/x", "/%70arams", "/params%2F", "/./params"),
    *("/params;x", "/params#x", "/sums/", "/model/?x=1", "/?", "*"),
    *("/seeds/?pk={pk}", "/seeds?pk", "/seeds?PK={pk}", "/seeds?%70k={pk}", "/seeds?pk[]={pk}"),
    *("/seeds?pk=+{pk}", "/seeds?pk={pk}%0A", "/seeds?pk={pk}%3D", "/seeds?pk={pk}%20"),
    *("/seeds?pk={pk}&x", "/seeds?&pk={pk}", "/seeds?x=%ff&pk={pk}", "/seeds?x=%zz&pk={pk}"),
    *(
        "/seeds?pk=%ff",
        "/seeds?pk=%4",
        "/seeds?pk={pk};x=1",
        "/seeds?pk={pk}&pk",
        "/seeds?pk={pk}%",
    ),
    *(f"/seeds?pk={'A' * length}" for length in (42, 43, 44, 64)),
    f"/params?{'a' * 8000}",
)
REQUESTS = [
    *GOLDEN,
    *(Request(method, path) for method in METHODS for path in PATHS),
    *(Request("GET", target) for target in TARGETS),
    Request("POST", "/message?x=1", b"{}"),
    Request("POST", "/message", bytes(100_000)),
]


class Side:
    """One of the two coordinators, and the participants that it has drawn for the round."""

    def __init__(self, coordinator: Coordinator | PublishedCoordinator) -> None:
        self.port = coordinator.port
        self.pk = ""
        self.params: RoundParameters = read_params(self.get("/params"))
        [self.summer] = drawn(self.params, Tag.SUM, 1)
        self.updaters = drawn(self.params, Tag.UPDATE, 3)
        self.pk = quote(b64encode(self.summer.pk), safe="")

    def ask(self, request: Request) -> tuple[Answer, bytes]:
        """One request on a connection of its own, head and body in one piece."""
        body = request.body or b""
        headers = ["connection: close"]
        headers += [f"content-length: {len(body)}"] * (request.body is not None)
        target = request.target.replace("{pk}", self.pk)
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as connection:
            connection.sendall(head(request.method, target, *headers) + body)
            response = HTTPResponse(connection, method=request.method)
            response.begin()
            content = response.read()
        described = (response.getheader(name) for name in ("content-type", "content-length"))
        return Answer(response.status, *described, len(content)), content

    def answers(self) -> list[Answer]:
        return [self.ask(request)[0] for request in REQUESTS]

    def get(self, target: str) -> bytes:
        answer, body = self.ask(Request("GET", target))
        assert answer.status == 200
        return body

    def shows(self, target: str) -> bool:
        return self.ask(Request("GET", target))[0].status == 200

    def post_until(self, shown: Callable[[], bool], bodies: list[bytes]) -> None:
        """Posts again and again: the published coordinator shows the end of a phase a moment
        before the next one takes messages (protocol §9), and loses what comes between; ours says
        503 then."""
        deadline = time.monotonic() + 30
        while not shown():
            assert time.monotonic() < deadline
            for body in bodies:
                answer, _ = self.ask(Request("POST", "/message", body))
                assert answer.status in (200, 503)
            time.sleep(0.01)

    def sum(self) -> None:
        body = self.summer.sealed(self.summer.sum(self.params))
        self.post_until(lambda: self.shows("/sums"), [body])

    def update(self) -> None:
        sums = read_sums(self.get("/sums"))
        bodies = [
            one.sealed(one.update(self.params, sums, *model))
            for one, model in zip(self.updaters, MODELS, strict=True)
        ]
        self.post_until(lambda: self.shows("/seeds?pk={pk}"), bodies)

    def sum2(self) -> None:
        seeds = read_seeds(self.get("/seeds?pk={pk}"))
        body = self.summer.sealed(self.summer.sum2(self.params, seeds))
        self.post_until(lambda: read_params(self.get("/params")) != self.params, [body])


def test_in_every_phase_every_request_gets_the_same_answer(launch: Launcher, tmp_path: Path):
    ours = Side(launch(Coordinator(tmp_path / "ours", SETTINGS)))
    published = Side(launch(PublishedCoordinator(tmp_path / "published", SETTINGS)))

    def check(phase: str) -> None:
        pairs = zip(REQUESTS, ours.answers(), published.answers(), strict=True)
        differing = [(request, one, other) for request, one, other in pairs if one != other]
        assert differing == [], phase

    check("Sum")
    for step in (Side.sum, Side.update, Side.sum2):
        step(published)
        step(ours)
        check(f"after {step.__name__}")
    assert ours.get("/model") == published.get("/model")
