"""The HTTP servers of a process: several ports in one event loop, stopped by one event."""

import asyncio
import contextlib
import logging
import math
import resource
import socket
import ssl
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import structlog
import uvicorn

from xaynet_coordinator.asgi import App
from xaynet_coordinator.connections import BoundedProtocol, ConnectionLimits, Crowd
from xaynet_coordinator.metrics import Metrics

GRACE_SECONDS = 15  # a POST is held for 10 s at most
BACKLOG = 2048
SPARE_FILES = 256  # for the stores, and what a process has open anyway

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Listener:
    """One application on one bound socket, with or without TLS. ``port`` names it in metrics."""

    port: Literal["public", "control"]
    app: App
    socket: socket.socket
    limits: ConnectionLimits
    tls: ssl.SSLContext | None = None


def bind(host: str, port: int) -> socket.socket:
    """A socket bound to an address, a host name's first one; port 0 is any free one.

    Raises ``OSError``, also for a name that nobody knows.
    """
    family, _, _, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    both = family == socket.AF_INET6 and socket.has_dualstack_ipv6()
    return socket.create_server(address[:2], family=family, backlog=BACKLOG, dualstack_ipv6=both)


def tls_context(certificate: Path, key: Path, client_authorities: Path | None) -> ssl.SSLContext:
    """TLS of a server; with ``client_authorities`` only for clients that one of them knows.

    Raises ``OSError``, of which ``ssl.SSLError`` is one.
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=client_authorities)
    context.load_cert_chain(certificate, key, password="")  # rather refused than asked for
    if client_authorities is not None:
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def room_for(connections: int) -> int:
    """Raise the limit of open files for so many connections; how many of them it allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    enough = connections + SPARE_FILES
    if soft != resource.RLIM_INFINITY and soft < enough:
        soft = enough if hard == resource.RLIM_INFINITY else min(enough, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return connections if soft == resource.RLIM_INFINITY else min(connections, soft - SPARE_FILES)


def fitted(listeners: Sequence[Listener]) -> list[Listener]:
    """The listeners, with fewer connections where the process may not have as many: a process
    without a free file can neither accept a connection nor reach its stores."""
    wanted = sum(listener.limits.max_connections for listener in listeners)
    room = room_for(wanted)
    if room >= wanted:
        return list(listeners)
    log.warning("fewer_connections", wanted=wanted, allowed=room)
    return [
        replace(one, limits=replace(one.limits, max_connections=max(1, most * room // wanted)))
        for one in listeners
        for most in (one.limits.max_connections,)
    ]


async def serve(
    listeners: Sequence[Listener],
    metrics: Metrics,
    stop: asyncio.Event,
    grace: int = GRACE_SECONDS,
) -> None:
    """Serve until ``stop`` is set; then answer what was begun, for ``grace`` seconds at most.

    The sockets accept connections before this begins, and are closed when it returns. Signals are
    left to the caller.
    """
    servers = [_Server(listener, metrics, grace) for listener in fitted(listeners)]
    try:
        async with asyncio.TaskGroup() as group:
            for server in servers:
                group.create_task(server.serve([server.listener.socket]))
            await stop.wait()
            for server in servers:
                server.should_exit = True
    finally:
        for server in servers:
            server.end()


class _Server(uvicorn.Server):
    """uvicorn's server on our connections, without its signal handlers."""

    def __init__(self, listener: Listener, metrics: Metrics, grace: int) -> None:
        config = uvicorn.Config(
            listener.app,
            interface="asgi3",
            lifespan="off",
            ws="none",
            log_config=None,
            log_level=logging.ERROR,  # its warnings repeat what clients do wrong, without bound
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=math.ceil(listener.limits.idle_timeout),
            timeout_graceful_shutdown=grace,
        )
        super().__init__(config)
        self.listener = listener
        self.servers = []
        self._crowd = Crowd(listener.port, listener.limits, metrics)

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        tls, limits = self.listener.tls, self.listener.limits
        server = await asyncio.get_running_loop().create_server(
            lambda: BoundedProtocol(self._crowd, self.config, self.server_state),
            sock=self.listener.socket,
            backlog=BACKLOG,
            ssl=tls,
            ssl_handshake_timeout=limits.idle_timeout if tls else None,
        )
        self.servers = [server]
        self.started = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
        if self.server_state.tasks:  # cancelled, which they still tell their clients
            await asyncio.wait(self.server_state.tasks, timeout=1)

    def end(self) -> None:
        """Let go of everything, also of what could not be ended well."""
        for server in self.servers:
            server.close()
        self.listener.socket.close()
        for connection in list(self._crowd.open):
            connection.end("shutdown")
