"""Worker threads for the stores whose libraries block."""

import asyncio
from asyncio import AbstractEventLoop, Future
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from threading import Thread
from typing import Any, TypeVar

from xaynet_coordinator.store import StoreUnavailable

T = TypeVar("T")

Work = tuple[Callable[[], Any], "Future[Any]"]


class Threads:
    """A fixed number of threads between ``start`` and ``stop``.

    The process does not wait for them at its end, as it would for an executor's: a server that
    does not answer must not hold up an exit. What they were at has then an unknown outcome.
    """

    def __init__(self, number: int, name: str) -> None:
        self._number = number
        self._name = name
        self._queue: SimpleQueue[Work | None] | None = None

    @property
    def are_running(self) -> bool:
        """Has ``start`` been called, and not ``stop`` since?"""
        return self._queue is not None

    def start(self) -> None:
        """Take work from now on."""
        if self._queue is None:
            self._queue = SimpleQueue()
            for number in range(self._number):
                name = f"{self._name}-{number}"
                Thread(target=_work_off, args=(self._queue,), name=name, daemon=True).start()

    def stop(self) -> None:
        """Take no more work. What runs already runs to its end, unwaited for."""
        if self._queue is not None:
            for _ in range(self._number):
                self._queue.put(None)
            self._queue = None

    async def run(self, work: Callable[[], T]) -> T:
        """What ``work`` returns or raises, in a thread; ``StoreUnavailable`` when stopped.

        A cancelled caller leaves at once. Work that a thread has begun goes on without it.
        """
        if self._queue is None:
            raise StoreUnavailable(f"the store is not open ({self._name})")
        answer: Future[T] = asyncio.get_running_loop().create_future()
        self._queue.put((work, answer))
        return await answer


def _work_off(queue: SimpleQueue[Work | None]) -> None:
    """One thread: work after work, until None comes."""
    while (job := queue.get()) is not None:
        work, answer = job
        if not answer.cancelled():
            _do(work, answer)
        del work, answer, job  # what a caller has is not kept until the next one comes


def _do(work: Callable[[], Any], answer: Future[Any]) -> None:
    try:
        result = work()
    except BaseException as error:
        _tell(answer.get_loop(), answer, answer.set_exception, error)
    else:
        _tell(answer.get_loop(), answer, answer.set_result, result)


def _tell(
    loop: AbstractEventLoop, answer: Future[Any], how: Callable[[Any], None], what: object
) -> None:
    """Bring an answer to who waits for it, unless nobody does any more."""

    def tell() -> None:
        if not answer.done():
            how(what)

    with suppress(RuntimeError):  # the loop is closed
        loop.call_soon_threadsafe(tell)
