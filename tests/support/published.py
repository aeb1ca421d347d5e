"""The published Xaynet v0.11 coordinator as a server."""

from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Self

from parts import program
from processes import Server
from running import RedisServer


@dataclass(frozen=True, slots=True)
class FlatSettings:
    """Settings of the release (protocol §7.1); counts and seconds are (min, max)."""

    length: int
    mask: tuple[str, str, str, str] = ("Prime", "F32", "B0", "M3")
    sum: float = 0.5
    update: float = 1.0
    sum_count: tuple[int, int] = (1, 100)
    update_count: tuple[int, int] = (3, 1000)
    sum2_count: tuple[int, int] = (1, 100)
    sum_time: tuple[int, int] = (0, 60)
    update_time: tuple[int, int] = (0, 60)
    sum2_time: tuple[int, int] = (0, 60)
    log: str = "info"

    def toml(self, address: str, redis_url: str) -> str:
        """The settings file of a coordinator that listens on `address`."""
        names = ("group_type", "data_type", "bound_type", "model_type")
        mask = [f'{name} = "{value}"' for name, value in zip(names, self.mask, strict=True)]
        sections = {
            "log": [f'filter = "{self.log}"'],
            "api": [f'bind_address = "{address}"'],
            "pet": [f"sum = {self.sum}", f"update = {self.update}", *self._windows()],
            "mask": mask,
            "model": [f"length = {self.length}"],
            "redis": [f'url = "{redis_url}"'],
            # Wanted even without the feature that uses it.
            "metrics.influxdb": ['url = "http://127.0.0.1:9"', 'db = "metrics"'],
        }
        return "\n".join(
            line for name, lines in sections.items() for line in (f"[{name}]", *lines, "")
        )

    def _windows(self) -> list[str]:
        windows = {
            "sum_count": self.sum_count,
            "sum_time": self.sum_time,
            "update_count": self.update_count,
            "update_time": self.update_time,
            "sum2_count": self.sum2_count,
            "sum2_time": self.sum2_time,
        }
        return [
            f"{end}_{name} = {value}"
            for name, window in windows.items()
            for end, value in zip(("min", "max"), window, strict=True)
        ]


class PublishedCoordinator(Server):
    """The coordinator of the crate xaynet-server 0.2.0, with a Redis of its own.

    Without the release's optional features, so every start begins with round 1 and no model.
    """

    def __init__(self, folder: Path, settings: FlatSettings) -> None:
        super().__init__(folder)
        self.settings = settings
        self.redis = RedisServer(folder / "redis")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def command(self) -> list[str | Path]:
        file = self.folder / "settings.toml"
        file.write_text(self.settings.toml(f"127.0.0.1:{self.port}", self.redis.url))
        return [program("peers", "published-coordinator"), "-c", file]

    def start(self) -> Self:
        if not self.redis.is_running:
            self.redis.start()
        return super().start()

    def stop(self, timeout: float = 10) -> None:
        super().stop(timeout)
        self.redis.stop()

    def answers(self) -> bool:
        """Whether the first round has begun: before that the round seed is all zeros."""
        status, body = self.get("/params")
        return status == 200 and body[64:96] != bytes(32)

    def get(self, path: str) -> tuple[int, bytes]:
        """Status and body of an answer."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()
