"""Waiting for a store that does not answer, and saying so."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

import structlog

from xaynet_coordinator.clock import Clock
from xaynet_coordinator.store import StoreUnavailable

T = TypeVar("T")
log = structlog.get_logger()

RETRY_SECONDS = 1.0


@dataclass(slots=True)
class Patience:
    """One part of the process that cannot do without the stores."""

    clock: Clock
    changed: Callable[[], None]  # told when an outage begins, goes on, or is over
    outage: StoreUnavailable | None = None  # what was last said, while the store does not answer

    async def insist(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Ask a store until it answers."""
        while True:
            try:
                answer = await ask()
            except StoreUnavailable as error:
                await self.sit_out(error)
            else:
                self.recover()
                return answer

    async def sit_out(self, error: StoreUnavailable) -> None:
        """The store does not answer: let some time pass."""
        if self.outage is None:
            log.warning("store_unavailable", detail=str(error))
        self.outage = error
        self.changed()
        await self.clock.wait(asyncio.Event(), RETRY_SECONDS)
        self.changed()

    def recover(self) -> None:
        """The store has answered."""
        if self.outage is not None:
            log.info("store_available")
            self.outage = None
            self.changed()
