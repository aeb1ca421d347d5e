"""An event loop in which waiting takes no time: when nobody can go on, the clock jumps to the next
moment that somebody waits for. For code that only waits for time and for each other.

    run(scenario())       # 60 s of sleeping end at once; asyncio's own clock says 60.0
"""

import asyncio
import heapq
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class VirtualLoop(asyncio.SelectorEventLoop):
    """Begins at 1000 s, so that a clock that is forgotten somewhere is noticed."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 1000.0

    def time(self) -> float:
        return self._now

    def _run_once(self) -> None:
        while self._scheduled and self._scheduled[0].cancelled():
            self._timer_cancelled_count -= 1
            heapq.heappop(self._scheduled)._scheduled = False
        if not self._ready:
            assert self._scheduled, "everybody waits for ever"
            self._now = max(self._now, self._scheduled[0].when())
        super()._run_once()


def run(scenario: Coroutine[Any, Any, T]) -> T:
    """The result of a scenario, at the end of which nothing may be left running."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(scenario)


def now() -> float:
    """The running loop's time."""
    return asyncio.get_running_loop().time()
