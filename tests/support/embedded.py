"""`xaynet up` as a server, and the manifest that it runs: participants are those of `one_round`."""

import sys
import time
from pathlib import Path

import yaml

from coordinators import Coordinator
from one_round import SETTINGS
from processes import Process
from xaynet_cli.data_folder import DataFolder, NotServed
from xaynet_cli.failures import CommandFailed

MANIFEST = """
apiVersion: xaynet.dev/v1alpha1
kind: FederatedRound
metadata: {name: small}
spec:
  rounds: 1
  pet:
    model: {length: 50}
    mask: {groupType: Prime, dataType: F32, boundType: B0, modelType: M3}
    sum: {prob: 0.4, count: {min: 2, max: 10}, time: {min: 0, max: 600}}
    update: {prob: 0.9, count: {min: 3, max: 100}, time: {min: 0, max: 600}}
    sum2: {count: {min: 2, max: 10}, time: {min: 0, max: 600}}
"""


def manifest(**spec: object) -> str:
    """The manifest with other fields of the spec."""
    document = yaml.safe_load(MANIFEST)
    document["spec"] |= spec
    return yaml.safe_dump(document)


class Embedded(Coordinator):
    """A service without a cluster, run by `xaynet up FILE` as its users do."""

    def __init__(self, folder: Path, text: str = MANIFEST) -> None:
        super().__init__(folder, SETTINGS)
        self.file = folder / "round.yaml"
        self.file.write_text(text)
        self.data = DataFolder(folder / "data")

    def command(self) -> list[str | Path]:
        options = ["--data", self.data.path, "--port", str(self.port), "--log", "info"]
        return [sys.executable, "-m", "xaynet_cli", "up", self.file, *options]

    def answers(self) -> bool:
        try:
            return self.data.serving().pid == self.pid and super().answers()
        except NotServed:
            return False

    def state(self, after: int | None = None) -> dict:
        try:
            return self.data.control().state(after, 30)
        except CommandFailed as error:
            raise self.failed(f"did not tell its state: {error}") from error

    def wait_for_line(self, line: str) -> None:
        """Wait until it has printed a line."""
        wait_for_text(self, f"{line}\n")


def wait_for_text(process: Process, text: str, timeout: float = 30) -> None:
    """Wait until a process has printed something."""
    deadline = time.monotonic() + timeout
    while text not in process.log.read_text():
        if time.monotonic() > deadline or not process.is_running:
            raise process.failed(f"never said {text!r}")
        time.sleep(0.02)
