"""HTTP by hand, over ASGI and over sockets: what is sent and what comes back, byte by byte."""

import asyncio
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from xaynet_coordinator.connections import ConnectionLimits
from xaynet_coordinator.http_server import Listener, bind, serve

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Answer:
    """A response; header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes = field(repr=False)

    @property
    def closes(self):
        return self.headers.get("connection") == "close"


async def ask(app, method, target, *parts, headers=()):
    """Call an ASGI application. The body comes in the given parts, then the client waits."""
    path, _, query = target.partition("?")
    events = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
    events = events or [{"type": "http.request", "body": b"", "more_body": True}]
    events[-1]["more_body"] = False
    sent = []

    async def receive():
        if events:
            return events.pop(0)
        await asyncio.Event().wait()

    async def send(event):
        sent.append(event)

    length = [(b"content-length", str(sum(map(len, parts))).encode())] if parts else []
    scope = {
        "type": "http",
        "method": method,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [*length, *headers],
    }
    await app(scope, receive, send)
    start, *pieces = sent
    names = [name.decode() for name, _ in start["headers"]]
    assert len(names) == len(set(names))
    values = {name.decode(): value.decode() for name, value in start["headers"]}
    return Answer(start["status"], values, b"".join(piece["body"] for piece in pieces))


@asynccontextmanager
async def serving(app, front, *, port="public", tls=None, stop=None, **limits):
    """The real server on loopback; gives its port number."""
    stop = stop or asyncio.Event()
    socket = bind(LOOPBACK, 0)
    number = socket.getsockname()[1]
    listener = Listener(port, app, socket, ConnectionLimits(**limits), tls)
    server = asyncio.create_task(serve([listener], front.metrics, stop, grace=1))
    try:
        yield number
    finally:
        stop.set()
        await server


@dataclass
class Wire:
    """One connection of a client."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, *data):
        for part in data:
            self.writer.write(part)
            await self.writer.drain()

    async def answer(self, method="GET"):
        """Read one response; raises ``IncompleteReadError`` where there is none."""
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        version, status, _ = head[0].split(" ", 2)
        assert version == "HTTP/1.1"
        pairs = [line.split(": ", 1) for line in head[1:] if line]
        headers = {name.lower(): value for name, value in pairs}
        assert len(headers) == len(pairs)
        length = 0 if method == "HEAD" else int(headers["content-length"])
        return Answer(int(status), headers, await self.reader.readexactly(length))

    async def get(self, target, *headers):
        await self.send(head("GET", target, *headers))
        return await self.answer()

    async def post(self, body, target="/message"):
        await self.send(head("POST", target, f"content-length: {len(body)}"), body)
        return await self.answer()

    async def closed(self):
        """Wait until the server has closed the connection; what else it sent."""
        try:
            return await self.reader.read()
        except ConnectionResetError:
            return b""


@asynccontextmanager
async def connected(port, **options):
    """A connection to a server on loopback."""
    reader, writer = await asyncio.open_connection(LOOPBACK, port, **options)
    try:
        yield Wire(reader, writer)
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


def head(method, target, *headers):
    """The head of a request."""
    lines = [f"{method} {target} HTTP/1.1", "host: localhost", *headers, "", ""]
    return "\r\n".join(lines).encode()


def chunk(data):
    """One part of a body of unknown length."""
    return b"%x\r\n%s\r\n" % (len(data), data)
