"""The control API, on a port of its own: what the service shall do, and what it does.

    PUT /v1/desired           the whole of what is wanted, with its generation
    GET /v1/state?after=N     what is observed, once its revision is not N any more
    GET /healthz /readyz      probes                                 (no token needed)
    GET /metrics              Prometheus' counters                   (no token needed)

Without a token there are only the probes and the counters. Unlike the public API this one is
ours alone, so it uses every status for what it means.
"""

import asyncio
import hmac
import json
import math
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any, NoReturn
from urllib.parse import parse_qs

from xaynet_coordinator.asgi import (
    JSON,
    App,
    ClientGone,
    Header,
    Receive,
    Request,
    Response,
    application,
    retry_after,
)
from xaynet_coordinator.bodies import (
    OVERLOADED,
    TOO_LARGE,
    TOO_SLOW,
    BodyLimits,
    Budget,
    Share,
    Stream,
    collect,
    drain,
)
from xaynet_coordinator.changes import PutStatus
from xaynet_coordinator.front import Front, Unavailable
from xaynet_coordinator.outcomes import Outcome

MIB = 2**20
LIMITS = BodyLimits(
    max_message_bytes=MIB, max_inflight_bytes=8 * MIB, drain_bytes=MIB, body_timeout=60.0
)
POLL_SECONDS = 30.0
POLL_SECONDS_MAX = 60.0

STATUS_OF_PUT = {
    PutStatus.STORED: HTTPStatus.OK,
    PutStatus.UNCHANGED: HTTPStatus.OK,
    PutStatus.OLDER: HTTPStatus.CONFLICT,
    PutStatus.CONFLICT: HTTPStatus.CONFLICT,
    PutStatus.INVALID: HTTPStatus.UNPROCESSABLE_ENTITY,
}
STATUS_OF_BODY = {
    TOO_LARGE: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    TOO_SLOW: HTTPStatus.REQUEST_TIMEOUT,
    OVERLOADED: HTTPStatus.SERVICE_UNAVAILABLE,
}
TEXT = (b"content-type", b"text/plain; charset=utf-8")
CHALLENGE = (b"www-authenticate", b'Bearer realm="xaynet control"')


METHOD_OF = {
    b"/healthz": "GET",
    b"/readyz": "GET",
    b"/metrics": "GET",
    b"/v1/desired": "PUT",
    b"/v1/state": "GET",
}
PROTECTED = (b"/v1/desired", b"/v1/state")


def control_app(front: Front, token: str | None, stopping: asyncio.Event) -> App:
    """The ASGI application of the control port. ``stopping`` ends long polls early; without a
    token, or with an empty one, nothing that needs it is served."""
    budget = Budget(LIMITS.max_inflight_bytes, lambda held: None)
    control = _Control(front, token, stopping, budget)
    return application(control.answer, control.count)


@dataclass(frozen=True, slots=True)
class _Control:
    front: Front
    token: str | None = field(repr=False)
    stopping: asyncio.Event
    budget: Budget

    async def answer(self, request: Request) -> Response:
        """One request, to its end: whatever body it has is read, or the connection closed."""
        wrong = self.refuse(request)
        if wrong is None and request.path == b"/v1/desired":
            return await self.put_desired(request)
        unread = request.has_body and not await drain(Stream(request.receive, LIMITS))
        return replace(wrong or await self.get(request), close=unread)

    def refuse(self, request: Request) -> Response | None:
        """What is wrong with a request, before its body matters."""
        method = METHOD_OF.get(request.path)
        if method is None or (request.path in PROTECTED and not self.token):
            return problem(HTTPStatus.NOT_FOUND, "there is no such path")
        if request.path in PROTECTED and not self.authorized(request):
            text = "the token is missing or wrong: Authorization: Bearer <token>"
            return problem(HTTPStatus.UNAUTHORIZED, text, headers=(CHALLENGE,))
        if request.method != method:
            allow = (b"allow", method.encode())
            text = f"{request.method} is not allowed, only {method}"
            return problem(HTTPStatus.METHOD_NOT_ALLOWED, text, headers=(allow,))
        return None

    def authorized(self, request: Request) -> bool:
        """Whether the request carries the token; how long this takes tells nothing about it."""
        scheme, _, given = (request.header(b"authorization") or "").partition(" ")
        right = (self.token or "").encode()
        return hmac.compare_digest(given.strip().encode("latin-1"), right) and (
            scheme.lower() == "bearer"
        )

    def count(self, request: Request, status: int) -> None:
        """Count a request; paths that nobody serves are one."""
        known = request.path in METHOD_OF
        self.front.metrics.request(request.path.decode() if known else "other", status)

    async def get(self, request: Request) -> Response:
        """Probes, counters and the observed state."""
        match request.path:
            case b"/healthz":
                return probe(self.front.healthy(), "the machine stands still")
            case b"/readyz":
                return probe(self.front.ready(), "there are no round parameters yet")
            case b"/metrics":
                text, kind = self.front.metrics.exposition(request.header(b"accept") or "")
                return Response(HTTPStatus.OK, ((b"content-type", kind.encode()),), text)
            case _:
                return await self.state(request)

    async def put_desired(self, request: Request) -> Response:
        """Take over what is wanted, from a body that is read within bounds."""
        stream = Stream(request.receive, LIMITS)
        with Share(self.budget) as share:
            body = await collect(stream, request.declared, share)
        if isinstance(body, Outcome):
            text = f"the body is {body.reason}"
            return replace(problem(STATUS_OF_BODY[body], text), close=not await drain(stream))
        try:
            document = parsed(body)
        except (ValueError, RecursionError) as error:
            return problem(HTTPStatus.BAD_REQUEST, f"the body is no JSON document: {error}")
        try:
            result = await self.front.put_desired(document)
        except Unavailable as error:
            return unavailable(error)
        answer = {"status": result.status.value, "generation": result.generation}
        return as_json(STATUS_OF_PUT[result.status], {**answer, "problems": list(result.problems)})

    async def state(self, request: Request) -> Response:
        """The observed state, at once or when it has changed."""
        try:
            after, seconds = poll_of(request.query)
        except ValueError as error:
            return problem(HTTPStatus.BAD_REQUEST, str(error))
        try:
            return as_json(HTTPStatus.OK, await self.observed(request.receive, after, seconds))
        except Unavailable as error:
            return unavailable(error)

    async def observed(self, receive: Receive, after: int | None, seconds: float) -> dict[str, Any]:
        """Wait for a change, but not for a client that has gone, nor while we are stopping."""
        poll = asyncio.ensure_future(self.front.state(after, seconds))
        gone = asyncio.ensure_future(departure(receive))
        stop = asyncio.ensure_future(self.stopping.wait())
        try:
            await asyncio.wait((poll, gone, stop), return_when=asyncio.FIRST_COMPLETED)
            if not poll.done() and gone.done():
                raise ClientGone
            return await (poll if poll.done() else self.front.state(None, 0.0))
        finally:
            for task in (poll, gone, stop):
                task.cancel()


async def departure(receive: Receive) -> None:
    """Return when the client has closed the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass


def poll_of(query: str) -> tuple[int | None, float]:
    """The revision that is known already, and how many seconds to wait for another one.

    Raises ``ValueError`` with a sentence.
    """
    given = {name: values[-1] for name, values in parse_qs(query).items()}
    after, timeout = given.get("after"), given.get("timeout", str(POLL_SECONDS))
    if after is not None and not (after.isascii() and after.isdigit() and len(after) < 20):
        raise ValueError(f"after is {after!r}, but must be a revision: a whole number")
    try:
        seconds = float(timeout)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds <= POLL_SECONDS_MAX:
        allowed = f"must be seconds from 0 to {POLL_SECONDS_MAX:.0f}"
        raise ValueError(f"timeout is {timeout!r}, but {allowed}")
    return (None if after is None else int(after)), seconds


def parsed(body: bytes) -> object:
    """A JSON document without NaN and infinities. Raises ``ValueError``, ``RecursionError``."""

    def refuse(constant: str) -> NoReturn:
        raise ValueError(f"{constant} is no number")

    return json.loads(body, parse_constant=refuse)


def as_json(
    status: HTTPStatus, document: dict[str, Any], headers: tuple[Header, ...] = ()
) -> Response:
    """A document as a response."""
    return Response(status, (JSON, *headers), json.dumps(document).encode() + b"\n")


def problem(status: HTTPStatus, text: str, headers: tuple[Header, ...] = ()) -> Response:
    """A refusal in one sentence."""
    return as_json(status, {"problems": [text]}, headers)


def unavailable(error: Unavailable) -> Response:
    """What was asked may work later."""
    later = retry_after(error.retry_after)
    return problem(HTTPStatus.SERVICE_UNAVAILABLE, error.reason, headers=(later,))


def probe(good: bool, text: str) -> Response:
    """200, or 503 with the reason."""
    if good:
        return Response(HTTPStatus.OK, (TEXT,), b"ok\n")
    return Response(HTTPStatus.SERVICE_UNAVAILABLE, (TEXT,), f"{text}\n".encode())
