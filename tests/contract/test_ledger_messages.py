"""One message of each kind: what is accepted, and in which order refused."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from ledger_places import LedgerPlace
from ledger_steps import (
    AMPLE,
    WIDE,
    begin,
    collection,
    commit,
    enter_sums,
    ephemeral,
    pk,
    receipt,
    update,
)
from xaynet_coordinator.store import (
    Caps,
    Counts,
    Desired,
    Ledger,
    Refused,
    Verdict,
)
from xaynet_pet import Tag

Send = Callable[[Ledger, int, int, bytes], Awaitable[object]]
"""Sends the message of a tag of participant n, in an epoch, with a receipt; a verdict or value."""


async def send_sum(ledger: Ledger, epoch: int, number: int, receipt_: bytes):
    return await ledger.add_sum_participant(epoch, pk(number), ephemeral(number), receipt_)


async def send_update(ledger: Ledger, epoch: int, number: int, receipt_: bytes):
    member = f"m{number}"
    expected = (await ledger.pointers()).get(member)
    group = [update(number, await ledger.sums(), receipt_=receipt_)]
    answer = await ledger.commit_updates(commit(epoch, group, member=member, expected=expected))
    return answer.verdict if isinstance(answer, Refused) else Verdict.ACCEPTED


async def send_mask(ledger: Ledger, epoch: int, number: int, receipt_: bytes):
    return await ledger.add_mask(epoch, pk(number), b"mask", receipt_)


async def send_chunk(ledger: Ledger, epoch: int, number: int, receipt_: bytes):
    """A chunk of an update; an accepted update of the same participant is its predecessor."""
    answer = await ledger.add_chunk(epoch, collection(number), (0, False, b"data"), receipt_, WIDE)
    return answer if isinstance(answer, Verdict) else Verdict.ACCEPTED


WHOLE = pytest.mark.parametrize("send", [send_sum, send_update, send_mask])
ALL = pytest.mark.parametrize("send", [send_sum, send_update, send_mask, send_chunk])


async def ready(ledger: Ledger, send: Send, caps: Caps = AMPLE) -> int:
    """A round in which ``send`` is accepted from participants 0 to 4; its epoch."""
    head = await begin(ledger, Caps(1000, caps.update, caps.sum2))
    if send is send_sum:
        await ledger.put_desired(Desired(1, b""), caps, paused=False)
    else:
        await enter_sums(ledger, head.epoch, 5)
    return head.epoch


@ALL
async def test_a_message_is_accepted(ledger: Ledger, send: Send):
    epoch = await ready(ledger, send)
    assert await send(ledger, epoch, 1, receipt(1)) is Verdict.ACCEPTED


@ALL
@pytest.mark.parametrize("off", [-1, 1])
async def test_a_message_of_another_epoch_is_stale(
    ledger: Ledger, place: LedgerPlace, send: Send, off: int
):
    epoch = await ready(ledger, send)
    with place.unchanged():
        assert await send(ledger, epoch + off, 1, receipt(1)) is Verdict.STALE


@ALL
async def test_a_paused_ledger_accepts_nothing(ledger: Ledger, place: LedgerPlace, send: Send):
    epoch = await ready(ledger, send)
    await ledger.put_desired(Desired(2, b""), AMPLE, paused=True)
    with place.unchanged():
        assert await send(ledger, epoch, 1, receipt(1)) is Verdict.PAUSED
        assert await send(ledger, epoch - 1, 1, receipt(1)) is Verdict.STALE
    await ledger.put_desired(Desired(3, b""), AMPLE, paused=False)
    assert await send(ledger, epoch, 1, receipt(1)) is Verdict.ACCEPTED


@WHOLE
async def test_a_repeat_is_told_from_a_second_message(
    ledger: Ledger, place: LedgerPlace, send: Send
):
    epoch = await ready(ledger, send)
    await send(ledger, epoch, 1, receipt(1))
    with place.unchanged():
        assert await send(ledger, epoch, 1, receipt(1)) is Verdict.REPEATED
        assert await send(ledger, epoch, 1, receipt(2)) is Verdict.DUPLICATE


@WHOLE
async def test_no_more_than_the_cap_are_accepted(ledger: Ledger, place: LedgerPlace, send: Send):
    epoch = await ready(ledger, send, Caps(2, 2, 2))
    for number in range(2):
        assert await send(ledger, epoch, number, receipt(number)) is Verdict.ACCEPTED
    with place.unchanged():
        assert await send(ledger, epoch, 2, receipt(2)) is Verdict.FULL
        assert await send(ledger, epoch, 1, receipt(1)) is Verdict.REPEATED
        assert await send(ledger, epoch, 1, receipt(9)) is Verdict.DUPLICATE


@ALL
async def test_a_cap_of_zero_closes_the_phase(ledger: Ledger, place: LedgerPlace, send: Send):
    epoch = await ready(ledger, send, Caps())
    with place.unchanged():
        assert await send(ledger, epoch, 1, receipt(1)) is Verdict.FULL


@WHOLE
async def test_a_cap_below_what_was_accepted_drops_nothing(ledger: Ledger, send: Send):
    epoch = await ready(ledger, send)
    for number in range(3):
        await send(ledger, epoch, number, receipt(number))
    accepted = await ledger.counts()
    await ledger.put_desired(Desired(2, b""), Caps(1, 1, 1), paused=False)
    assert await send(ledger, epoch, 3, receipt(3)) is Verdict.FULL
    assert await ledger.counts() == accepted


@WHOLE
async def test_many_at_once_are_counted_exactly(ledger: Ledger, send: Send):
    epoch = await ready(ledger, send)
    numbers = list(range(5)) * 6
    answers = await asyncio.gather(
        *(send(ledger, epoch, number, receipt(number)) for number in numbers),
        return_exceptions=True,
    )
    assert answers.count(Verdict.ACCEPTED) == 5
    tag = {send_sum: Tag.SUM, send_update: Tag.UPDATE, send_mask: Tag.SUM2}[send]
    assert len(await ledger.participants(tag)) == (await ledger.counts()).of(tag) == 5


@WHOLE
async def test_many_at_once_do_not_pass_the_cap(ledger: Ledger, send: Send):
    epoch = await ready(ledger, send, Caps(3, 3, 3))
    answers = await asyncio.gather(
        *(send(ledger, epoch, number, receipt(number)) for number in range(5))
    )
    assert sorted(answer.value for answer in answers) == ["accepted"] * 3 + ["full"] * 2


async def test_the_sum_dictionary_holds_what_was_sent(ledger: Ledger):
    head = await begin(ledger)
    awkward = {bytes(32): bytes(32), b"\xff" * 32: b"\x00\r\n\xff" * 8, pk(0): ephemeral(0)}
    for participant, key in awkward.items():
        await ledger.add_sum_participant(head.epoch, participant, key, b"\x00")
    assert await ledger.sums() == awkward
    assert await ledger.participants(Tag.SUM) == set(awkward)
    assert await ledger.receipt(Tag.SUM, bytes(32)) == b"\x00"
    assert await ledger.receipt(Tag.UPDATE, bytes(32)) is None


async def test_votes_are_counted_by_digest(ledger: Ledger):
    head = await begin(ledger)
    sums = await enter_sums(ledger, head.epoch, 5)
    for number, participant in enumerate(sums):
        digest = bytes(32) if number < 3 else b"\xff" * 32
        await ledger.add_mask(head.epoch, participant, digest, receipt(number))
    assert await ledger.votes() == {bytes(32): 3, b"\xff" * 32: 2}
    assert await ledger.participants(Tag.SUM2) == set(sums)


async def test_a_mask_of_a_stranger_is_no_vote(ledger: Ledger, place: LedgerPlace):
    head = await begin(ledger, Caps(1, 1, 0))
    await enter_sums(ledger, head.epoch, 1)
    with place.unchanged():
        verdict = await ledger.add_mask(head.epoch, pk(1), b"mask", receipt(1))
        assert verdict is Verdict.UNKNOWN_PARTICIPANT


async def test_a_sum_participant_has_one_receipt_for_each_tag(ledger: Ledger):
    head = await begin(ledger)
    await enter_sums(ledger, head.epoch, 1)
    await ledger.add_mask(head.epoch, pk(0), b"mask", receipt(5))
    assert await ledger.receipt(Tag.SUM, pk(0)) == receipt(0)
    assert await ledger.receipt(Tag.SUM2, pk(0)) == receipt(5)
    assert await ledger.counts() == Counts(1, 0, 1)
