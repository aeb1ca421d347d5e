"""What a test says to a coordinator, wherever it runs: the public API and the control API."""

import time
from base64 import b64encode
from collections.abc import Callable

import httpx

from federation import Participant, read_params, read_seeds, read_sums
from xaynet_pet import Model, RoundParameters


class Speaking:
    """A coordinator that can be spoken to. Who has it supplies where it is."""

    url: str
    control_url: str
    token: str
    http: httpx.Client

    def failed(self, why: str) -> Exception:
        """The error of a test that cannot go on."""
        return AssertionError(why)

    def state(self, after: int | None = None) -> dict:
        """The observed state; with `after`, once it has changed since that revision."""
        query = {} if after is None else {"after": after}
        headers = {"authorization": f"Bearer {self.token}"}
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
        headers = {"authorization": f"Bearer {self.token}"}
        return self.http.put(f"{self.control_url}/v1/desired", json=document, headers=headers)

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
