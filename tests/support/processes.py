"""A program that a test starts, kills, starts again, and that never outlives the test run.

Each has a folder of its own, which holds its data, its settings and the log of all its starts.
"""

import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import Self

LEASH = Path(__file__).with_name("leash.py")
# Below the range from which systems take the ports of outgoing connections: nobody else's
# connection gets a server's port while the server is down.
PORTS = range(20000, 32000)


class ProcessFailed(Exception):
    """A program ended by itself, or did not do in time what the test waits for."""


class Process(ABC):
    """One program; `with` starts and stops it."""

    TALKS = False
    """Whether the test reads its standard output, which else goes to the log."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.log = folder / "log"
        self._running: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def command(self) -> list[str | Path]:
        """The program and its arguments."""

    def environment(self) -> dict[str, str]:
        """Variables beside those of the test run."""
        return {}

    @property
    def is_running(self) -> bool:
        return self._running is not None and self._running.poll() is None

    @property
    def pid(self) -> int:
        assert self._running is not None, "it was not started"
        return self._running.pid

    def start(self) -> Self:
        """Starts it with whatever its folder holds from earlier starts."""
        assert not self.is_running, "it runs already"
        # The kernel ends a leashed program with the thread that started it, not with the process.
        assert threading.current_thread() is threading.main_thread(), "start it in the main thread"
        leash = [sys.executable, "-I", "-S", LEASH, str(os.getpid())]
        with self.log.open("ab") as log:
            self._running = subprocess.Popen(
                [*leash, *self.command()],
                cwd=self.folder,
                env=os.environ | self.environment(),
                stdin=subprocess.PIPE if self.TALKS else subprocess.DEVNULL,
                stdout=subprocess.PIPE if self.TALKS else log,
                stderr=log,
                start_new_session=True,
            )
        return self

    def stop(self, timeout: float = 10) -> None:
        """Asks it to end, and kills it if it has not after that many seconds; twice is harmless."""
        self._end(signal.SIGTERM, timeout)

    def kill(self) -> None:
        """Ends it as `kill -9` does."""
        self._end(signal.SIGKILL, timeout=10)

    def restart(self) -> Self:
        """Kills it if it runs, and starts it on the same data and the same port."""
        self.kill()
        return self.start()

    def freeze(self) -> None:
        """Stops it in its tracks: connections stay open and nothing is answered."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def wait(self, timeout: float) -> int:
        """Waits until it ends by itself; its exit code.

        Raises:
            ProcessFailed: if it has not ended after that many seconds.
        """
        assert self._running is not None, "it was not started"
        try:
            return self._running.wait(timeout)
        except subprocess.TimeoutExpired:
            raise self.failed(f"still runs after {timeout} s") from None

    def failed(self, what: str) -> ProcessFailed:
        """The error that says what went wrong, with the end of the log."""
        return ProcessFailed(f"{type(self).__name__} {what}\n{self.last_lines()}")

    def last_lines(self, number: int = 30) -> str:
        """The end of its log."""
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-number:])

    def _end(self, how: signal.Signals, timeout: float) -> None:
        running, self._running = self._running, None
        if running is None:
            return
        running.send_signal(how)
        running.send_signal(signal.SIGCONT)  # a frozen one would not see it
        try:
            running.wait(timeout)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()
        self._close(running)

    def _close(self, running: subprocess.Popen[bytes]) -> None:
        """Closes the test's ends of the pipes to a program that has ended."""
        for stream in (running.stdin, running.stdout):
            if stream is not None:
                stream.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


class Server(Process):
    """A program that answers on a loopback port of its own; `start` returns once it does."""

    START_TIMEOUT = 30.0

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.port = free_port()

    @abstractmethod
    def answers(self) -> bool:
        """Asks it once whether it is ready; may raise OSError."""

    def start(self) -> Self:
        super().start()
        deadline = time.monotonic() + self.START_TIMEOUT
        while not self._is_ready():
            if time.monotonic() > deadline:
                error = self.failed(f"did not answer within {self.START_TIMEOUT} s")
                self.kill()
                raise error
            self._ended_within(0.02)
        return self

    def _is_ready(self) -> bool:
        try:
            return self.answers()
        except OSError:
            return False

    def _ended_within(self, seconds: float) -> None:
        """Waits for the one thing that can be waited for: its death."""
        assert self._running is not None
        try:
            code = self._running.wait(seconds)
        except subprocess.TimeoutExpired:
            return
        raise self.failed(f"ended at start with code {code}")


def free_port() -> int:
    """A loopback port on which nobody listens."""
    for port in random.sample(PORTS, 100):
        with socket.socket() as candidate:
            candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                candidate.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise ProcessFailed("100 ports were tried and all are taken")
