"""A coordinator small enough to read, that really does PET: tests of participants run against it.

It lives in memory, in one process, without time: a phase ends when its number of messages has been
accepted. Everything else is as the protocol says: sealed boxes are opened, signatures and tasks are
checked, chunks assembled, masks aggregated, and the global model is unmasked by the library.

`transport()` answers an httpx client without a network; `serving()` answers on loopback.
`faults` lets the next requests for a path fail.
"""

from __future__ import annotations

import base64
import hashlib
import threading
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

from xaynet_pet import (
    Aggregation,
    Assembly,
    Chunk,
    EncryptionKeyPair,
    MaskConfig,
    MaskConfigPair,
    MaskObject,
    Message,
    Model,
    PetError,
    RoundParameters,
    SeedDict,
    Sum2Payload,
    SumDict,
    SumPayload,
    Tag,
    UpdatePayload,
    is_sum_participant,
    is_update_participant,
    next_round_seed,
    parse_payload,
)

F32 = MaskConfig("Prime", "F32", "B0", "M3")


class Rejected(Exception):
    """A message that is not accepted, and why."""


@dataclass(frozen=True)
class Fault:
    """What happens to a request instead of (or, if `heard`, after) being handled.

    `outcome`: a response to give, or an exception to raise as the network would.
    """

    outcome: httpx.Response | Exception
    heard: bool = False


def connection_refused() -> Fault:
    return Fault(httpx.ConnectError("connection refused"))


def answer_lost() -> Fault:
    """The coordinator handles the request, but its answer never arrives."""
    return Fault(httpx.ReadError("connection reset by peer"), heard=True)


def status(code: int, body: bytes = b"", **headers: str) -> Fault:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Fault(httpx.Response(code, content=body, headers=names))


@dataclass
class TinyCoordinator:
    """`sums` messages of sum participants and `updates` of update participants make a round."""

    length: int = 4
    config: MaskConfig = F32
    sum: float = 0.5
    update: float = 1.0
    sums: int = 1
    updates: int = 3
    rounds: int = 0
    model: Model | None = None
    phase: Tag = Tag.SUM
    params: RoundParameters = field(init=False)
    rejections: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    posts: list[bytes] = field(default_factory=list)
    accepted: Counter[Tag] = field(default_factory=Counter)
    faults: dict[str, deque[Fault]] = field(default_factory=lambda: defaultdict(deque))

    def __post_init__(self) -> None:
        self._seed = bytes(32)
        self._lock = threading.Lock()
        self.begin_round()

    def begin_round(self) -> None:
        """New keys, new seed, empty dictionaries; a round in progress is lost."""
        self.rounds += 1
        secret = hashlib.sha256(b"round %d" % self.rounds).digest()
        self.keys = EncryptionKeyPair.from_secret(secret)
        self._seed = next_round_seed(secret, self._seed, self.sum, self.update)
        pair = MaskConfigPair.uniform(self.config)
        self.params = RoundParameters(
            self.keys.public, self.sum, self.update, self._seed, pair, self.length
        )
        self.phase = Tag.SUM
        self.accepted.clear()
        self.sum_dict: dict[bytes, bytes] = {}
        self.seed_dict: dict[bytes, dict[bytes, bytes]] = {}
        self._total = Aggregation(pair, self.length)
        self._masks: dict[bytes, MaskObject] = {}
        self._assemblies: dict[tuple[bytes, int], Assembly] = defaultdict(Assembly)
        self._seen: set[bytes] = set()

    def fail(self, path: str, *faults: Fault) -> None:
        """The next requests for this path fail so, one after the other."""
        self.faults[path].extend(faults)

    # -- HTTP ------------------------------------------------------------------------------------

    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self.handle)

    def handle(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        with self._lock:
            path = request.url.path
            self.requests.append(f"{request.method} {path}")
            if path == "/message":
                self.posts.append(request.read())
            fault = self.faults[path].popleft() if self.faults[path] else None
            if fault is None:
                return self._route(request)
            if fault.heard:
                self._route(request)
            if isinstance(fault.outcome, Exception):
                raise fault.outcome
            return fault.outcome

    def _route(self, request: httpx.Request) -> httpx.Response:
        routes: dict[tuple[str, str], Callable[[httpx.Request], httpx.Response]] = {
            ("GET", "/params"): lambda _: httpx.Response(200, content=self.params.to_bytes()),
            ("GET", "/sums"): lambda _: self._sums(),
            ("GET", "/seeds"): lambda r: self._seeds(base64.b64decode(r.url.params["pk"])),
            ("GET", "/model"): lambda _: _body(self.model),
            ("POST", "/message"): lambda r: self._message(r.read()),
        }
        route = routes.get((request.method, request.url.path))
        return route(request) if route else httpx.Response(404)

    def _sums(self) -> httpx.Response:
        return _body(None if self.phase is Tag.SUM else SumDict(self.sum_dict))

    def _seeds(self, pk: bytes) -> httpx.Response:
        if self.phase is not Tag.SUM2 or pk not in self.seed_dict:
            return httpx.Response(204)
        return _body(SeedDict(self.seed_dict[pk]))

    def _message(self, sealed: bytes) -> httpx.Response:
        digest = hashlib.sha256(sealed).digest()
        if digest in self._seen:
            return httpx.Response(200, headers={"Xaynet-Outcome": "accepted; repeated"})
        try:
            outcome = self._accept(sealed)
        except (Rejected, PetError) as error:
            self.rejections.append(str(error))
            outcome = f"rejected; reason={error}"
        self._seen.add(digest)
        return httpx.Response(200, headers={"Xaynet-Outcome": outcome})

    # -- PET -------------------------------------------------------------------------------------

    def _accept(self, sealed: bytes) -> str:
        message = Message.parse(self.keys.open(sealed))
        if message.coordinator_pk != self.params.pk:
            raise Rejected("coordinator key")
        payload = message.payload
        if payload.tag is not self.phase:
            raise Rejected(f"phase: {payload.tag.name} in {self.phase.name}")
        if isinstance(payload, Chunk):
            assembly = self._assemblies[message.participant_pk, payload.message_id]
            data = assembly.add(payload)
            if data is None:
                return "stored"
            payload = parse_payload(payload.tag, data)
        self._handle(message.participant_pk, payload)
        self.accepted[payload.tag] += 1
        self._end_phase()
        return "accepted"

    def _handle(self, pk: bytes, payload: SumPayload | UpdatePayload | Sum2Payload) -> None:
        match payload:
            case SumPayload(sum_signature, ephemeral_pk):
                self._check_summer(pk, sum_signature)
                self._add_summer(pk, ephemeral_pk)
            case UpdatePayload():
                self._add_update(pk, payload)
            case Sum2Payload(sum_signature, mask):
                self._check_summer(pk, sum_signature)
                self._add_mask(pk, mask)

    def _check_summer(self, pk: bytes, signature: bytes) -> None:
        if not is_sum_participant(pk, signature, self.params):
            raise Rejected("task: no sum participant")

    def _add_summer(self, pk: bytes, ephemeral_pk: bytes) -> None:
        if pk in self.sum_dict:
            raise Rejected("known sum participant")
        self.sum_dict[pk] = ephemeral_pk
        self.seed_dict[pk] = {}

    def _add_update(self, pk: bytes, payload: UpdatePayload) -> None:
        signatures = payload.sum_signature, payload.update_signature
        if not is_update_participant(pk, *signatures, self.params):
            raise Rejected("task: no update participant")
        self._total.validate(payload.masked_model)
        if payload.seeds.keys() != self.sum_dict.keys():
            raise Rejected("seeds for other sum participants")
        if any(pk in seeds for seeds in self.seed_dict.values()):
            raise Rejected("known update participant")
        for sum_pk, seed in payload.seeds.items():
            self.seed_dict[sum_pk][pk] = seed
        self._total.add(payload.masked_model)

    def _add_mask(self, pk: bytes, mask: MaskObject) -> None:
        if pk not in self.sum_dict or pk in self._masks:
            raise Rejected("unknown sum participant, or one that has sent its mask")
        self._masks[pk] = mask

    def _end_phase(self) -> None:
        wanted = self.updates if self.phase is Tag.UPDATE else self.sums
        if self.accepted[self.phase] < wanted:
            return
        if self.phase is Tag.SUM2:
            self._unmask()
        else:
            self.phase = Tag.UPDATE if self.phase is Tag.SUM else Tag.SUM2

    def _unmask(self) -> None:
        first, *others = self._masks.values()
        assert all(mask == first for mask in others), "sum participants disagree"
        self._total.validate_unmasking(first)
        self.model = self._total.unmask(first)
        self.begin_round()

    def change(self, **settings: object) -> None:
        """Begin a round with other settings."""
        for name, value in settings.items():
            setattr(self, name, value)
        self.begin_round()


def _body(value: Model | SumDict | SeedDict | None) -> httpx.Response:
    return httpx.Response(204) if value is None else httpx.Response(200, content=value.to_bytes())


@contextmanager
def serving(coordinator: TinyCoordinator) -> Iterator[str]:
    """Serve on a free loopback port; gives the URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(coordinator))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(coordinator: TinyCoordinator) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            url = f"http://coordinator{self.path}"
            response = coordinator.handle(httpx.Request(self.command, url, content=body))
            self.send_response(response.status_code)
            if "Xaynet-Outcome" in response.headers:
                self.send_header("Xaynet-Outcome", response.headers["Xaynet-Outcome"])
            self.send_header("Content-Length", str(len(response.content)))
            self.end_headers()
            self.wfile.write(response.content)

        do_GET = do_POST = _answer

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its argument
            pass

    return Handler
