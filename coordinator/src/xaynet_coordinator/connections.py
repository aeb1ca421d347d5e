"""Connections, bounded: in number, in the time they may say nothing, in what a head may weigh.

uvicorn speaks HTTP on a connection, but has no timer for one that never sends a request, that
sends half a head, or that does not read its answer, and no bound for heads. Here each state of a
connection has one thing that ends it:

    waiting for a head     idle_timeout since it opened, since its last answer, and since the
                           head's first byte; or a newcomer, when max_connections is reached
    head, trailers, chunk  MAX_HEAD_BYTES since anything else came, MAX_HEADERS
    receiving a body       the application's clock (bodies.py)
    being answered         the application's promise to answer
    not reading            idle_timeout since the socket's buffer was full
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from socket import IPPROTO_TCP, TCP_NODELAY

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from xaynet_coordinator.metrics import Metrics

MAX_HEAD_BYTES = 32 * 1024
MAX_HEADERS = 100  # as the original's server; tiny ones weigh much more here than on the wire

BAD_REQUEST = (
    b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/octet-stream\r\n"
    b"content-length: 0\r\nconnection: close\r\n\r\n"
)
FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/octet-stream\r\n"
    b"retry-after: 5\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
)


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """Bounds for the connections of one port; the time is in seconds."""

    max_connections: int = 4096
    idle_timeout: float = 75.0


class Patience:
    """A timer that can be started again and again, and acts when it is not."""

    def __init__(self, seconds: float, act: Callable[[], None]) -> None:
        self._seconds = seconds
        self._act = act
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Wait from now on."""
        self.stop()
        self._timer = asyncio.get_running_loop().call_later(self._seconds, self._act)

    def stop(self) -> None:
        """Nothing is waited for."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None


@dataclass(slots=True)
class Crowd:
    """The open connections of one port, and those of them that wait for a request, longest first.

    A silent crowd never keeps anyone out: when there is no room, the one that has waited longest
    makes room. Only where all are busy, a newcomer is refused.
    """

    port: str
    limits: ConnectionLimits
    metrics: Metrics
    open: set["BoundedProtocol"] = field(default_factory=set["BoundedProtocol"])
    waiting: dict["BoundedProtocol", None] = field(default_factory=dict["BoundedProtocol", None])

    def enter(self, newcomer: "BoundedProtocol") -> bool:
        """Count a connection; False: there is no room."""
        if len(self.open) >= self.limits.max_connections:
            longest = next(iter(self.waiting), None)
            if longest is None:
                return False
            longest.end("crowded-out")
        self.open.add(newcomer)
        self.metrics.connections(self.port, len(self.open))
        return True

    def leave(self, connection: "BoundedProtocol") -> None:
        """Forget a connection, however it ended."""
        self.waiting.pop(connection, None)
        self.open.discard(connection)
        self.metrics.connections(self.port, len(self.open))


class BoundedProtocol(HttpToolsProtocol):
    """One connection: uvicorn's, with an end to every state."""

    def __init__(self, crowd: Crowd, config: Config, state: ServerState) -> None:
        super().__init__(config, state, {})
        self._crowd = crowd
        self._head = Patience(crowd.limits.idle_timeout, self._head_is_late)
        self._reader = Patience(crowd.limits.idle_timeout, lambda: self.end("not-reading"))
        self._head_bytes = 0  # received since the last head, body or message was complete
        self._in_head = True
        self._answering = False  # from a complete head to a complete response

    def end(self, reason: str) -> None:
        """Close the connection at once, whatever is in flight."""
        if not self.transport.is_closing():
            self._crowd.metrics.connection_ended(self._crowd.port, reason)
        self._crowd.leave(self)
        self.transport.abort()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        # Head and body of an answer are two writes. asyncio leaves this out for some sockets.
        transport.get_extra_info("socket").setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)
        if self._crowd.enter(self):
            self._wait()
        else:
            self._crowd.metrics.connection_ended(self._crowd.port, "full")
            transport.write(FULL)
            transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head.stop()
        self._reader.stop()
        self._crowd.leave(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._head_bytes += len(data)
        super().data_received(data)
        if self._head_bytes > MAX_HEAD_BYTES:
            self.send_400_response("head too large")

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP, or too much of it, without a word."""
        if not self.transport.is_closing():
            self._crowd.metrics.request("other", 400)
            self.transport.write(BAD_REQUEST)
            self.transport.close()

    def on_message_begin(self) -> None:
        if self._answering:
            # Pipelined: nobody's client does it, and what is queued is bounded by nothing.
            self.end("pipelined")
            raise ConnectionAbortedError
        self._in_head = True
        self._head.start()
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_head:
            return  # a trailer, which nobody reads
        if len(self.headers) == MAX_HEADERS:
            raise BufferError("too many headers")
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._head_bytes = 0
        self._head.stop()
        self._answering = True
        self._crowd.waiting.pop(self, None)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._head_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._head_bytes = 0
        super().on_message_complete()

    def on_response_complete(self) -> None:
        self._answering = False
        super().on_response_complete()
        self._wait()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._reader.start()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._reader.stop()

    def _wait(self) -> None:
        # Also when the connection is closing: what it still has to send may never be read.
        self._head.start()
        if not self.transport.is_closing():
            self._crowd.waiting[self] = None

    def _head_is_late(self) -> None:
        if not self._answering:
            self.end("idle")
