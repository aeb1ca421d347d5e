"""A clock that a test moves: an hour passes in no time, and nothing happens by itself."""

import asyncio
from datetime import UTC, datetime, timedelta

START = datetime(2026, 1, 1, tzinfo=UTC)


class VirtualClock:
    """`now` is the seconds since the test began."""

    def __init__(self) -> None:
        self._now = 0.0
        self._alarms: list[tuple[float, asyncio.Event]] = []

    def now(self) -> float:
        return self._now

    def today(self) -> datetime:
        return START + timedelta(seconds=self._now)

    async def wait(self, event: asyncio.Event, seconds: float | None) -> bool:
        """Until the event is set, or the test has moved the clock so far."""
        if seconds is None:
            return await event.wait()
        alarm = (self._now + seconds, asyncio.Event())
        self._alarms.append(alarm)
        waits = [asyncio.ensure_future(event.wait()), asyncio.ensure_future(alarm[1].wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._alarms.remove(alarm)
            for wait in waits:
                wait.cancel()
        return event.is_set()

    def skip(self) -> None:
        """Move to the next moment that somebody waits for, if anybody does."""
        if self._alarms:
            self.move(max(0.0, min(when for when, _ in self._alarms) - self._now))

    def move(self, seconds: float) -> None:
        """Let time pass, and wake whoever has waited for it."""
        self._now += seconds
        for when, alarm in self._alarms:
            if when <= self._now:
                alarm.set()
