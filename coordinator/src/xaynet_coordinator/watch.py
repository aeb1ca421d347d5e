"""A number that grows with each change, and a way to wait for it."""

import asyncio


class Revision:
    """Counts the changes of something that others watch."""

    def __init__(self) -> None:
        self.number = 0
        self._next = asyncio.Event()

    def bump(self) -> None:
        """Something changed: wake whoever waits."""
        self.number += 1
        self._next.set()
        self._next = asyncio.Event()

    async def beyond(self, number: int) -> None:
        """Return once the revision is higher than ``number``."""
        while self.number <= number:
            await self._next.wait()
