"""What the HTTP layer talks to: messages in, answers and snapshots out."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import TypeVar

import structlog

from xaynet_coordinator.board import Board, PublishedModel
from xaynet_coordinator.changes import PutResult, put_desired
from xaynet_coordinator.desk import Desk
from xaynet_coordinator.freshness import Freshness
from xaynet_coordinator.machine import Machine
from xaynet_coordinator.metrics import Metrics
from xaynet_coordinator.observed import Document, observe
from xaynet_coordinator.outcomes import Outcome, rejected, retry
from xaynet_coordinator.store import ChunkBounds, Head, StoreCorrupt, StoreUnavailable
from xaynet_coordinator.tally import Tally
from xaynet_pet import SeedDict

T = TypeVar("T")
log = structlog.get_logger()

HOLD_SECONDS = 10.0  # no request is held longer
STALL_SECONDS = 300.0  # a loop that did nothing for so long is stuck


class Unavailable(Exception):
    """The answer cannot be had now: 503, and try again in ``retry_after`` seconds."""

    def __init__(self, reason: str, retry_after: int = 1) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after


@dataclass(slots=True)
class Front:
    """One coordinator process, as requests see it."""

    machine: Machine
    metrics: Metrics
    bounds: ChunkBounds
    freshness: Freshness = field(init=False)
    desk: Desk = field(init=False)
    tally: Tally = field(default_factory=Tally)

    def __post_init__(self) -> None:
        self.freshness = Freshness(self.machine.around.ledger)
        self.desk = Desk(self.machine, self.freshness, self.bounds)

    async def submit(self, body: bytes) -> Outcome:
        """The outcome of a posted message, after at most ``HOLD_SECONDS``."""
        board = self.machine.board
        try:
            async with asyncio.timeout(HOLD_SECONDS):
                outcome = await self.desk.take(body)
        except TimeoutError:
            outcome = retry("busy")
        except (StoreUnavailable, StoreCorrupt):
            outcome = retry("store-unavailable", 5)
        except MemoryError:
            outcome = retry("overloaded", 5)
        except Exception:
            # A surprise in our own code: an error status would be answered with the same bytes.
            log.exception("message_failed")
            outcome = rejected("internal-error")
        self.count(outcome, board)
        return outcome

    def refuse(self, outcome: Outcome) -> None:
        """Count an outcome that was decided before the body was complete."""
        self.count(outcome, self.machine.board)

    def count(self, outcome: Outcome, board: Board) -> None:
        """Every outcome is counted by what it is and why, in the phase it came in."""
        self.tally.count(self.machine.record.round_id, board.phase, outcome)
        self.metrics.outcome(outcome, board.phase)
        log.debug("message", outcome=outcome.header, phase=board.phase.value)

    async def params(self) -> bytes:
        """The body of ``GET /params``; raises ``Unavailable`` before the first round."""
        board = await self.current()
        if board.params_body is None:
            raise Unavailable("no round has begun yet")
        return board.params_body

    async def sums(self) -> bytes | None:
        """The body of ``GET /sums``, None while no sum dictionary is published."""
        return (await self.current()).sums_body

    async def seeds(self, participant: bytes) -> bytes | None:
        """The body of ``GET /seeds`` for a sum participant, None if there is nothing for it."""
        board = await self.current()
        if not board.seeds_open or participant not in board.sums:
            return None
        seeds = await self.answered(self.machine.around.ledger.seeds(participant))
        # Read before checked: what was read belongs to the epoch only if it is still the one.
        if (await self.current()).epoch != board.epoch:
            raise Unavailable("the phase has just ended")
        return None if seeds is None else SeedDict(seeds).to_bytes()

    def model(self) -> PublishedModel | None:
        """The newest global model."""
        return self.machine.board.model

    async def current(self) -> Board:
        """The board, once it is that of the store's current epoch. Raises ``Unavailable``."""
        revision = self.machine.revision
        try:
            async with asyncio.timeout(HOLD_SECONDS):
                while True:
                    seen = revision.number
                    if not self.is_behind(await self.answered(self.freshness.head())):
                        return self.machine.board
                    await revision.beyond(seen)
        except TimeoutError as error:
            raise Unavailable("the phase is changing") from error

    def is_behind(self, head: Head) -> bool:
        """Whether the board is older than the head, or there is none yet. Raises ``Unavailable``
        if it is another's."""
        board = self.machine.board
        if not board.term:
            return True
        if head.term > board.term:
            raise Unavailable("another coordinator has taken the lead")
        return board.term != head.term or board.epoch < head.epoch

    async def answered(self, asked: Awaitable[T]) -> T:
        """What the store answers. Raises ``Unavailable``."""
        try:
            async with asyncio.timeout(HOLD_SECONDS):
                return await asked
        except (StoreUnavailable, TimeoutError) as error:
            raise Unavailable("the store does not answer", 5) from error

    async def put_desired(self, document: object) -> PutResult:
        """Take over what is wanted. Raises ``Unavailable``."""
        await self.current()
        return await self.answered(put_desired(self.machine, document))

    async def state(self, after: int | None, seconds: float) -> Document:
        """The observed state; for who knows it already, once it has changed or time is up.

        A revision that is not the present one is that of another time, or of a process before.
        """
        if after is not None and after == self.machine.revision.number:
            try:
                async with asyncio.timeout(seconds):
                    await self.machine.revision.beyond(after)
            except TimeoutError:
                pass
        return observe(self.machine, self.tally)

    def healthy(self) -> bool:
        """Whether the machine's loop is alive, whatever it waits for."""
        machine = self.machine
        return machine.around.clock.now() - machine.progressed < STALL_SECONDS

    def ready(self) -> bool:
        """Whether there are parameters to serve; stays true while paused."""
        return self.machine.board.params_body is not None
