"""Time as an argument: the machine sees it only through a ``Clock``."""

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Seconds for measuring, dates for telling, and the only way to wait."""

    def now(self) -> float:
        """Seconds since some fixed moment; never goes back."""
        ...

    def today(self) -> datetime:
        """The date and time in UTC, for people."""
        ...

    async def wait(self, event: asyncio.Event, seconds: float | None) -> bool:
        """Wait for the event, at most so many seconds (None: for ever); False: time ran out."""
        ...


class SystemClock:
    """The real one."""

    def now(self) -> float:
        """Monotonic seconds."""
        return time.monotonic()

    def today(self) -> datetime:
        """Now, in UTC."""
        return datetime.now(UTC)

    async def wait(self, event: asyncio.Event, seconds: float | None) -> bool:
        """``event.wait`` with a timeout."""
        try:
            async with asyncio.timeout(seconds):
                return await event.wait()
        except TimeoutError:
            return False


GRACE_SECONDS = 15.0  # old clients back off to 10 s, without jitter


@dataclass(slots=True)
class Stopwatch:
    """A phase's own time, in seconds: it runs only while messages can be accepted."""

    clock: Clock
    before: float = 0.0  # elapsed when it was last stopped
    since: float | None = None  # when it was last started; None: it stands
    floor: float = 0.0  # the phase may not time out earlier than this

    @property
    def runs(self) -> bool:
        """Whether it does not stand."""
        return self.since is not None

    @property
    def elapsed(self) -> float:
        """Seconds the phase has been open."""
        return self.before + (0.0 if self.since is None else self.clock.now() - self.since)

    def start(self) -> None:
        """Let it run."""
        if self.since is None:
            self.since = self.clock.now()

    def stop(self) -> None:
        """Let it stand."""
        self.before, self.since = self.elapsed, None

    def grant_grace(self) -> None:
        """At least ``GRACE_SECONDS`` remain from now on."""
        self.floor = self.elapsed + GRACE_SECONDS

    def limit(self, time_max: float) -> float:
        """When the phase times out, in its own time."""
        return max(time_max, self.floor)
