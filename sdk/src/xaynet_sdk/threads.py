"""The daemon thread in which a participant lives: tick, wait, tick, until it is stopped.

The waits are those of protocol §8.5: 100 ms after progress, then a fifth longer after each tick
without, up to 10 s. A coordinator that answers 503 may ask for a longer wait within these 10 s.
"""

import logging
import threading
from dataclasses import dataclass

from xaynet_sdk.xaynet_sdk import Participant

LOG = logging.getLogger("participant")

SHORTEST_WAIT = 0.1
LONGEST_WAIT = 10.0
GROWTH = 1.2


@dataclass(slots=True)
class Backoff:
    """Seconds to wait after each tick."""

    _next: float = SHORTEST_WAIT

    def after(self, made_progress: bool, retry_after: float | None = None) -> float:
        """The wait after a tick; `retry_after`: what the coordinator asked for, in seconds."""
        wait = SHORTEST_WAIT if made_progress else self._next
        self._next = min(wait * GROWTH, LONGEST_WAIT)
        return max(wait, min(retry_after or 0.0, LONGEST_WAIT))


class ParticipantThread(threading.Thread):
    """A participant that works by itself. `poll` is one turn of its loop.

    Everything that touches the inner participant holds the tick lock, so a participant can be
    stopped from any other thread at any time; the caller waits for the tick in progress.
    """

    def __init__(self, inner: Participant, exit_event: threading.Event | None = None) -> None:
        super().__init__(daemon=True)
        self._inner = inner
        self._exit_event = exit_event or threading.Event()
        self._tick_lock = threading.Lock()
        self._backoff = Backoff()

    def run(self) -> None:
        """The thread's body."""
        try:
            while not self._exit_event.is_set():
                self._exit_event.wait(timeout=self.poll())
        except Exception as error:
            LOG.exception("unrecoverable error: %s shut down participant", error)
            self._exit_event.set()

    def poll(self) -> float:
        """One tick and what follows from it; returns the seconds to wait before the next."""
        with self._tick_lock:
            # Stopped while this thread waited for the lock: the inner participant is consumed.
            if self._exit_event.is_set():
                return 0.0
            self.tick()
            return self._backoff.after(self._inner.made_progress(), self._inner.retry_after())

    def tick(self) -> None:
        """Called with the lock held; the two kinds of participants add their own part."""
        self._inner.tick()

    def _save(self) -> list[int]:
        """End the loop and take the state out of the participant, which is consumed by it."""
        if threading.current_thread() is self:
            raise RuntimeError(
                "a participant's own callbacks cannot stop it: call stop() in another thread"
            )
        self._exit_event.set()
        with self._tick_lock:
            return self._inner.save()
