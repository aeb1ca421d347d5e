"""Is what this process shows still what the store says? Asked once for many requests.

A request may only be answered from the board if the board's epoch was the store's at some moment
during the request. Requests that come while a read is under way share the next one.
"""

import asyncio

from xaynet_coordinator.store import Head, Ledger


class Freshness:
    """Reads the ledger's head for as many requests as wait for it."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._running: asyncio.Task[Head] | None = None
        self._next: asyncio.Task[Head] | None = None

    async def head(self) -> Head:
        """The head, by a read that begins after this call. Raises ``StoreUnavailable``."""
        if self._next is None:
            self._next = asyncio.create_task(self._read(self._running))
        return await asyncio.shield(self._next)

    async def _read(self, before: asyncio.Task[Head] | None) -> Head:
        if before is not None:
            await asyncio.wait([before])
        self._running, self._next = self._next, None
        return await self._ledger.head()
