"""Points for InfluxDB, sent in the background (protocol §7.2).

    POST ‹url›/write?db=‹db›&precision=ns        one line with its timestamp

Nothing ever waits for InfluxDB: what does not fit into the queue is dropped, failures are logged.
"""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import unquote, urlencode, urlsplit, urlunsplit

import structlog
import urllib3

log = structlog.get_logger()

CAPACITY = 4048
SENDERS = 4
TIMEOUT_SECONDS = 5.0

Post = Callable[[bytes], None]


class InfluxError(Exception):
    """InfluxDB answered, but did not take the point."""


class InfluxPoints:
    """A bounded queue of points, and the task that sends them, a few at a time.

    ``post`` sends one line and raises on failure; ``now`` gives nanoseconds.
    """

    def __init__(
        self, post: Post, now: Callable[[], int] = time.time_ns, capacity: int = CAPACITY
    ) -> None:
        self._post = post
        self._now = now
        self._queue: asyncio.Queue[bytes] = asyncio.Queue(capacity)
        self._failing = False
        self.dropped = 0

    def write(self, line: str) -> None:
        """Queue a line, with the time of now; or drop it. To be called in the event loop."""
        try:
            self._queue.put_nowait(f"{line} {self._now()}".encode())
        except asyncio.QueueFull:
            self.dropped += 1

    async def run(self) -> None:
        """Send for ever. The threads are its own: a slow InfluxDB must not take those of the
        cryptography."""
        threads = ThreadPoolExecutor(SENDERS, "influx")
        try:
            async with asyncio.TaskGroup() as senders:
                for _ in range(SENDERS):
                    senders.create_task(self._send(threads))
        finally:
            threads.shutdown(wait=False, cancel_futures=True)

    async def _send(self, threads: ThreadPoolExecutor) -> None:
        loop = asyncio.get_running_loop()
        while True:
            line = await self._queue.get()
            try:
                await loop.run_in_executor(threads, self._post, line)
            except (urllib3.exceptions.HTTPError, OSError, InfluxError) as error:
                self._tell_failure(error)
            else:
                self._failing = False

    def _tell_failure(self, error: Exception) -> None:
        if not self._failing:  # one line for each outage, not for each point
            log.warning("influxdb_failed", detail=str(error), dropped=self.dropped)
        self._failing = True


def influx_post(url: str, db: str) -> Post:
    """What sends a line to an InfluxDB; user and password may stand in the URL."""
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    path, query = f"{parts.path.rstrip('/')}/write", urlencode({"db": db, "precision": "ns"})
    target = urlunsplit((parts.scheme, host, path, query, ""))
    headers = urllib3.make_headers(basic_auth=unquote(user) if at else None)
    pool = urllib3.PoolManager(
        maxsize=SENDERS, timeout=TIMEOUT_SECONDS, retries=False, headers=headers
    )

    def post(line: bytes) -> None:
        answer = pool.request("POST", target, body=line)
        if answer.status >= 300:
            raise InfluxError(f"status {answer.status}")

    return post
