"""Where a round lives while it runs: a ledger for what must be atomic, blobs for what is big.

Two pairs implement them under one contract suite (tests/contract): Redis with an S3 bucket, and
SQLite with a directory.

What the ledger holds, all under one uid:

    head        term, epoch, state (the machine's record), elapsed, paused, caps
    desired     what the control API was last told, with its generation
    sums        sum participant pk -> ephemeral pk
    receipts    (tag, participant pk) -> receipt of the message that was accepted from them
    seeds       sum participant pk -> (update participant pk -> encrypted mask seed)
    pointers    member -> where its partial aggregate lies, and what is in it
    votes       SHA-256 of a mask -> number of sum participants that sent it
    chunks      (tag, participant pk, message id) -> chunk id -> sealed data

Two numbers order everything. The *term* grows with each leadership; only its holder may change
the phase. The *epoch* grows with each phase; every commit names the one it was made for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from xaynet_pet import Tag

CHUNK_OVERHEAD = 256  # bytes that keeping a chunk costs beside its data, about


class Reason(Enum):
    """Which trouble there is with a store that is reached over the network."""

    REDIS_UNREACHABLE = "RedisUnreachable"
    REDIS_CREDENTIALS = "RedisCredentials"
    REDIS_REFUSES = "RedisRefuses"
    S3_UNREACHABLE = "S3Unreachable"
    S3_CREDENTIALS = "S3Credentials"
    S3_REFUSES = "S3Refuses"


class StoreUnavailable(Exception):
    """The store did not answer; what was asked may or may not have happened."""

    def __init__(self, sentence: str, reason: Reason | None = None) -> None:
        super().__init__(sentence)
        self.reason = reason


class StoreCorrupt(Exception):
    """The store answered with something this program never wrote."""


class Verdict(Enum):
    """What a commit came to. Only ``ACCEPTED`` has changed anything."""

    ACCEPTED = "accepted"
    REPEATED = "repeated"  # the same message was accepted before
    STALE = "stale"  # the epoch is over
    PAUSED = "paused"
    FULL = "full"  # count.max, or the 10^modelType of the masking configuration
    DUPLICATE = "duplicate"  # another message of this participant was accepted before
    UNKNOWN_PARTICIPANT = "unknown-sum-participant"
    INCOMPLETE_SEEDS = "incomplete-seeds"  # not exactly one seed for every sum participant
    NO_ROOM = "no-room"  # the bound on stored chunks is reached


@dataclass(frozen=True, slots=True)
class Caps:
    """The most messages that each phase accepts; 0 closes it."""

    sum: int = 0
    update: int = 0
    sum2: int = 0

    def of(self, tag: Tag) -> int:
        """The cap of the phase that takes messages of this tag."""
        return _by_tag(self, tag)


@dataclass(frozen=True, slots=True)
class Head:
    """The ledger's first page. ``elapsed`` is the running phase's own time in seconds."""

    term: int
    epoch: int
    state: bytes | None
    elapsed: float
    paused: bool
    caps: Caps


@dataclass(frozen=True, slots=True)
class Desired:
    """What the control API was told: an opaque document and the generation it came with."""

    generation: int
    document: bytes


@dataclass(frozen=True, slots=True)
class Pointer:
    """Names one partial aggregate: the blob, the SHA-256 of its content, the updates in it."""

    blob: str
    digest: bytes
    updates: int


@dataclass(frozen=True, slots=True)
class UpdateEntry:
    """One update of a commit. ``seeds`` maps sum participant pk (32) to encrypted seed (80)."""

    participant: bytes
    receipt: bytes
    seeds: Mapping[bytes, bytes]


@dataclass(frozen=True, slots=True)
class UpdateCommit:
    """A group of updates, and the move of one member's pointer that makes them count."""

    epoch: int
    member: str
    expected: Pointer | None  # the pointer the new aggregate was built on
    pointer: Pointer
    updates: Sequence[UpdateEntry]


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing was written. ``index`` is the first update at fault, None if it is the commit."""

    verdict: Verdict
    index: int | None = None


class PointerMoved(Exception):
    """The member's pointer is not the expected one: the store lost or gained a commit."""


@dataclass(frozen=True, slots=True)
class Collection:
    """Names the chunks of one message: whose, of which tag, under which message id."""

    tag: Tag
    participant: bytes
    message_id: int


@dataclass(frozen=True, slots=True)
class ChunkBounds:
    """How many bytes of chunks one participant, and all together, may have stored.

    A chunk counts as its data and ``CHUNK_OVERHEAD``, so that a flood of tiny ones is bounded too.
    """

    participant: int
    total: int


@dataclass(frozen=True, slots=True)
class Stored:
    """A chunk lies in the ledger. ``last`` is the id of the chunk flagged last, if it came."""

    chunks: int
    last: int | None

    @property
    def complete(self) -> bool:
        """Protocol §3.4: as many chunks as the last one's id says."""
        return self.last is not None and self.chunks > self.last


@dataclass(frozen=True, slots=True)
class Counts:
    """Messages accepted in the round so far, over all replicas."""

    sum: int = 0
    update: int = 0
    sum2: int = 0

    def at_least(self, other: "Counts") -> "Counts":
        """The larger of both, phase by phase: counts only grow within a round."""
        return Counts(
            max(self.sum, other.sum), max(self.update, other.update), max(self.sum2, other.sum2)
        )

    def of(self, tag: Tag) -> int:
        """How many messages of this tag."""
        return _by_tag(self, tag)


def _by_tag(numbers: Caps | Counts, tag: Tag) -> int:
    return {Tag.SUM: numbers.sum, Tag.UPDATE: numbers.update, Tag.SUM2: numbers.sum2}[tag]


class Ledger(Protocol):
    """The small, atomic part. Every verb is one transaction that checks before it writes.

    Every verb may raise ``StoreUnavailable`` and ``StoreCorrupt``. Verbs that take ``term`` and
    ``epoch`` refuse when either is not the head's. Those that commit messages judge in this order,
    and the first that applies is the answer: ``STALE``, ``PAUSED``, ``REPEATED`` or ``DUPLICATE``,
    ``UNKNOWN_PARTICIPANT``, ``INCOMPLETE_SEEDS``, ``FULL``, ``NO_ROOM``.
    """

    @property
    def warnings(self) -> Sequence[str]:
        """After ``open``: how the store, as it is set up, can lose what it acknowledged."""
        ...

    async def open(self) -> None:
        """Connect, and check what the connected store can do; after a failure, try again."""
        ...

    async def close(self) -> None:
        """Let go of the connection."""
        ...

    async def take_term(self) -> Head:
        """Begin a leadership: the term grows by one, which fences whoever led before."""
        ...

    async def head(self) -> Head:
        """The first page as it is now; term 0, epoch 0 and no state in an empty ledger."""
        ...

    async def advance(
        self, term: int, epoch: int, state: bytes, caps: Caps, *, erase: bool
    ) -> Head | None:
        """End the phase: the next epoch begins with ``state``, ``caps`` and no time elapsed.

        All chunks go with the phase; with ``erase`` also sums, receipts, seeds, pointers and
        votes. None: the term or the epoch was not the head's, and nothing has changed.
        """
        ...

    async def keep_elapsed(self, term: int, epoch: int, elapsed: float) -> bool:
        """Remember how far the phase's clock has come."""
        ...

    async def put_desired(self, desired: Desired, caps: Caps, *, paused: bool) -> Desired:
        """Store a newer document together with the caps and the pause that follow from it.

        Returns what is stored afterwards: the given one, or the old one if its generation is
        equal or higher (then nothing has changed).
        """
        ...

    async def desired(self) -> Desired | None:
        """What ``put_desired`` last stored."""
        ...

    async def add_sum_participant(
        self, epoch: int, participant: bytes, ephemeral: bytes, receipt: bytes
    ) -> Verdict:
        """Enter a sum participant into the sum dictionary."""
        ...

    async def sums(self) -> dict[bytes, bytes]:
        """The sum dictionary."""
        ...

    async def commit_updates(self, commit: UpdateCommit) -> Counts | Refused:
        """Move the pointer, and enter the seeds and receipts of the whole group, or nothing.

        Raises ``PointerMoved`` if the member's pointer is not the expected one (checked after
        epoch and pause, before the updates).
        """
        ...

    async def pointers(self) -> dict[str, Pointer]:
        """Every member's pointer."""
        ...

    async def participants(self, tag: Tag) -> set[bytes]:
        """Who had a message of this tag accepted in the round."""
        ...

    async def receipt(self, tag: Tag, participant: bytes) -> bytes | None:
        """The receipt of the message that was accepted from a participant."""
        ...

    async def seeds(self, sum_participant: bytes) -> dict[bytes, bytes] | None:
        """What the update participants encrypted for one sum participant; None: unknown pk."""
        ...

    async def add_mask(
        self, epoch: int, participant: bytes, digest: bytes, receipt: bytes
    ) -> Verdict:
        """Count a sum participant's vote for the mask with this SHA-256.

        ``UNKNOWN_PARTICIPANT`` unless the participant is in the sum dictionary.
        """
        ...

    async def votes(self) -> dict[bytes, int]:
        """Votes by the SHA-256 of the mask."""
        ...

    async def add_chunk(
        self,
        epoch: int,
        collection: Collection,
        chunk: tuple[int, bool, bytes],
        receipt: bytes,
        bounds: ChunkBounds,
    ) -> Stored | Verdict:
        """Store a chunk (id, is it the last, data); the same id again overwrites.

        The latest chunk that is flagged last decides how many are expected (protocol §3.4).

        ``receipt`` is the one the whole message would have: where the participant already has a
        receipt for the tag, the answer is ``REPEATED`` if it is the same, else ``DUPLICATE``.
        ``UNKNOWN_PARTICIPANT`` for a mask of somebody who is not in the sum dictionary, ``FULL``
        where the phase's cap is reached, ``NO_ROOM`` where a bound would be passed.
        """
        ...

    async def chunks(self, collection: Collection) -> dict[int, bytes]:
        """The stored data of a collection by chunk id."""
        ...

    async def drop_chunks(self, collection: Collection) -> None:
        """Forget a collection that was assembled."""
        ...

    async def counts(self) -> Counts:
        """Messages accepted so far in the round."""
        ...

    async def forget(self) -> None:
        """Erase everything under the uid, and close the epoch, so that nothing in flight lands.

        Term and epoch stay numbers that never go back: the term is kept, the epoch grows by one.
        """
        ...

    async def erase(self) -> None:
        """Erase everything under the uid, the first page too, as if nothing had ever been there.

        Term and epoch begin again, so whoever led has to be fenced before, and finds it empty.
        """
        ...


class Blobs(Protocol):
    """The big part: objects by key.

    Keys are words of ``[a-z0-9._-]`` joined by ``/`` (``.`` and ``..`` are none), else
    ``ValueError``; no key may be the folder of another. Every verb may raise ``StoreUnavailable``.
    """

    async def open(self) -> None:
        """Make sure that the bucket or directory is there and can be written."""
        ...

    async def attach(self) -> bool:
        """Instead of ``open``, to read and delete only: makes nothing. False: there is nothing."""
        ...

    async def close(self) -> None:
        """Let go of the connection."""
        ...

    async def put(self, key: str, data: bytes) -> None:
        """Write an object durably; an older one under the key is replaced."""
        ...

    async def put_once(self, key: str, data: bytes) -> bool:
        """Write an object unless the key is taken, atomically; False: it was taken."""
        ...

    async def get(self, key: str) -> bytes | None:
        """The object's content, None if there is none."""
        ...

    async def keys(self, prefix: str) -> list[str]:
        """The keys that begin with a prefix, sorted; the prefix need not end with a word."""
        ...

    async def delete(self, key: str) -> None:
        """Remove an object; one that is not there is no error."""
        ...
