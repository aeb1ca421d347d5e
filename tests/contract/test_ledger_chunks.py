"""Chunks of multipart messages: collected, bounded, and gone with the phase."""

import asyncio

import pytest

from ledger_places import LedgerPlace
from ledger_steps import (
    AMPLE,
    WIDE,
    begin,
    collection,
    enter_sums,
    enter_updates,
    pk,
    receipt,
)
from xaynet_coordinator.store import (
    CHUNK_OVERHEAD,
    Caps,
    ChunkBounds,
    Collection,
    Ledger,
    Stored,
    Verdict,
)
from xaynet_pet import Tag


def cost(*sizes: int) -> int:
    """What chunks with that many bytes of data count against the bounds."""
    return sum(sizes) + len(sizes) * CHUNK_OVERHEAD


def bounds(participant: int, total: int = 1 << 30) -> ChunkBounds:
    return ChunkBounds(participant, total)


async def put(
    ledger: Ledger,
    epoch: int,
    chunk: tuple[int, bool, bytes],
    whose: Collection | None = None,
    limits: ChunkBounds = WIDE,
) -> Stored | Verdict:
    return await ledger.add_chunk(epoch, whose or collection(1), chunk, receipt(1), limits)


async def test_a_message_is_complete_when_as_many_chunks_came_as_the_last_one_says(ledger: Ledger):
    epoch = (await begin(ledger)).epoch
    first = await put(ledger, epoch, (2, True, b"two"))
    second = await put(ledger, epoch, (0, False, b""))
    third = await put(ledger, epoch, (1, False, bytes(range(256))))
    assert [first, second, third] == [Stored(1, 2), Stored(2, 2), Stored(3, 2)]
    assert [Stored(2, 2).complete, Stored(3, 2).complete] == [False, True]
    assert await ledger.chunks(collection(1)) == {0: b"", 1: bytes(range(256)), 2: b"two"}


async def test_without_a_last_chunk_nothing_is_complete(ledger: Ledger):
    epoch = (await begin(ledger)).epoch
    assert await put(ledger, epoch, (65535, False, b"x")) == Stored(1, None)
    assert not Stored(70000, None).complete


async def test_the_same_id_again_overwrites(ledger: Ledger):
    epoch = (await begin(ledger)).epoch
    await put(ledger, epoch, (0, True, b"first, and longer"))
    assert await put(ledger, epoch, (0, True, b"second")) == Stored(1, 0)
    assert await ledger.chunks(collection(1)) == {0: b"second"}


async def test_the_latest_chunk_that_is_flagged_last_counts(ledger: Ledger):
    epoch = (await begin(ledger)).epoch
    await put(ledger, epoch, (3, True, b""))
    assert await put(ledger, epoch, (1, True, b"")) == Stored(2, 1)
    assert await put(ledger, epoch, (1, False, b"")) == Stored(2, 1)


async def test_collections_are_told_apart_by_tag_participant_and_message(ledger: Ledger):
    epoch = (await begin(ledger)).epoch
    await enter_sums(ledger, epoch, 2)
    names = [
        Collection(tag, participant, message_id)
        for tag in (Tag.UPDATE, Tag.SUM2)
        for participant in (pk(0), pk(1))
        for message_id in (0, 1, 65535)
    ]
    for number, name in enumerate(names):
        await put(ledger, epoch, (0, False, b"%d" % number), name)
    for number, name in enumerate(names):
        assert await ledger.chunks(name) == {0: b"%d" % number}


async def test_a_collection_of_which_nothing_came_is_empty(ledger: Ledger):
    assert await ledger.chunks(collection(1)) == {}


async def test_a_dropped_collection_makes_room_and_may_begin_again(ledger: Ledger):
    epoch = (await begin(ledger)).epoch
    limit = bounds(cost(5, 5), total=cost(5, 5))
    await put(ledger, epoch, (0, False, b"12345"), limits=limit)
    await put(ledger, epoch, (1, True, b"12345"), limits=limit)
    assert await put(ledger, epoch, (2, False, b""), limits=limit) is Verdict.NO_ROOM
    await ledger.drop_chunks(collection(1))
    await ledger.drop_chunks(collection(1))
    assert await ledger.chunks(collection(1)) == {}
    assert await put(ledger, epoch, (1, False, b"12345"), limits=limit) == Stored(1, None)
    assert await put(ledger, epoch, (2, False, b"12345"), limits=limit) == Stored(2, None)


async def test_dropping_one_collection_leaves_the_others(ledger: Ledger, place: LedgerPlace):
    epoch = (await begin(ledger)).epoch
    await put(ledger, epoch, (0, False, b"stays"))
    with place.unchanged():
        await ledger.drop_chunks(collection(2))
        await ledger.drop_chunks(collection(1, message_id=2))
    assert await ledger.chunks(collection(1)) == {0: b"stays"}


async def test_a_participant_is_bounded_over_all_its_messages(ledger: Ledger, place: LedgerPlace):
    epoch = (await begin(ledger)).epoch
    limit = bounds(cost(10, 10))
    assert await put(ledger, epoch, (0, False, bytes(10)), limits=limit) == Stored(1, None)
    other = collection(1, message_id=2)
    with place.unchanged():
        refused = await put(ledger, epoch, (0, False, bytes(11)), other, limit)
        assert refused is Verdict.NO_ROOM
    assert await put(ledger, epoch, (0, False, bytes(10)), other, limit) == Stored(1, None)
    assert await put(ledger, epoch, (0, False, b""), collection(2), limit) == Stored(1, None)


async def test_all_participants_together_are_bounded(ledger: Ledger, place: LedgerPlace):
    epoch = (await begin(ledger)).epoch
    limit = bounds(1 << 20, total=cost(10, 10))
    await put(ledger, epoch, (0, False, bytes(10)), collection(1), limit)
    await put(ledger, epoch, (0, False, bytes(10)), collection(2), limit)
    with place.unchanged():
        refused = await put(ledger, epoch, (0, False, b""), collection(3), limit)
        assert refused is Verdict.NO_ROOM


async def test_an_overwritten_chunk_makes_room_for_its_successor(ledger: Ledger):
    epoch = (await begin(ledger)).epoch
    limit = bounds(cost(10))
    assert await put(ledger, epoch, (0, False, bytes(10)), limits=limit) == Stored(1, None)
    assert await put(ledger, epoch, (0, False, bytes(10)), limits=limit) == Stored(1, None)
    assert await put(ledger, epoch, (0, False, bytes(11)), limits=limit) is Verdict.NO_ROOM
    assert await put(ledger, epoch, (0, False, bytes(3)), limits=limit) == Stored(1, None)
    assert await put(ledger, epoch, (0, False, bytes(10)), limits=limit) == Stored(1, None)


async def test_a_repeated_chunk_is_stored_even_when_the_bound_was_lowered(ledger: Ledger):
    epoch = (await begin(ledger)).epoch
    await put(ledger, epoch, (0, False, bytes(10)))
    assert await put(ledger, epoch, (0, False, bytes(10)), limits=bounds(1)) == Stored(1, None)


async def test_tiny_chunks_fill_the_bound_too(ledger: Ledger):
    epoch = (await begin(ledger)).epoch
    limit = bounds(5 * CHUNK_OVERHEAD)
    answers = [
        await put(ledger, epoch, (0, False, b""), collection(1, message_id=each), limit)
        for each in range(6)
    ]
    assert answers == [Stored(1, None)] * 5 + [Verdict.NO_ROOM]


async def test_the_bounds_hold_when_many_come_at_once(ledger: Ledger):
    epoch = (await begin(ledger)).epoch
    limit = bounds(1 << 20, total=cost(*[100] * 7))
    answers = await asyncio.gather(
        *(
            put(ledger, epoch, (each % 5, False, bytes(100)), collection(each // 5), limit)
            for each in range(20)
        )
    )
    assert answers.count(Verdict.NO_ROOM) == 13


async def test_the_next_phase_has_all_the_room_again(ledger: Ledger):
    head = await begin(ledger)
    limit = bounds(cost(10), cost(10))
    await put(ledger, head.epoch, (0, False, bytes(10)), limits=limit)
    after = await ledger.advance(head.term, head.epoch, b"", AMPLE, erase=False)
    assert after is not None
    assert await put(ledger, head.epoch, (0, False, b""), limits=limit) is Verdict.STALE
    assert await put(ledger, after.epoch, (0, False, bytes(10)), limits=limit) == Stored(1, None)


async def test_chunks_of_an_accepted_message_are_told_from_those_of_another(
    ledger: Ledger, place: LedgerPlace
):
    epoch = (await begin(ledger)).epoch
    sums = await enter_sums(ledger, epoch, 1)
    await enter_updates(ledger, epoch, sums, 2)
    with place.unchanged():
        assert await put(ledger, epoch, (0, False, b"")) is Verdict.REPEATED
        other = await ledger.add_chunk(epoch, collection(1), (0, False, b""), receipt(2), WIDE)
        assert other is Verdict.DUPLICATE


async def test_no_chunk_is_stored_for_a_phase_that_is_full(ledger: Ledger, place: LedgerPlace):
    epoch = (await begin(ledger, Caps(5, 1, 5))).epoch
    sums = await enter_sums(ledger, epoch, 1)
    assert await put(ledger, epoch, (0, False, b"")) == Stored(1, None)
    await enter_updates(ledger, epoch, sums, 1)
    with place.unchanged():
        assert await put(ledger, epoch, (1, False, b"")) is Verdict.FULL


async def test_no_chunk_of_a_mask_is_stored_for_a_stranger(ledger: Ledger, place: LedgerPlace):
    epoch = (await begin(ledger)).epoch
    await enter_sums(ledger, epoch, 1)
    with place.unchanged():
        stranger = await put(ledger, epoch, (0, False, b""), Collection(Tag.SUM2, pk(1), 1))
        assert stranger is Verdict.UNKNOWN_PARTICIPANT
    known = await put(ledger, epoch, (0, False, b""), Collection(Tag.SUM2, pk(0), 1))
    assert known == Stored(1, None)


@pytest.mark.parametrize("size", [1, 1 << 20, 5 << 20])
async def test_chunks_of_any_size_come_back_whole(ledger: Ledger, size: int):
    epoch = (await begin(ledger)).epoch
    data = bytes(range(256)) * (size // 256 + 1)
    await put(ledger, epoch, (0, True, data), limits=bounds(1 << 30))
    assert await ledger.chunks(collection(1)) == {0: data}
