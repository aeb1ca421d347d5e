"""What the contract suite does to ledgers: participants by number, and the steps of a round."""

import hashlib
from collections.abc import Iterable

from xaynet_coordinator.store import (
    Caps,
    ChunkBounds,
    Collection,
    Counts,
    Head,
    Ledger,
    Pointer,
    UpdateCommit,
    UpdateEntry,
    Verdict,
)
from xaynet_pet import Tag

AMPLE = Caps(sum=1000, update=1000, sum2=1000)
WIDE = ChunkBounds(participant=1 << 20, total=1 << 30)


def pk(number: int, role: str = "sum") -> bytes:
    """32 bytes, zeros and all others among them."""
    return hashlib.sha256(f"{role} {number}".encode()).digest()


def receipt(number: int) -> bytes:
    return hashlib.sha256(f"receipt {number}".encode()).digest()


def ephemeral(number: int) -> bytes:
    return pk(number, "ephemeral")


def seed(sum_participant: bytes, participant: bytes) -> bytes:
    """80 bytes that belong to one pair."""
    return hashlib.shake_128(sum_participant + participant).digest(80)


def update(number: int, sums: Iterable[bytes], *, receipt_: bytes | None = None) -> UpdateEntry:
    participant = pk(number, "update")
    seeds = {sum_pk: seed(sum_pk, participant) for sum_pk in sums}
    return UpdateEntry(participant, receipt_ or receipt(number), seeds)


def pointer(number: int) -> Pointer:
    return Pointer(f"blobs/{number}", hashlib.sha256(b"%d" % number).digest(), number)


def commit(
    epoch: int,
    updates: Iterable[UpdateEntry],
    *,
    member: str = "m",
    expected: Pointer | None = None,
    pointer_: Pointer | None = None,
) -> UpdateCommit:
    return UpdateCommit(epoch, member, expected, pointer_ or pointer(1), tuple(updates))


async def begin(ledger: Ledger, caps: Caps = AMPLE) -> Head:
    """A leader takes over and begins a phase."""
    head = await ledger.take_term()
    begun = await ledger.advance(head.term, head.epoch, b"state", caps, erase=True)
    assert begun is not None
    return begun


async def enter_sums(ledger: Ledger, epoch: int, number: int) -> list[bytes]:
    """Enters that many sum participants; their pks."""
    for each in range(number):
        verdict = await ledger.add_sum_participant(epoch, pk(each), ephemeral(each), receipt(each))
        assert verdict is Verdict.ACCEPTED
    return [pk(each) for each in range(number)]


async def enter_updates(ledger: Ledger, epoch: int, sums: list[bytes], number: int) -> Counts:
    """Commits that many updates in one group, by a member of its own."""
    group = commit(epoch, [update(each, sums) for each in range(number)], member="first")
    counts = await ledger.commit_updates(group)
    assert isinstance(counts, Counts)
    return counts


async def fill(ledger: Ledger) -> Head:
    """A round with something in every corner of the ledger; its head."""
    head = await begin(ledger)
    sums = await enter_sums(ledger, head.epoch, 3)
    await enter_updates(ledger, head.epoch, sums, 2)
    await ledger.add_mask(head.epoch, sums[0], b"digest", receipt(7))
    await ledger.add_chunk(head.epoch, collection(9), (0, False, b"data"), receipt(9), WIDE)
    await ledger.keep_elapsed(head.term, head.epoch, 1.5)
    return await ledger.head()


def collection(number: int, message_id: int = 1, tag: Tag = Tag.UPDATE) -> Collection:
    return Collection(tag, pk(number, "update"), message_id)
