"""A whole coordinator under load: updates posted over loopback by several clients at once.

Ours on its embedded stores, on Redis and MinIO, and the published coordinator on Redis. The
figures are one update phase from the first post to the last answer.
"""

import os
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from queue import Queue

import httpx
import numpy as np

from coordinators import ClusterStores, Coordinator
from federation import drawn, read_params, read_sums
from processes import Server
from published import FlatSettings, PublishedCoordinator
from running import MinioServer, RedisServer
from xaynet_pet import Tag

CLIENTS = 8
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Load:
    """What posting `updates` updates came to."""

    service: str
    updates: int
    seconds: float
    cpu_seconds: float  # of the coordinator alone
    latencies: list[float]

    @property
    def per_second(self) -> float:
        return self.updates / self.seconds

    @property
    def median(self) -> float:
        return statistics.median(self.latencies)

    @property
    def p95(self) -> float:
        return statistics.quantiles(self.latencies, n=20)[-1]


def measure(folder: Path, length: int, updates: int) -> Iterator[Load]:
    """Each service on its own, one after the other."""
    settings = FlatSettings(
        length=length,
        sum_count=(1, 1),
        update_count=(updates, updates),
        sum2_count=(1, 1),
        log="warn",
    )
    with Coordinator(folder / "embedded", settings) as ours:
        yield post_updates("ours, embedded", ours, updates)
    with ExitStack() as stack:
        redis = stack.enter_context(RedisServer(folder / "redis"))
        s3 = stack.enter_context(MinioServer(folder / "minio"))
        stores = ClusterStores(redis, s3, s3.new_bucket(), s3.new_bucket())
        ours = stack.enter_context(Coordinator(folder / "cluster", settings, stores))
        yield post_updates("ours, Redis and MinIO", ours, updates)
    with PublishedCoordinator(folder / "published", settings) as published:
        yield post_updates("published", published, updates)


def post_updates(name: str, server: Server, updates: int) -> Load:
    """Bring a coordinator to Update, and post that many."""
    with httpx.Client(base_url=f"http://127.0.0.1:{server.port}", timeout=120) as http:
        params = read_params(http.get("/params").content)
        summer = drawn(params, Tag.SUM, 1)[0]
        http.post("/message", content=summer.sealed(summer.sum(params)))
        sums = read_sums(published_sums(http))
    weights = np.random.default_rng(2).uniform(-1, 1, params.model_length).astype(np.float32)
    queue: Queue[bytes] = Queue()
    for one in drawn(params, Tag.UPDATE, updates):
        queue.put(one.sealed(one.update(params, sums, weights)))
    cpu, began = cpu_seconds(server.pid), time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as clients:
        running = [clients.submit(post, server.port, queue) for _ in range(CLIENTS)]
        latencies = [latency for each in running for latency in each.result()]
    seconds = time.perf_counter() - began
    return Load(name, updates, seconds, cpu_seconds(server.pid) - cpu, latencies)


def published_sums(http: httpx.Client) -> bytes:
    """The sum dictionary, once the update phase has begun."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        answer = http.get("/sums")
        if answer.status_code == 200:
            return answer.content
    raise TimeoutError("the update phase has not begun")


def post(port: int, queue: Queue[bytes]) -> list[float]:
    """Post what is queued, one after the other; the seconds that each answer took."""
    latencies: list[float] = []
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=120) as http:
        while not queue.empty():
            body = queue.get()
            began = time.perf_counter()
            answer = http.post("/message", content=body)
            latencies.append(time.perf_counter() - began)
            assert answer.status_code == 200, answer
            assert answer.headers.get("xaynet-outcome", "accepted") == "accepted", answer.headers
    return latencies


def cpu_seconds(pid: int) -> float:
    """CPU time that a process has used, in all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS
