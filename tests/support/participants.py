"""Participants as programs, each of which prints what happens to it.

An event is one line of JSON, `{"event": NAME, ...}`; a test waits for the next of a name:

    started      the program is there                   public: its key (crate only)
    parameters   the coordinator's are others than      seed, sum, update, length (crate only)
                 at the last look
    new_round, sum, update, idle                        the state machine's own (crate only)
    sent         200 for a message or a chunk           bytes (crate only)
    not_sent     anything else for it                   bytes, reason (crate only)
    finished     all of a task's messages are sent      rounds: how many so far (crate only)
    training     the SDK asked for a local model        model: the one it gave, or null (ABC only)
    model        a new global model was fetched         model: its weights, or null (Python only)
    stopped      `stop()` came back                     state: what it returned (Python only)
"""

import json
import subprocess
import threading
import time
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from parts import PEERS, program
from processes import Process

Event = dict[str, Any]
Weights = NDArray[np.float32 | np.float64 | np.int32 | np.int64]

DATA_TYPES = {"float32": "f32", "float64": "f64", "int32": "i32", "int64": "i64"}


class Participant(Process):
    """A program that prints events; `events` has those of all its starts."""

    TALKS = True

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.events: list[Event] = []
        self._change = threading.Condition()
        self._reader: threading.Thread | None = None

    def start(self) -> Self:
        super().start()
        self._reader = threading.Thread(target=self._read, args=(self._running,), daemon=True)
        self._reader.start()
        return self

    def wait_for(self, name: str, count: int = 1, timeout: float = 60) -> Event:
        """Waits until that many events of the name have come; the last of them.

        Raises:
            ProcessFailed: if it ended, or the time was over, before.
        """
        deadline = time.monotonic() + timeout
        with self._change:
            while len(found := [event for event in self.events if event["event"] == name]) < count:
                if self._reader is None:
                    raise self.failed(f"ended before {name} × {count}: {self._names()}")
                if not self._change.wait(deadline - time.monotonic()):
                    raise self.failed(f"no {name} × {count} in {timeout} s: {self._names()}")
        return found[count - 1]

    def _names(self) -> str:
        return ", ".join(event["event"] for event in self.events) or "no events"

    def _read(self, running: subprocess.Popen[bytes]) -> None:
        """Takes events until the program ends; runs in a thread of its own."""
        assert running.stdout is not None
        try:
            for line in running.stdout:
                event = json.loads(line)
                with self._change:
                    self.events.append(event)
                    self._change.notify_all()
        finally:
            with self._change:
                self._reader = None
                self._change.notify_all()

    def _close(self, running: subprocess.Popen[bytes]) -> None:
        with self._change:
            self._change.wait_for(lambda: self._reader is None, timeout=10)
        super()._close(running)


class PublishedParticipant(Participant):
    """A participant built on the crate xaynet-sdk 0.1.0.

    Args:
        folder: its own.
        url: of the coordinator.
        weights: the local model, the same in every round.
        seed: of the signing keys, 32 bytes.
        scalar: weight of the model in the mean.
        max_message_size: bytes of the longest message on the wire, at least 194, beyond which it
            is sent in chunks; None: messages are never cut.
        rounds: it ends after that many rounds in which it finished a task; None: it goes on.
    """

    def __init__(
        self,
        folder: Path,
        url: str,
        weights: Weights,
        *,
        seed: bytes,
        scalar: float = 1.0,
        max_message_size: int | None = None,
        rounds: int | None = None,
    ) -> None:
        super().__init__(folder)
        self.options: dict[str, Any] = {
            "url": url,
            "seed": seed.hex(),
            "model": folder / "model",
            "data-type": DATA_TYPES[weights.dtype.name],
            "scalar": scalar,
            "max-message-size": max_message_size,
            "rounds": rounds,
        }
        little_endian = weights.astype(weights.dtype.newbyteorder("<"))
        self.options["model"].write_bytes(little_endian.tobytes())

    def command(self) -> list[str | Path]:
        given = {name: value for name, value in self.options.items() if value is not None}
        options = [f"--{name}={value}" for name, value in given.items()]
        return [program("peers", "published-participant"), *options]


class PythonParticipant(Participant):
    """A participant that uses the published Python API, in any interpreter that has it.

    Args:
        folder: its own.
        url: of the coordinator.
        weights: the local model, the same in every round.
        python: the interpreter; None: the published wheel's (`sys.executable` has our SDK).
        scalar: weight of the model in the mean; a restored participant keeps its own.
        state: what an earlier one's `save` returned.
        uses: "plain" for `spawn_participant`, "async" for `spawn_async_participant`.
    """

    def __init__(
        self,
        folder: Path,
        url: str,
        weights: Weights,
        *,
        python: Path | str | None = None,
        scalar: float = 1.0,
        state: list[int] | None = None,
        uses: str = "plain",
    ) -> None:
        super().__init__(folder)
        self.python = python
        (folder / "orders.json").write_text(
            json.dumps(
                {
                    "url": url,
                    "weights": weights.tolist(),
                    "scalar": scalar,
                    "state": state,
                    "uses": uses,
                }
            )
        )

    def command(self) -> list[str | Path]:
        script = PEERS / "participant.py"
        return [self.python or wheel_python(), script, self.folder / "orders.json"]

    def environment(self) -> dict[str, str]:
        return {"XAYNET_CLIENT": "info"}

    def save(self, timeout: float = 20) -> list[int]:
        """Has it call `stop()`, after which it ends; the saved state."""
        assert self._running is not None
        assert self._running.stdin is not None
        before = sum(event["event"] == "stopped" for event in self.events)
        self._running.stdin.close()
        state = self.wait_for("stopped", before + 1, timeout)["state"]
        self.wait(timeout)
        self.stop()
        return state


def wheel_python() -> Path:
    """The interpreter whose `xaynet_sdk` is the published wheel xaynet-sdk-python 0.1.0."""
    return program("wheel", "python")
