"""The public REST API, byte-compatible with Xaynet v0.11 (protocol §2.3).

    GET  /params /sums /seeds?pk= /model   from what the coordinator shows
    POST /message                          one sealed message; the answer says what became of it
    GET  /openapi.json                     this API, described

Where the original has no answer, ours is new: 503 with ``Retry-After`` while something is out of
reach, ``Xaynet-Outcome`` on ``POST /message``, ``.npy`` for those who ask ``GET /model`` for it.
"""

import re
from base64 import b64decode, b64encode
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from importlib.resources import files
from urllib.parse import parse_qsl

from xaynet_coordinator.asgi import (
    BINARY,
    JSON,
    App,
    Request,
    Response,
    application,
    refusal,
    retry_after,
)
from xaynet_coordinator.bodies import BodyLimits, Budget, Share, Stream, collect, drain
from xaynet_coordinator.front import Front, Unavailable
from xaynet_coordinator.outcomes import Kind, Outcome

NPY = "application/x-npy"

# 32 bytes; the padding is optional, and the alphabet the standard one
_PK = re.compile(r"[A-Za-z0-9+/]{43}=?")
_NO_WEIGHT = re.compile(r"q=0(\.0*)?")


METHOD_OF = {
    b"/params": "GET",
    b"/sums": "GET",
    b"/seeds": "GET",
    b"/model": "GET",
    b"/openapi.json": "GET",
    b"/message": "POST",
}


def public_app(front: Front, limits: BodyLimits) -> App:
    """The ASGI application of the public port."""
    budget = Budget(limits.max_inflight_bytes, front.metrics.inflight)
    description = files("xaynet_coordinator").joinpath("openapi.json").read_bytes()
    api = _PublicApi(front, limits, budget, description)
    return application(api.answer, api.count)


@dataclass(frozen=True, slots=True)
class _PublicApi:
    front: Front
    limits: BodyLimits
    budget: Budget
    description: bytes = field(repr=False)

    async def answer(self, request: Request) -> Response:
        """One request, to its end: whatever body it has is read, or the connection closed."""
        path = known_as(request.path)
        method = METHOD_OF.get(path)
        if request.method == method == "POST":
            return await self.message(request)
        unread = request.has_body and not await drain(Stream(request.receive, self.limits))
        if method is None:
            return refusal(HTTPStatus.NOT_FOUND, close=unread)
        if request.method != method:
            return refusal(HTTPStatus.INTERNAL_SERVER_ERROR, close=unread)  # as the original
        return replace(await self.get(path, request), close=unread)

    async def get(self, path: bytes, request: Request) -> Response:
        """What a path shows, unless a store stands in the way."""
        try:
            match path:
                case b"/params":
                    return Response(HTTPStatus.OK, body=await self.front.params())
                case b"/sums":
                    return dictionary(await self.front.sums())
                case b"/seeds":
                    return await self.seeds(request)
                case b"/model":
                    return self.model(request)
                case _:
                    return Response(HTTPStatus.OK, (JSON,), self.description)
        except Unavailable as error:
            return refusal(HTTPStatus.SERVICE_UNAVAILABLE, retry_after(error.retry_after))

    def count(self, request: Request, status: int) -> None:
        """Count a request; paths that nobody serves are one."""
        path = known_as(request.path)
        self.front.metrics.request(path.decode() if path in METHOD_OF else "other", status)

    async def seeds(self, request: Request) -> Response:
        """The encrypted seeds for one sum participant."""
        participant = participant_of(request.query)
        if isinstance(participant, HTTPStatus):
            return refusal(participant)
        return dictionary(await self.front.seeds(participant))

    def model(self, request: Request) -> Response:
        """The global model: bincode without Content-Type, or ``.npy``."""
        model = self.front.model()
        if model is None:
            return Response(HTTPStatus.NO_CONTENT)
        if not prefers_npy(request.header(b"accept")):
            return Response(HTTPStatus.OK, body=model.bincode)
        if model.npy is None:  # a weight that the data type cannot hold
            return refusal(HTTPStatus.NOT_ACCEPTABLE)
        return Response(HTTPStatus.OK, ((b"content-type", NPY.encode()),), model.npy)

    async def message(self, request: Request) -> Response:
        """One sealed message: answered once its fate is known, and durable if it is accepted."""
        stream = Stream(request.receive, self.limits)
        with Share(self.budget) as share:
            body = await collect(stream, request.declared, share)
            if isinstance(body, bytes):
                return verdict(await self.front.submit(body))
        self.front.refuse(body)
        return replace(verdict(body), close=not await drain(stream))


def known_as(path: bytes) -> bytes:
    """The path without the one trailing slash that is accepted."""
    return path[:-1] if path.endswith(b"/") else path


def dictionary(body: bytes | None) -> Response:
    """A dictionary, or 204 while there is none."""
    if body is None:
        return Response(HTTPStatus.NO_CONTENT)
    return Response(HTTPStatus.OK, (BINARY,), body)


def verdict(outcome: Outcome) -> Response:
    """200 for what is final, 503 for what the same bytes may overcome."""
    if outcome.kind is Kind.RETRY:
        return refusal(HTTPStatus.SERVICE_UNAVAILABLE, retry_after(outcome.retry_after))
    return Response(HTTPStatus.OK, ((b"xaynet-outcome", outcome.header.encode()),))


def participant_of(query: str) -> bytes | HTTPStatus:
    """The participant pk (32) of ``GET /seeds``, or the status that refuses it.

    500 for a pk that is missing or given twice, 400 for one that is none: as the original.
    """
    given = [value for name, value in parse_qsl(query, keep_blank_values=True) if name == "pk"]
    if len(given) != 1:
        return HTTPStatus.INTERNAL_SERVER_ERROR
    text = given[0]
    if not _PK.fullmatch(text):
        return HTTPStatus.BAD_REQUEST
    participant = b64decode(text[:43] + "=")
    if b64encode(participant)[:43].decode() != text[:43]:  # bits behind the last byte
        return HTTPStatus.BAD_REQUEST
    return participant


def prefers_npy(accept: str | None) -> bool:
    """Whether ``application/x-npy`` is named, and not with weight 0. Wildcards stay bincode."""
    for choice in (accept or "").lower().split(","):
        media_type, *parameters = (part.strip() for part in choice.split(";"))
        if media_type == NPY:
            return not any(_NO_WEIGHT.fullmatch(parameter) for parameter in parameters)
    return False
