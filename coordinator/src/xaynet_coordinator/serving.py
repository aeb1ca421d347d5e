"""A whole coordinator: the machine, the public and the control API, and how it ends."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager
from socket import socket as Socket
from ssl import SSLContext

import structlog
from prometheus_client import CollectorRegistry

from xaynet_coordinator.api import public_app
from xaynet_coordinator.at_rest import Random
from xaynet_coordinator.bodies import BodyLimits
from xaynet_coordinator.clock import Clock
from xaynet_coordinator.connections import ConnectionLimits
from xaynet_coordinator.control import control_app
from xaynet_coordinator.front import Front
from xaynet_coordinator.http_server import Listener, bind, serve, tls_context
from xaynet_coordinator.influx import InfluxPoints, influx_post
from xaynet_coordinator.metrics import Metrics, Point, no_point
from xaynet_coordinator.settings import (
    Address,
    ApiSettings,
    ControlSettings,
    Settings,
    SettingsError,
)
from xaynet_coordinator.wiring import ChooseStores, choose_stores, running

log = structlog.get_logger()

Started = Callable[[Front, dict[str, str]], None]


def told_nobody(front: Front, addresses: dict[str, str]) -> None:
    """Nobody wants to know that it has started."""


async def run(
    settings: Settings,
    clock: Clock,
    random: Random,
    stop: asyncio.Event,
    *,
    started: Started = told_nobody,
    choose: ChooseStores = choose_stores,
) -> None:
    """Serve until ``stop`` is set, or the machine cannot go on.

    ``started`` is told the front, and the address of each port that is bound. Raises
    ``SettingsError`` for what only shows now, ``StoreUnavailable`` for an embedded store that
    cannot be opened, ``Fenced`` if another coordinator has taken the lead.
    """
    async with points(settings) as point:
        metrics = Metrics(CollectorRegistry(), point)
        async with running(settings, clock, random, metrics, choose) as (front, leading):
            leading.add_done_callback(lambda _: stop.set())
            listeners = list(listening(settings, front, stop))
            addresses = {one.port: address_of(one.socket) for one in listeners}
            log.info("serving", **addresses)
            started(front, addresses)
            await serve(listeners, metrics, stop)
            if leading.done():
                leading.result()


@asynccontextmanager
async def points(settings: Settings) -> AsyncGenerator[Point]:
    """Where points for InfluxDB go, sent in the background while the block lasts."""
    influx = settings.metrics.influxdb
    if influx is None:
        yield no_point
        return
    queue = InfluxPoints(influx_post(influx.url.get_secret_value(), influx.db))
    sending = asyncio.create_task(queue.run())
    try:
        yield queue.write
    finally:
        sending.cancel()
        await asyncio.wait([sending])


def listening(settings: Settings, front: Front, stop: asyncio.Event) -> Iterator[Listener]:
    """The ports that are served. Raises ``SettingsError`` for one that cannot be."""
    api, control = settings.api, settings.control
    limits = ConnectionLimits(api.max_connections, api.idle_timeout)
    bodies = BodyLimits(
        max_message_bytes=api.max_message_bytes,
        max_inflight_bytes=api.max_inflight_bytes,
        drain_bytes=api.max_message_bytes,
        idle_timeout=api.idle_timeout,
    )
    socket = bound(api.bind_address, "api.bind_address")
    yield Listener("public", public_app(front, bodies), socket, limits, tls(api))
    if control.bind_address is not None:
        socket = bound(control.bind_address, "control.bind_address")
        yield Listener("control", control_app(front, token(control), stop), socket, limits)


def bound(address: Address, key: str) -> Socket:
    """The socket of an address in the settings."""
    try:
        return bind(address.host, address.port)
    except OSError as error:
        raise SettingsError([f"{key} is {address}, which cannot be bound: {error}"]) from error


def address_of(socket: Socket) -> str:
    """``host:port`` that a socket is really bound to."""
    host, port, *_ = socket.getsockname()
    return str(Address(host, port))


def tls(api: ApiSettings) -> SSLContext | None:
    """TLS of the public port, if there is a certificate."""
    if api.tls_certificate is None or api.tls_key is None:
        return None
    try:
        return tls_context(api.tls_certificate, api.tls_key, api.tls_client_auth)
    except OSError as error:
        problem = f"api.tls_certificate and api.tls_key cannot be used: {error}"
        raise SettingsError([problem]) from error


def token(control: ControlSettings) -> str | None:
    """The control API's token, from the settings or its file."""
    if control.token_file is None:
        return control.token.get_secret_value() if control.token else None
    try:
        text = control.token_file.read_text().strip()
    except OSError as error:
        problem = f"control.token_file is {control.token_file}, which cannot be read: {error}"
        raise SettingsError([problem]) from error
    if not text:
        raise SettingsError([f"control.token_file is {control.token_file}, which holds no token"])
    return text
