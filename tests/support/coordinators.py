"""Our coordinator as a server, on either pair of stores, and a client that speaks to it."""

import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import httpx

from federation import Participant, read_params, read_seeds, read_sums
from processes import Server, free_port
from published import FlatSettings
from running import RedisServer, S3Server
from xaynet_coordinator.settings import Settings
from xaynet_pet import Model, RoundParameters

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


class Coordinator(Server):
    """Our coordinator; without `stores` it is embedded: SQLite and its folder."""

    def __init__(
        self,
        folder: Path,
        settings: FlatSettings,
        stores: ClusterStores | None = None,
        sections: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(folder)
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

    def state(self, after: int | None = None) -> dict:
        """The observed state; with `after`, once it has changed since that revision."""
        query = {} if after is None else {"after": after}
        headers = {"authorization": f"Bearer {TOKEN}"}
        answer = self.http.get(
            f"{self.control_url}/v1/state", params=query, headers=headers, timeout=70
        )
        answer.raise_for_status()
        return answer.json()

    def wait_for(self, condition: Callable[[dict], bool], timeout: float = 60) -> dict:
        """The first observed state for which something is so."""
        deadline = time.monotonic() + timeout
        state = self.state()
        while not condition(state):
            if time.monotonic() > deadline:
                raise self.failed(f"never came so far: {state}")
            state = self.state(after=state["revision"])
        return state

    def wait_for_phase(self, phase: str) -> dict:
        return self.wait_for(lambda state: state["phase"] == phase)

    def put(self, document: dict) -> httpx.Response:
        headers = {"authorization": f"Bearer {TOKEN}"}
        return self.http.put(f"{self.control_url}/v1/desired", json=document, headers=headers)

    def want(self, generation: int, **changes: object) -> None:
        """Put what its settings say, with these changes."""
        pet = Settings.load(self.folder / "settings.toml", {}).pet
        assert pet is not None
        parameters = pet.model_dump(mode="json", by_alias=True)
        answer = self.put({"generation": generation, "parameters": parameters} | changes)
        assert answer.json()["status"] == "stored", answer.text

    def get(self, path: str, **query: str) -> bytes | None:
        """A body of the public API; None for 204."""
        answer = self.http.get(f"{self.url}{path}", params=query)
        answer.raise_for_status()
        return None if answer.status_code == 204 else answer.content

    def params(self) -> RoundParameters:
        body = self.get("/params")
        assert body is not None
        return read_params(body)

    def sums(self) -> dict[bytes, bytes]:
        body = self.get("/sums")
        assert body is not None, "no sum dictionary is published"
        return read_sums(body)

    def seeds(self, participant: Participant) -> dict[bytes, bytes]:
        body = self.get("/seeds", pk=b64encode(participant.pk).decode())
        assert body is not None, "no seeds are published"
        return read_seeds(body)

    def model(self) -> Model | None:
        body = self.get("/model")
        return None if body is None else Model.from_bytes(body)

    def post(self, body: bytes) -> str:
        """The outcome of a message; `503 ...` where the same bytes are wanted again."""
        answer = self.http.post(f"{self.url}/message", content=body)
        if answer.status_code == 503:
            return f"503 {answer.headers['retry-after']}"
        return answer.headers["xaynet-outcome"]

    def post_to_the_end(self, body: bytes) -> None:
        """Post a message whose answer never comes: the coordinator dies of it."""
        try:
            outcome = self.post(body)
        except httpx.TransportError:
            self.wait(timeout=30)
            return
        raise self.failed(f"lived on and answered {outcome}")
