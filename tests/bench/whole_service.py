"""A whole coordinator under load: updates posted over loopback by several clients at once.

Ours on its embedded stores, ours on Redis and MinIO, and the published coordinator on Redis, taking
turns. The figures are one update phase from the first post to the last answer, which is also the
phase's end. Processor time is that of the coordinator without its stores.
"""

import os
import statistics
import time
from base64 import b64encode
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from queue import Empty, SimpleQueue
from urllib.parse import urlencode

import numpy as np

from coordinators import ClusterStores, Coordinator
from federation import Participant, drawn, read_params, read_sums
from parts import PARTS, is_built
from processes import Server
from published import FlatSettings, PublishedCoordinator
from running import MinioServer, RedisServer
from xaynet_pet import RoundParameters, Tag

CLIENTS = 8
TURNS = 2
TIMEOUT = 30.0
TICKS = os.sysconf("SC_CLK_TCK")
NEEDED = {
    "ours, embedded": (),
    "ours, Redis and MinIO": ("redis", "minio"),
    "published, Redis": ("redis", "peers"),
}
"""Each service, and the parts that it needs."""


@dataclass(frozen=True)
class Load:
    """What posting `updates` updates to a service came to."""

    service: str
    updates: int
    seconds: float
    cpu_seconds: float
    latencies: list[float]

    @property
    def per_second(self) -> float:
        return self.updates / self.seconds

    @property
    def cpu_each(self) -> float:
        return self.cpu_seconds / self.updates

    @property
    def median(self) -> float:
        return statistics.median(self.latencies)

    @property
    def p95(self) -> float:
        return statistics.quantiles(self.latencies, n=20)[-1]


def joined(turns: Sequence[Load]) -> Load:
    """One service's turns as if they were one."""
    return Load(
        turns[0].service,
        sum(turn.updates for turn in turns),
        sum(turn.seconds for turn in turns),
        sum(turn.cpu_seconds for turn in turns),
        [latency for turn in turns for latency in turn.latencies],
    )


def missing() -> dict[str, list[str]]:
    """The services that cannot be measured, and the parts that they lack."""
    lacks = {
        service: [part for part in parts if not is_built(PARTS[part])]
        for service, parts in NEEDED.items()
    }
    return {service: parts for service, parts in lacks.items() if parts}


def measure(folder: Path, length: int, updates: int) -> list[Load]:
    """Every service that can be measured, each with `TURNS` rounds of so many updates."""
    settings = settings_of(length, updates)
    turns: dict[str, list[Load]] = {service: [] for service in NEEDED.keys() - missing().keys()}
    for turn in range(TURNS):
        for service, done in turns.items():
            with started(service, folder / f"{service} {turn}", settings) as server:
                done.append(post_updates(service, server, updates))
    return [joined(turns[service]) for service in NEEDED if service in turns]


def settings_of(length: int, updates: int) -> FlatSettings:
    """One sum participant, and an update phase that ends with the last update."""
    window = (updates, updates)
    return FlatSettings(
        length, sum_count=(1, 1), update_count=window, sum2_count=(1, 1), log="warn"
    )


def started(service: str, folder: Path, settings: FlatSettings) -> AbstractContextManager[Server]:
    """A service with empty stores, until the `with` block ends."""
    match service:
        case "ours, embedded":
            return Coordinator(folder, settings)
        case "published, Redis":
            return PublishedCoordinator(folder, settings)
        case _:
            return on_redis_and_minio(folder, settings)


@contextmanager
def on_redis_and_minio(folder: Path, settings: FlatSettings) -> Iterator[Server]:
    with RedisServer(folder / "redis") as redis, MinioServer(folder / "minio") as s3:
        stores = ClusterStores(redis, s3, s3.new_bucket(), s3.new_bucket())
        with Coordinator(folder / "coordinator", settings, stores) as ours:
            yield ours


def post_updates(service: str, server: Server, updates: int) -> Load:
    """Bring a coordinator to Update, and post as many as end it."""
    http = HTTPConnection("127.0.0.1", server.port, timeout=TIMEOUT)
    params = read_params(get(http, "/params"))
    summer: Participant = drawn(params, Tag.SUM, 1)[0]
    post(http, summer.sealed(summer.sum(params)))
    sums = read_sums(get(http, "/sums"))
    bodies = queued(params, sums, updates)
    cpu, began = cpu_seconds(server.pid), time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as clients:
        running = [clients.submit(post_all, server.port, bodies) for _ in range(CLIENTS)]
        latencies = [latency for each in running for latency in each.result()]
    seconds = time.perf_counter() - began
    load = Load(service, updates, seconds, cpu_seconds(server.pid) - cpu, latencies)
    # That there are seeds now shows that every update was accepted, whatever its answer said.
    get(http, "/seeds?" + urlencode({"pk": b64encode(summer.pk).decode()}))
    http.close()
    return load


def queued(params: RoundParameters, sums: dict[bytes, bytes], updates: int) -> SimpleQueue[bytes]:
    """The bodies to be posted."""
    weights = np.random.default_rng(2).uniform(-1, 1, params.model_length).astype(np.float32)
    queue: SimpleQueue[bytes] = SimpleQueue()
    for one in drawn(params, Tag.UPDATE, updates):
        queue.put(one.sealed(one.update(params, sums, weights)))
    return queue


def post_all(port: int, bodies: SimpleQueue[bytes]) -> list[float]:
    """Post what is queued, one after the other; the seconds that each answer took."""
    latencies: list[float] = []
    http = HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
    while True:
        try:
            body = bodies.get_nowait()
        except Empty:
            http.close()
            return latencies
        began = time.perf_counter()
        post(http, body)
        latencies.append(time.perf_counter() - began)


def post(http: HTTPConnection, body: bytes) -> None:
    http.request("POST", "/message", body)
    answer = http.getresponse()
    answer.read()
    outcome = answer.headers.get("xaynet-outcome", "accepted")  # the published one has no such
    assert (answer.status, outcome) == (200, "accepted"), (answer.status, outcome)


def get(http: HTTPConnection, path: str) -> bytes:
    """The body, once there is one."""
    deadline = time.monotonic() + TIMEOUT
    while time.monotonic() < deadline:
        http.request("GET", path)
        answer = http.getresponse()
        body = answer.read()
        if answer.status == 200:
            return body
    raise TimeoutError(f"{path} does not come")


def cpu_seconds(pid: int) -> float:
    """Processor time that a process has used, in all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS
