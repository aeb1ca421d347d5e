"""Our coordinator as a server, on either pair of stores, and a client that speaks to it."""

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import httpx

from processes import Server, free_port
from published import FlatSettings
from running import RedisServer, S3Server
from speaking import Speaking
from xaynet_coordinator.settings import Settings

TOKEN = "the token of the tests"
DYING = Path(__file__).with_name("dying.py")


@dataclass(frozen=True)
class ClusterStores:
    """Redis and two buckets of an S3 server."""

    redis: RedisServer
    s3: S3Server
    models: str
    rounds: str

    def toml(self) -> str:
        return f"""
[redis]
url = "{self.redis.url}"
[s3]
access_key = "{self.s3.access_key}"
secret_access_key = "{self.s3.secret_key}"
region = ["{self.s3.region}", "{self.s3.url}"]
[s3.buckets]
global_models = "{self.models}"
rounds = "{self.rounds}"
"""


class Coordinator(Speaking, Server):
    """Our coordinator; without `stores` it is embedded: SQLite and its folder."""

    def __init__(
        self,
        folder: Path,
        settings: FlatSettings,
        stores: ClusterStores | None = None,
        sections: Mapping[str, str] | None = None,
    ) -> None:
        Server.__init__(self, folder)
        self.token = TOKEN
        self.settings = settings
        self.stores = stores
        self.sections = dict(sections or {})
        self.control_port = free_port()
        self.http = httpx.Client()
        self.dies: tuple[str, str, int] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def control_url(self) -> str:
        return f"http://127.0.0.1:{self.control_port}"

    def restart_with(self, dies: tuple[str, str, int] | None) -> None:
        """Kill it, and start it to die at a moment (see `dying`), or to live."""
        self.dies = dies
        self.restart()

    def start(self) -> Self:
        self.http.close()
        self.http = httpx.Client(timeout=30)  # one for each request would take 30 ms each time
        return super().start()

    def _close(self, running: subprocess.Popen[bytes]) -> None:
        self.http.close()
        super()._close(running)

    def command(self) -> list[str | Path]:
        file = self.folder / "settings.toml"
        file.write_text(self._toml())
        if self.dies is None:
            return [sys.executable, "-m", "xaynet_coordinator", "-c", file]
        moment, point, calls = self.dies
        return [sys.executable, DYING, "-c", file, moment, point, str(calls)]

    def erase(self, *options: str) -> subprocess.CompletedProcess[str]:
        """What `xaynet-coordinator erase` says of this service, and its exit code."""
        file = self.folder / "settings.toml"
        file.write_text(self._toml())
        command = [sys.executable, "-m", "xaynet_coordinator", "erase", "-c", file, *options]
        return subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)

    def _toml(self) -> str:
        toml = self.settings.toml(f"127.0.0.1:{self.port}", "redis://unused")
        kept = [part for part in toml.split("\n\n") if not part.startswith(("[redis]", "[metrics"))]
        control = f'[control]\nbind_address = "127.0.0.1:{self.control_port}"\ntoken = "{TOKEN}"\n'
        data = f'[data]\ndirectory = "{self.folder / "data"}"\n'
        stores = self.stores.toml() if self.stores else ""
        more = "".join(f"[{name}]\n{lines}\n" for name, lines in self.sections.items())
        return "\n\n".join([*kept, control, data, stores, more])

    def answers(self) -> bool:
        """Whether a round has begun, or the service has come to another end."""
        try:
            return self.state()["phase"] != "Idle"
        except httpx.HTTPError as error:
            raise OSError(str(error)) from error

    def want(self, generation: int, **changes: object) -> None:
        """Put what its settings say, with these changes."""
        pet = Settings.load(self.folder / "settings.toml", {}).pet
        assert pet is not None
        parameters = pet.model_dump(mode="json", by_alias=True)
        answer = self.put({"generation": generation, "parameters": parameters} | changes)
        assert answer.json()["status"] == "stored", answer.text

    def post_to_the_end(self, body: bytes) -> None:
        """Post a message whose answer never comes: the coordinator dies of it."""
        try:
            outcome = self.post(body)
        except httpx.TransportError:
            self.wait(timeout=30)
            return
        raise self.failed(f"lived on and answered {outcome}")


class StartedAnyhow(Coordinator):
    """It answers as soon as its probes do, whatever its stores do."""

    def answers(self) -> bool:
        try:
            return httpx.get(f"{self.control_url}/healthz").status_code == 200
        except httpx.HTTPError as error:
            raise OSError(str(error)) from error
