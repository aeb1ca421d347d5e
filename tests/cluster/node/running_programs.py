"""The programs that a cluster has started, and their logs."""

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from node.places import Node
from node.waiting import ClusterFailed, ending, wait_until


@dataclass(frozen=True, slots=True)
class RunningProgram:
    node: Node
    log: Path
    process: subprocess.Popen[bytes]


class RunningPrograms:
    """Empty in a process that did not start the cluster: there they run without us."""

    def __init__(self) -> None:
        self._all: list[RunningProgram] = []

    def launch(self, node: Node, command: list[str], log: Path) -> None:
        """Starts a program; what it prints goes to its log."""
        self._all.append(RunningProgram(node, log, launch(command, log)))

    def wait_until(
        self, question: Callable[[], bool], seconds: float, what: str, log: Path | None = None
    ) -> None:
        """Like `wait_until`; fails as soon as any program has ended."""

        def answer() -> bool:
            self.check()
            return question()

        wait_until(answer, seconds, what, log)

    def check(self) -> None:
        """Sees to it that all still run.

        Raises:
            ClusterFailed: with the log of one that does not.
        """
        for each in self._all:
            if (code := each.process.poll()) is not None:
                raise ClusterFailed(f"{each.log.stem} ended with code {code}{ending(each.log)}")

    def forget(self, node: Node) -> None:
        """Takes note of the end of a node's programs."""
        for each in self._all:
            if each.node == node:
                each.process.wait(timeout=20)
        self._all = [each for each in self._all if each.node != node]


def launch(command: list[str], log: Path) -> subprocess.Popen[bytes]:
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
