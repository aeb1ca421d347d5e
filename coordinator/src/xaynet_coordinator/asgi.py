"""Raw ASGI in three values: a request, a response, and the application between them.

There is no framework because the public API is compared byte by byte (protocol §2.3): paths as
they came, no header that nobody asked for, the original's statuses.
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Self

import structlog

Scope = MutableMapping[str, Any]
Event = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Header = tuple[bytes, bytes]

log = structlog.get_logger()

PIECE_BYTES = 64 * 1024  # what a slow reader may leave in our memory, beside the socket's buffer
BINARY = (b"content-type", b"application/octet-stream")
JSON = (b"content-type", b"application/json")


class ClientGone(Exception):
    """The client closed the connection before its request was complete."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came: nothing is decoded but the query, as Latin-1."""

    method: str
    path: bytes
    query: str
    headers: tuple[Header, ...]
    receive: Receive = field(repr=False)

    @classmethod
    def of(cls, scope: Scope, receive: Receive) -> Self:
        """Take what is needed out of an ASGI scope."""
        query: bytes = scope["query_string"]
        headers = tuple((name.lower(), value) for name, value in scope["headers"])
        return cls(scope["method"], scope["raw_path"], query.decode("latin-1"), headers, receive)

    def header(self, name: bytes) -> str | None:
        """The value of a header, several joined by commas; None without it."""
        values = [value.decode("latin-1") for known, value in self.headers if known == name]
        return ", ".join(values) if values else None

    @property
    def declared(self) -> int | None:
        """The body's length, if the request says it. (The parser has checked the number.)"""
        value = self.header(b"content-length")
        return int(value) if value is not None else None

    @property
    def has_body(self) -> bool:
        """Whether anything follows the head."""
        return bool(self.declared) or self.header(b"transfer-encoding") is not None


@dataclass(frozen=True, slots=True)
class Response:
    """One response. ``close`` ends the connection: part of the request was never read."""

    status: int
    headers: tuple[Header, ...] = ()
    body: bytes = field(default=b"", repr=False)
    close: bool = False

    async def write(self, send: Send) -> None:
        """Send it piece by piece, at the pace of the reader."""
        headers = [*self.headers, (b"content-length", str(len(self.body)).encode())]
        if self.close:
            headers.append((b"connection", b"close"))
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        last = max(len(self.body) - 1, 0) // PIECE_BYTES * PIECE_BYTES
        for start in range(0, last, PIECE_BYTES):
            piece = self.body[start : start + PIECE_BYTES]
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": self.body[last:], "more_body": False})


def refusal(status: HTTPStatus, *headers: Header, close: bool = False) -> Response:
    """An error as the original sends it: no body, but a type (protocol §2.3)."""
    return Response(status, (BINARY, *headers), close=close)


def retry_after(seconds: int) -> Header:
    """When the same request may succeed."""
    return (b"retry-after", str(seconds).encode())


Answer = Callable[[Request], Awaitable[Response]]
Count = Callable[[Request, int], None]


def application(answer: Answer, count: Count) -> App:
    """An ASGI application that answers requests, and counts them by status.

    The one place where a surprise ends: as a 500 that is logged, while the process goes on.
    """

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request.of(scope, receive)
        try:
            response = await answer(request)
        except ClientGone:
            return
        except asyncio.CancelledError:  # the server stops, and has waited long enough
            later = retry_after(1)
            response = refusal(HTTPStatus.SERVICE_UNAVAILABLE, later, close=True)
        except Exception:
            log.exception("request_failed", method=request.method, path=request.path)
            response = refusal(HTTPStatus.INTERNAL_SERVER_ERROR, close=True)
        count(request, response.status)
        await response.write(send)

    return app
