"""Waiting for what must become true, with a bound, and an error that shows the log."""

import time
from collections.abc import Callable
from pathlib import Path

PAUSE = 0.1


class ClusterFailed(Exception):
    """A cluster did not do in time what it must, or a program of it ended; the text shows why."""


def wait_until(
    question: Callable[[], bool], seconds: float, what: str, log: Path | None = None
) -> None:
    """Asks until the answer is yes.

    Raises:
        ClusterFailed: if it is still no after that many seconds.
    """
    deadline = time.monotonic() + seconds
    while not question():
        if time.monotonic() > deadline:
            raise ClusterFailed(f"{what}: not within {seconds:.0f} s{ending(log)}")
        time.sleep(PAUSE)


def ending(log: Path | None, lines: int = 20) -> str:
    """The last lines of a log, below its name."""
    if log is None:
        return ""
    text = log.read_text(errors="replace") if log.exists() else "(there is no such file)"
    return "\n".join([f"; the end of {log}:", *text.splitlines()[-lines:]])
