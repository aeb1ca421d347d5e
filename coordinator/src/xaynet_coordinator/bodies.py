"""How much of a body is read, how fast it must come, and what all bodies may hold together.

    collect   reads a body into memory, or says why not, as an outcome
    drain     reads on without keeping anything, so that the client comes to read the answer

Memory is reserved by what was received, never by what was declared: a client that announces much
and sends nothing takes nothing away from others. What cannot be reserved is refused at once and
gives back what it held, so that bodies never wait for each other.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO
from types import TracebackType
from typing import Self

from xaynet_coordinator.asgi import ClientGone, Receive
from xaynet_coordinator.outcomes import Outcome, rejected, retry

KIB, MIB = 2**10, 2**20

TOO_LARGE = rejected("too-large")
OVERLOADED = retry("overloaded", after=5)
TOO_SLOW = retry("too-slow")


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """Bounds for request bodies, in bytes and seconds.

    ``idle_timeout`` is the time within which a body must have ended, or grown by another
    ``progress_bytes``; ``body_timeout`` bounds the whole. A body that is refused is read on and
    thrown away, up to ``drain_bytes`` more than a message may have.
    """

    max_message_bytes: int = 512 * MIB
    max_inflight_bytes: int = 1024 * MIB
    drain_bytes: int = 512 * MIB
    progress_bytes: int = 64 * KIB
    idle_timeout: float = 75.0
    body_timeout: float = 3600.0

    def __post_init__(self) -> None:
        if self.max_inflight_bytes < self.max_message_bytes:
            raise ValueError("max_inflight_bytes is below max_message_bytes: none would fit")


@dataclass(slots=True)
class Budget:
    """The bytes of all bodies that are held at this moment."""

    limit: int
    changed: Callable[[int], None]  # told of the bytes held
    held: int = 0

    @property
    def free(self) -> int:
        """What can still be reserved."""
        return self.limit - self.held

    def take(self, count: int) -> bool:
        """Reserve that many bytes, or nothing."""
        if count > self.free:
            return False
        self.held += count
        self.changed(self.held)
        return True

    def give(self, count: int) -> None:
        """Return a reservation."""
        self.held -= count
        self.changed(self.held)


@dataclass(slots=True)
class Share:
    """What one request holds of a budget; it ends with the ``with`` block."""

    budget: Budget
    held: int = 0

    def grow(self, count: int) -> bool:
        """Reserve more; False: there is no more."""
        if not self.budget.take(count):
            return False
        self.held += count
        return True

    def release(self) -> None:
        """Give everything back."""
        self.budget.give(self.held)
        self.held = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.release()


@dataclass(slots=True)
class Stream:
    """The body of one request, part by part, against the clock of the event loop."""

    receive: Receive
    limits: BodyLimits
    ended: bool = False
    received: int = 0
    _end: float = field(init=False)
    _deadline: float = field(init=False)
    _missing: int = field(init=False)

    def __post_init__(self) -> None:
        now = asyncio.get_running_loop().time()
        self._end = now + self.limits.body_timeout
        self._grant(now)

    def _grant(self, now: float) -> None:
        self._deadline = min(now + self.limits.idle_timeout, self._end)
        self._missing = self.limits.progress_bytes

    async def part(self) -> bytes:
        """The next part, which may be empty.

        Raises ``TimeoutError`` if it is too slow, ``ClientGone`` if there will be none.
        """
        async with asyncio.timeout_at(self._deadline):
            event = await self.receive()
        if event["type"] == "http.disconnect":
            raise ClientGone
        data: bytes = event.get("body", b"")
        self.ended = not event.get("more_body", False)
        self.received += len(data)
        self._missing -= len(data)
        if self._missing <= 0:
            self._grant(asyncio.get_running_loop().time())
        return data


async def collect(stream: Stream, declared: int | None, share: Share) -> bytes | Outcome:
    """Read the body into memory that ``share`` has reserved, or say what becomes of it.

    The share keeps what was reserved; who collects releases it.
    """
    if declared is not None and declared > stream.limits.max_message_bytes:
        return TOO_LARGE
    if declared is not None and declared > share.budget.free:
        return OVERLOADED
    # One buffer, not a list of parts: tiny parts would weigh forty times what is reserved. This
    # kind gives its content away without a copy.
    body = BytesIO()
    while not stream.ended:
        try:
            part = await stream.part()
        except TimeoutError:
            return TOO_SLOW
        if stream.received > stream.limits.max_message_bytes:
            return TOO_LARGE
        if not share.grow(len(part)):
            return OVERLOADED
        body.write(part)
    return body.getvalue()


async def drain(stream: Stream) -> bool:
    """Read on and keep nothing, within bounds; whether the body has ended."""
    most = stream.limits.max_message_bytes + stream.limits.drain_bytes
    while not stream.ended and stream.received < most:
        try:
            await stream.part()
        except TimeoutError:
            break
    return stream.ended
