"""Updates, summed in memory and committed in groups.

One group is committed at a time; the next one takes what has come meanwhile. A commit writes the
partial aggregate as a blob, then runs one script of the ledger that moves this member's pointer
to it and enters the seeds; only then are the participants answered. So what was answered is in
the sum for ever, and what is in the sum was entered with its seeds, once.
"""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from xaynet_coordinator.inbox import Identity
from xaynet_coordinator.outages import Patience
from xaynet_coordinator.outcomes import ACCEPTED, REPEATED, Outcome, discarded, rejected, retry
from xaynet_coordinator.rounds import Round
from xaynet_coordinator.store import (
    Blobs,
    Counts,
    Ledger,
    Pointer,
    PointerMoved,
    Refused,
    StoreUnavailable,
    UpdateCommit,
    UpdateEntry,
    Verdict,
)
from xaynet_pet import Aggregation, MaskObject, Tag, UpdatePayload

GROUP_MAX = 128  # bounds the time of one script

OUTCOME_OF_VERDICT = {
    Verdict.ACCEPTED: ACCEPTED,
    Verdict.REPEATED: REPEATED,
    Verdict.STALE: rejected("phase"),
    Verdict.PAUSED: retry("paused", 10),
    Verdict.FULL: discarded("full"),
    Verdict.DUPLICATE: rejected("duplicate"),
    Verdict.UNKNOWN_PARTICIPANT: rejected("unknown-sum-participant"),
    Verdict.INCOMPLETE_SEEDS: rejected("incomplete-seeds"),
    Verdict.NO_ROOM: retry("no-room", 5),
}
UNKNOWN = retry("store-unavailable", 5)


@dataclass(frozen=True, slots=True, eq=False)
class Pending:
    """An update that waits for its commit, and for its answer."""

    entry: UpdateEntry
    masked_model: MaskObject
    answer: asyncio.Future[Outcome]

    def settle(self, outcome: Outcome) -> None:
        """Answer, unless nobody waits any more."""
        if not self.answer.done():
            self.answer.set_result(outcome)


@dataclass(slots=True)
class Committer:
    """One member's part of one update phase: its partial aggregate and the queue before it."""

    ledger: Ledger
    blobs: Blobs
    patience: Patience
    round: Round
    epoch: int
    member: str  # drawn anew at each start, so that no aggregate is ever continued by another
    committed: Callable[[Counts], None]  # told after each commit
    aggregation: Aggregation = field(init=False)
    pointer: Pointer | None = None
    blobs_written: int = 0
    waiting: list[Pending] = field(default_factory=list[Pending])
    in_flight: dict[bytes, Pending] = field(default_factory=dict[bytes, Pending])
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    closed: bool = False

    def __post_init__(self) -> None:
        params = self.round.params
        self.aggregation = Aggregation(params.mask_config, params.model_length)

    def offer(self, identity: Identity, update: UpdatePayload) -> asyncio.Future[Outcome]:
        """Queue an update; the future is its answer. The same update twice is queued once."""
        queued = self.in_flight.get(identity.participant)
        if queued is not None and queued.entry.receipt == identity.receipt:
            return queued.answer
        entry = UpdateEntry(identity.participant, identity.receipt, update.seeds)
        pending = Pending(entry, update.masked_model, asyncio.Future())
        self.in_flight[identity.participant] = pending
        self.waiting.append(pending)
        self.arrived.set()
        return pending.answer

    def close(self) -> None:
        """The phase is over: what still waits is put to the ledger once, and refused."""
        self.closed = True
        self.arrived.set()

    def withdraw(self, answer: asyncio.Future[Outcome]) -> None:
        """Nobody waits for this answer any more: let go of its model, unless it is on its way."""
        for pending in self.waiting:
            if pending.answer is answer:
                self.waiting.remove(pending)
                self.answer([pending], retry("busy"))
                break

    def abandon(self) -> None:
        """It cannot go on: who waits may come again, and learns then what has become of it."""
        self.closed = True
        self.answer([*self.in_flight.values(), *self.waiting], UNKNOWN)

    async def run(self) -> None:
        """Commit group after group until closed. Raises ``PointerMoved``: the store has lost
        what it acknowledged, or somebody else writes as this member."""
        while self.waiting or not self.closed:
            await self.arrived.wait()
            size = min(GROUP_MAX, self.room or GROUP_MAX)
            group, self.waiting = self.waiting[:size], self.waiting[size:]
            if not self.waiting and not self.closed:
                self.arrived.clear()
            if group:
                await self.commit(group)

    async def commit(self, group: list[Pending]) -> None:
        """Bring a group into the sum; whoever is refused is taken out, and the rest tried again."""
        if not self.room:
            await self.turn_away(group)
            return
        await asyncio.to_thread(self.add, group)
        while group:
            commit = await self.write_partial(group)
            result, certain = await self.put(commit)
            if isinstance(result, Counts):
                await self.keep(commit.pointer, group, result)
                return
            refused = at_fault(group, result)
            await asyncio.to_thread(self.subtract, refused)
            if result.verdict is Verdict.FULL:
                await self.turn_away(refused)
            else:
                unknown = result.verdict is Verdict.STALE and not certain
                self.answer(refused, UNKNOWN if unknown else OUTCOME_OF_VERDICT[result.verdict])
            group = [pending for pending in group if pending not in refused]
            await self.discard(commit.pointer)

    @property
    def room(self) -> int:
        """How many more models the masking configuration lets this aggregate carry."""
        pair = self.round.params.mask_config
        return min(pair.vect.max_models, pair.unit.max_models) - self.aggregation.count

    async def turn_away(self, group: list[Pending]) -> None:
        """Answer those for whom there is no room: they are too late, or came before."""
        for pending in group:
            who = pending.entry.participant
            earlier = await self.patience.insist(partial(self.ledger.receipt, Tag.UPDATE, who))
            if earlier is None:
                verdict = Verdict.FULL
            else:
                same = earlier == pending.entry.receipt
                verdict = Verdict.REPEATED if same else Verdict.DUPLICATE
            self.answer([pending], OUTCOME_OF_VERDICT[verdict])

    def add(self, group: list[Pending]) -> None:
        """Sum the group up, in a worker thread."""
        for pending in group:
            self.aggregation.add(pending.masked_model)

    def subtract(self, group: list[Pending]) -> None:
        """Take the refused out again: addition modulo the order loses nothing."""
        for pending in group:
            self.aggregation.subtract(pending.masked_model)

    async def write_partial(self, group: list[Pending]) -> UpdateCommit:
        """Store the partial aggregate with the group in it; nothing points to it yet."""
        self.blobs_written += 1
        blob = self.round.blob("partial", self.member, str(self.blobs_written))
        digest, sealed = await asyncio.to_thread(self.sealed, blob)
        await self.patience.insist(lambda: self.blobs.put(blob, sealed))
        pointer = Pointer(blob, digest, self.aggregation.count)
        entries = tuple(pending.entry for pending in group)
        return UpdateCommit(self.epoch, self.member, self.pointer, pointer, entries)

    def sealed(self, blob: str) -> tuple[bytes, bytes]:
        """The aggregate's SHA-256, and its bytes sealed under the round's key."""
        data = self.aggregation.total.to_bytes()
        return hashlib.sha256(data).digest(), self.round.key.seal(blob, data)

    async def put(self, commit: UpdateCommit) -> tuple[Counts | Refused, bool]:
        """Run the script until its outcome is known. False: an earlier try may have happened
        and left no trace, for the phase is over."""
        again = False
        while True:
            try:
                result = await self.attempt(commit, again)
            except StoreUnavailable as error:
                again = True
                await self.patience.sit_out(error)
            else:
                self.patience.recover()
                return result, not again

    async def attempt(self, commit: UpdateCommit, again: bool) -> Counts | Refused:
        """Run the script. Where it refuses, an earlier try that was given up may have arrived
        before it, at the last moment: the pointer tells, if it is read afterwards."""
        try:
            result = await self.ledger.commit_updates(commit)
        except PointerMoved:
            if not (again and await self.happened(commit)):
                raise
        else:
            if isinstance(result, Counts) or not (again and await self.happened(commit)):
                return result
        return await self.ledger.counts()

    async def happened(self, commit: UpdateCommit) -> bool:
        """Whether a commit of unknown outcome has moved the pointer."""
        pointer = (await self.ledger.pointers()).get(self.member)
        if pointer not in (commit.pointer, commit.expected, None):
            raise PointerMoved(f"{self.member} points to {pointer}")
        return pointer == commit.pointer

    async def keep(self, pointer: Pointer, group: list[Pending], counts: Counts) -> None:
        """The commit is done: answer, and let go of the aggregate before."""
        before, self.pointer = self.pointer, pointer
        self.committed(counts)
        self.answer(group, ACCEPTED)
        if before is not None:
            await self.discard(before)

    def answer(self, group: list[Pending], outcome: Outcome) -> None:
        """Tell everyone in the group."""
        for pending in group:
            if self.in_flight.get(pending.entry.participant) is pending:
                del self.in_flight[pending.entry.participant]
            pending.settle(outcome)

    async def discard(self, pointer: Pointer) -> None:
        """Remove a blob that nothing points to; if that fails, it goes with the round."""
        try:
            await self.blobs.delete(pointer.blob)
        except StoreUnavailable:
            return


def at_fault(group: list[Pending], refused: Refused) -> list[Pending]:
    """Whom a refusal is about: the commit, one of its members, or all from where it was full."""
    if refused.index is None:
        return group
    last = None if refused.verdict is Verdict.FULL else refused.index + 1
    return group[refused.index : last]
