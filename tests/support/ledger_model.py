"""The ledger as its contract describes it: plain dictionaries, one thread, no disk.

The verbs have the names and answers of ``xaynet_coordinator.store.Ledger``, without the waiting.
"""

from dataclasses import dataclass, field, replace

from xaynet_coordinator.store import (
    CHUNK_OVERHEAD,
    Caps,
    ChunkBounds,
    Collection,
    Counts,
    Desired,
    Head,
    Pointer,
    PointerMoved,
    Refused,
    Stored,
    UpdateCommit,
    UpdateEntry,
    Verdict,
)
from xaynet_pet import Tag

TAGS = (Tag.SUM, Tag.UPDATE, Tag.SUM2)
BLANK = Head(0, 0, None, 0.0, False, Caps())


@dataclass
class Round:
    """What ``erase`` takes."""

    sums: dict[bytes, bytes] = field(default_factory=dict)
    receipts: dict[Tag, dict[bytes, bytes]] = field(default_factory=lambda: {t: {} for t in TAGS})
    seeds: dict[bytes, dict[bytes, bytes]] = field(default_factory=dict)
    pointers: dict[str, Pointer] = field(default_factory=dict)
    votes: dict[bytes, int] = field(default_factory=dict)


@dataclass
class Collected:
    """The chunks of one message."""

    data: dict[int, bytes] = field(default_factory=dict)
    last: int | None = None


class ModelLedger:
    def __init__(self, head: Head = BLANK) -> None:
        self.head = head
        self.desired: Desired | None = None
        self.round = Round()
        self.collections: dict[Collection, Collected] = {}

    def counts(self) -> Counts:
        return Counts(*(len(self.round.receipts[tag]) for tag in TAGS))

    def take_term(self) -> Head:
        self.head = replace(self.head, term=self.head.term + 1)
        return self.head

    def advance(
        self, term: int, epoch: int, state: bytes, caps: Caps, *, erase: bool
    ) -> Head | None:
        if (term, epoch) != (self.head.term, self.head.epoch):
            return None
        self.head = replace(self.head, epoch=epoch + 1, state=state, elapsed=0.0, caps=caps)
        self.collections = {}
        if erase:
            self.round = Round()
        return self.head

    def keep_elapsed(self, term: int, epoch: int, elapsed: float) -> bool:
        if (term, epoch) != (self.head.term, self.head.epoch):
            return False
        self.head = replace(self.head, elapsed=elapsed)
        return True

    def put_desired(self, desired: Desired, caps: Caps, *, paused: bool) -> Desired:
        if self.desired is not None and self.desired.generation >= desired.generation:
            return self.desired
        self.desired = desired
        self.head = replace(self.head, caps=caps, paused=paused)
        return desired

    def add_sum_participant(
        self, epoch: int, participant: bytes, ephemeral: bytes, receipt: bytes
    ) -> Verdict:
        verdict = self._judge(epoch, Tag.SUM, participant, receipt)
        if verdict is Verdict.ACCEPTED:
            self.round.sums[participant] = ephemeral
            self.round.seeds[participant] = {}
            self.round.receipts[Tag.SUM][participant] = receipt
        return verdict

    def add_mask(self, epoch: int, participant: bytes, digest: bytes, receipt: bytes) -> Verdict:
        verdict = self._judge(epoch, Tag.SUM2, participant, receipt)
        if verdict is Verdict.ACCEPTED:
            self.round.votes[digest] = self.round.votes.get(digest, 0) + 1
            self.round.receipts[Tag.SUM2][participant] = receipt
        return verdict

    def commit_updates(self, commit: UpdateCommit) -> Counts | Refused:
        closed = self._closed(commit.epoch)
        if closed:
            return Refused(closed)
        if self.round.pointers.get(commit.member) != commit.expected:
            raise PointerMoved
        receipts, seeds = self.round.receipts[Tag.UPDATE], self.round.seeds
        before = dict(receipts), {key: dict(column) for key, column in seeds.items()}
        for index, update in enumerate(commit.updates):
            verdict = self._judge_update(update)
            if verdict is not Verdict.ACCEPTED:
                self.round.receipts[Tag.UPDATE], self.round.seeds = before
                return Refused(verdict, index)
            receipts[update.participant] = update.receipt
            for participant, seed in update.seeds.items():
                seeds[participant][update.participant] = seed
        self.round.pointers[commit.member] = commit.pointer
        return self.counts()

    def add_chunk(
        self,
        epoch: int,
        collection: Collection,
        chunk: tuple[int, bool, bytes],
        receipt: bytes,
        bounds: ChunkBounds,
    ) -> Stored | Verdict:
        verdict = self._judge(epoch, collection.tag, collection.participant, receipt)
        if verdict is not Verdict.ACCEPTED:
            return verdict
        chunk_id, is_last, data = chunk
        collected = self.collections.get(collection, Collected())
        grown = Collected(
            collected.data | {chunk_id: data}, chunk_id if is_last else collected.last
        )
        after = self.collections | {collection: grown}
        if _bytes(after) > _bytes(self.collections) and not _fits(after, collection, bounds):
            return Verdict.NO_ROOM
        self.collections = after
        return Stored(len(grown.data), grown.last)

    def drop_chunks(self, collection: Collection) -> None:
        self.collections.pop(collection, None)

    def forget(self) -> None:
        self.__init__(replace(BLANK, term=self.head.term, epoch=self.head.epoch + 1))

    def _closed(self, epoch: int) -> Verdict | None:
        if epoch != self.head.epoch:
            return Verdict.STALE
        return Verdict.PAUSED if self.head.paused else None

    def _judge(self, epoch: int, tag: Tag, participant: bytes, receipt: bytes) -> Verdict:
        closed = self._closed(epoch)
        if closed:
            return closed
        return self._judge_message(tag, participant, receipt)

    def _judge_message(self, tag: Tag, participant: bytes, receipt: bytes) -> Verdict:
        earlier = self.round.receipts[tag].get(participant)
        if earlier is not None:
            return Verdict.REPEATED if earlier == receipt else Verdict.DUPLICATE
        if tag is Tag.SUM2 and participant not in self.round.sums:
            return Verdict.UNKNOWN_PARTICIPANT
        full = len(self.round.receipts[tag]) >= self.head.caps.of(tag)
        return Verdict.FULL if full else Verdict.ACCEPTED

    def _judge_update(self, update: UpdateEntry) -> Verdict:
        verdict = self._judge_message(Tag.UPDATE, update.participant, update.receipt)
        if verdict in (Verdict.REPEATED, Verdict.DUPLICATE):
            return verdict
        if set(update.seeds) - set(self.round.sums):
            return Verdict.UNKNOWN_PARTICIPANT
        if set(update.seeds) != set(self.round.sums):
            return Verdict.INCOMPLETE_SEEDS
        return verdict


def _bytes(collections: dict[Collection, Collected], participant: bytes | None = None) -> int:
    return sum(
        len(data) + CHUNK_OVERHEAD
        for name, collected in collections.items()
        for data in collected.data.values()
        if participant in (None, name.participant)
    )


def _fits(
    collections: dict[Collection, Collected], collection: Collection, bounds: ChunkBounds
) -> bool:
    mine = _bytes(collections, collection.participant)
    return mine <= bounds.participant and _bytes(collections) <= bounds.total
