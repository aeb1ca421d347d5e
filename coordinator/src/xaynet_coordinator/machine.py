"""The machine: what a leader knows, and how every change of phase becomes durable.

    phase ends → Step(record) → one script: the epoch grows, the record is stored → new board

A phase is a function of phases.py that may be entered again at any time: after a crash, after an
outage of the store, after the ledger was found elsewhere than it was left. Nothing but a step
ends a phase, and a step that the ledger refuses has not happened.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

import structlog

from xaynet_coordinator.at_rest import Random, Vault
from xaynet_coordinator.board import Board, PublishedModel
from xaynet_coordinator.clock import Clock, Stopwatch
from xaynet_coordinator.desired import Wanted
from xaynet_coordinator.metrics import Metrics
from xaynet_coordinator.models import ModelShelf
from xaynet_coordinator.outages import Patience
from xaynet_coordinator.record import Finished, Phase, Record
from xaynet_coordinator.rounds import Round, caps_of
from xaynet_coordinator.store import (
    Blobs,
    Counts,
    Head,
    Ledger,
    PointerMoved,
    StoreUnavailable,
)
from xaynet_coordinator.updates import Committer
from xaynet_coordinator.warm_start import WarmStart
from xaynet_coordinator.watch import Revision
from xaynet_pet import SumDict

T = TypeVar("T")
log = structlog.get_logger()


class RoundFailed(Exception):
    """The round cannot end well; the reason is counted, shown and kept in the history."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Fenced(Exception):
    """Another coordinator has taken the lead, or the service was erased."""


class HeadMoved(Exception):
    """The ledger's head is not where this machine left it: the store was rolled back."""


@dataclass(frozen=True, slots=True)
class Step:
    """The end of a phase: the record of the next one."""

    record: Record
    round: Round | None = None  # the round that the next phase is of
    model: PublishedModel | None = None  # a new one
    erase: bool = False  # the round's dictionaries go


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the machine works with; the outermost line supplies the real ones."""

    ledger: Ledger
    blobs: Blobs
    models: ModelShelf
    vault: Vault
    clock: Clock
    random: Random


PhaseFunction = Callable[["Machine"], Awaitable[Step]]


@dataclass(slots=True)
class Machine:
    """The state of the one who leads."""

    around: Surroundings
    metrics: Metrics
    phases: Mapping[Phase, PhaseFunction]
    wanted: Wanted | None  # None: nothing was said yet, and it waits
    warnings: tuple[str, ...] = ()  # what an operator should know, in sentences
    keep_models: int | None = None  # None: all
    warm_start: WarmStart | None = None
    unusable: str | None = None  # why there is no initial model to start from
    stopwatch: Stopwatch = field(init=False)
    board: Board = field(default_factory=Board)
    record: Record = field(default_factory=Record)
    committer: Committer | None = None
    counts: Counts = field(default_factory=Counts)
    broken: str | None = None  # why the round must fail, found outside the phase function
    erased: bool = False  # the service has ended, and nothing of its rounds is left
    paused: bool = False  # the phase's clock stands, and no message is taken
    patience: Patience = field(init=False)  # of the phases
    committing: Patience = field(init=False)  # of the commits of updates
    putting: Patience = field(init=False)  # of changes of what is wanted
    revision: Revision = field(default_factory=Revision)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    changing: asyncio.Lock = field(default_factory=asyncio.Lock)  # of phase, or of what is wanted
    kept_at: float = 0.0  # when the phase's elapsed time was last stored
    progressed: float = 0.0  # when the loop was last seen alive
    tasks: set[asyncio.Task[object]] = field(default_factory=set[asyncio.Task[object]])

    def __post_init__(self) -> None:
        self.stopwatch = Stopwatch(self.around.clock)
        self.patience = Patience(self.around.clock, self.outage_changed)
        self.committing = Patience(self.around.clock, self.outage_changed)
        self.putting = Patience(self.around.clock, self.outage_changed)
        self.progressed = self.around.clock.now()

    def give_up(self, reason: str) -> Step:
        """The round has failed."""
        log.warning("round_failed", round=self.record.round_id, reason=reason)
        self.metrics.round_failed(reason)
        failed = self.record.finish(self.line(reason), phase=Phase.FAILURE)
        return Step(failed, erase=True)

    @property
    def to_be_terminated(self) -> bool:
        """Whether the end is wanted, which is final."""
        return self.wanted is not None and self.wanted.terminated

    @property
    def to_be_paused(self) -> bool:
        """Whether messages are to wait."""
        return self.wanted is not None and self.wanted.paused

    def terminate(self) -> Step:
        """The end, also of a round in flight."""
        if self.record.round is None:
            return Step(self.record.turn(Phase.TERMINATED), erase=True)
        ended = self.record.finish(self.line("terminated"), phase=Phase.TERMINATED)
        return Step(ended, erase=True)

    def line(self, reason: str | None = None) -> Finished:
        """The round's line in the history."""
        counts, now = self.counts, self.around.clock.today()
        started = self.record.round.started if self.record.round else now
        return Finished(
            id=self.record.round_id,
            sum=counts.sum,
            update=counts.update,
            sum2=counts.sum2,
            started=started,
            ended=now,
            reason=reason,
        )

    async def advance(self, step: Step) -> None:
        """End the phase, durably, and show the next one."""
        async with self.changing:
            head = await self.turn_page(step)
            model = step.model or self.board.model
            await self.patience.insist(lambda: self.show(head, step.record, step.round, model))
        log.info("phase_entered", phase=step.record.phase.value, round=step.record.round_id)

    async def turn_page(self, step: Step) -> Head:
        """Run the script that ends the phase, once, although its outcome may be lost."""
        before, state = self.board, step.record.written()
        caps = caps_of(self.in_force, step.round)

        def script() -> Awaitable[Head | None]:
            return self.around.ledger.advance(
                before.term, before.epoch, state, caps, erase=step.erase
            )

        head = await self.patience.insist(script) or await self.patience.insist(
            self.around.ledger.head
        )
        if (head.term, head.epoch, head.state) != (before.term, before.epoch + 1, state):
            raise HeadMoved
        return head

    @property
    def in_force(self) -> Wanted | None:
        """What a round in flight goes by. What the control API was told counts at once, a
        configuration file (or none any more) from the next round on."""
        told = self.wanted is not None and self.wanted.generation > 0
        if self.record.round is not None and not told:
            return self.record.round.wanted
        return self.wanted

    async def show(
        self, head: Head, record: Record, round: Round | None, model: PublishedModel | None
    ) -> None:
        """Replace the board and all that goes with it at once, and begin what the phase needs."""
        collected = round is not None and record.phase is not Phase.SUM
        published = await self.around.ledger.sums() if collected else {}
        counts = await self.around.ledger.counts()
        last_params = self.board.params_body or record.params
        if round is not None and model is not None and model.length != round.params.model_length:
            model = None  # a new length starts without a previous global model
        if self.committer is not None:
            self.committer.close()
        self.record, self.counts, self.broken, self.erased = record, counts, None, False
        self.unusable = None
        self.stopwatch = Stopwatch(self.around.clock)
        self.board = Board(
            term=head.term,
            epoch=head.epoch,
            phase=record.phase,
            round=round,
            sums=published,
            params_body=round.params.to_bytes() if round else last_params,
            sums_body=SumDict(published).to_bytes() if published else None,
            model=model,
        )
        self.committer = self.begin_committing(round) if record.phase is Phase.UPDATE else None
        self.metrics.phase(record.phase, record.round_id)
        self.metrics.counts(counts)
        self.revision.bump()

    def begin_committing(self, round: Round | None) -> Committer | None:
        """This member's part of the update phase, in a task of its own."""
        if round is None:
            return None
        around = self.around
        committer = Committer(
            ledger=around.ledger,
            blobs=around.blobs,
            patience=self.committing,
            round=round,
            epoch=self.board.epoch,
            member=around.random(8).hex(),
            committed=self.acknowledge,
        )
        self.begin(self.supervise(committer))
        return committer

    def begin(self, work: Coroutine[None, None, T]) -> asyncio.Task[T]:
        """Let something go on beside the phases, for as long as the process."""
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task

    def acknowledge(self, counts: Counts) -> None:
        """A commit has brought the ledger to these counts."""
        self.count(counts)
        self.changed.set()

    def count(self, counts: Counts) -> None:
        """The ledger had these counts; whoever watches is told what is new to this member."""
        before, self.counts = self.counts, self.counts.at_least(counts)
        if self.counts != before:
            self.metrics.counts(self.counts)
            self.revision.bump()

    async def supervise(self, committer: Committer) -> None:
        """A committer that cannot go on breaks the round."""
        try:
            await committer.run()
        except PointerMoved as error:
            log.error("pointer_moved", detail=str(error))
            self.lose(committer, "store-lost-commits")
        except Exception:
            log.exception("committer_failed")
            self.lose(committer, "internal-error")

    def lose(self, committer: Committer, reason: str) -> None:
        """A committer has ended before its time; its outage, if it was in one, with it."""
        committer.abandon()
        self.committing.recover()
        if committer is self.committer:
            self.break_round(reason)

    def break_round(self, reason: str) -> None:
        """The round in flight must fail, whatever its phase waits for."""
        self.broken = reason
        self.changed.set()

    def open_seeds(self) -> None:
        """From now on ``/seeds`` is answered: the set of updates is frozen, durably."""
        self.board = replace(self.board, seeds_open=True)
        self.revision.bump()

    def outage_changed(self) -> None:
        """While a store does not answer, the phase's clock stands; then some time remains."""
        self.mark_progress()
        if self.outage is not None:
            self.stopwatch.stop()
            self.stopwatch.grant_grace()
        self.revision.bump()

    @property
    def outage(self) -> StoreUnavailable | None:
        """What was last said of a store that does not answer, to whomever it matters."""
        return self.patience.outage or self.committing.outage or self.putting.outage

    def refuse_initial_model(self, why: str) -> None:
        """No round begins before there is an initial model that can be used."""
        if why != self.unusable:
            log.warning("initial_model_unusable", detail=why)
            self.unusable = why
            self.revision.bump()

    def mark_progress(self) -> None:
        """The loop is alive, as healthz tells."""
        self.progressed = self.around.clock.now()
