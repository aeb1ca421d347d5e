"""Points are sent in the background, bounded, and nobody waits for them."""

import asyncio
import base64

import pytest
import structlog

from raw_http import serving
from stand_in_front import StandInFront
from xaynet_coordinator.asgi import Response, application
from xaynet_coordinator.bodies import BodyLimits, Stream
from xaynet_coordinator.influx import InfluxPoints, influx_post


class StandInInflux:
    """Keeps what is written to it, or refuses it."""

    def __init__(self):
        self.status = 204
        self.requests = []
        self.changed = asyncio.Event()

    async def answer(self, request):
        body = await Stream(request.receive, BodyLimits()).part()
        self.requests.append((request.method, request.path, request.query, body))
        self.authorization = request.header(b"authorization")
        self.changed.set()
        self.changed = asyncio.Event()
        return Response(self.status)

    async def until(self, count):
        while len(self.requests) < count:
            await self.changed.wait()


@pytest.fixture
async def influx():
    influx = StandInInflux()
    app = application(influx.answer, lambda request, status: None)
    async with serving(app, StandInFront()) as influx.port:
        yield influx


@pytest.fixture
async def points(influx):
    post = influx_post(f"http://xay:n%40t@127.0.0.1:{influx.port}/base/", "metrics")
    points = InfluxPoints(post, now=lambda: 1795410553039948367)
    sending = asyncio.create_task(points.run())
    yield points
    sending.cancel()
    await asyncio.wait([sending])


async def test_a_point_is_one_request_with_its_time(influx, points):
    points.write("phase value=1i")
    await influx.until(1)
    target = ("POST", b"/base/write", "db=metrics&precision=ns")
    assert influx.requests == [(*target, b"phase value=1i 1795410553039948367")]
    assert influx.authorization == "Basic " + base64.b64encode(b"xay:n@t").decode()


async def test_many_points_all_arrive(influx, points):
    for number in range(200):
        points.write(f"phase value={number}i")
    await influx.until(200)
    assert len({body for *_, body in influx.requests}) == 200
    assert points.dropped == 0


async def test_after_an_outage_points_arrive_again(influx, points):
    influx.status = 500
    points.write("phase value=0i")
    await influx.until(1)
    influx.status = 204
    points.write("phase value=1i")
    await influx.until(2)
    assert influx.requests[1][3].startswith(b"phase value=1i ")


async def test_an_outage_is_logged_once_and_costs_nothing_but_its_points():
    nobody = influx_post("http://127.0.0.1:1", "metrics")
    loop, tried, all_tried = asyncio.get_running_loop(), [], asyncio.Event()

    def post(line):
        tried.append(line)
        if len(tried) == 20:
            loop.call_soon_threadsafe(all_tried.set)
        nobody(line)

    points = InfluxPoints(post, capacity=20)
    for _ in range(25):
        points.write("phase value=1i")
    assert points.dropped == 5
    with structlog.testing.capture_logs() as logs:
        sending = asyncio.create_task(points.run())
        await all_tried.wait()
        sending.cancel()
        await asyncio.wait([sending])
    assert [entry["event"] for entry in logs] == ["influxdb_failed"]
