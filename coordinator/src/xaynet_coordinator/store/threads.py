"""Worker threads for the stores whose libraries block."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from xaynet_coordinator.store import StoreUnavailable

T = TypeVar("T")


class Threads:
    """A bounded number of threads between ``start`` and ``stop``; idle ones cost nothing."""

    def __init__(self, number: int, name: str) -> None:
        self._number = number
        self._name = name
        self._pool: ThreadPoolExecutor | None = None

    @property
    def are_running(self) -> bool:
        """Has ``start`` been called, and not ``stop`` since?"""
        return self._pool is not None

    def start(self) -> None:
        """Take work from now on."""
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self._number, thread_name_prefix=self._name)

    def stop(self) -> None:
        """Take no more work. What runs already runs to its end, unwaited for."""
        if self._pool is not None:
            self._pool.shutdown(wait=False)
            self._pool = None

    async def run(self, work: Callable[[], T]) -> T:
        """What ``work`` returns or raises, in a thread; ``StoreUnavailable`` when stopped.

        A cancelled caller leaves at once. Work that a thread has begun goes on without it.
        """
        if self._pool is None:
            raise StoreUnavailable(f"the store is not open ({self._name})")
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)
