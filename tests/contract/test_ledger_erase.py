"""Erasing a ledger: nothing of the uid is left, and nothing of others goes with it."""

from ledger_places import LedgerPlace
from ledger_steps import AMPLE, begin, enter_sums, ephemeral, fill, pk, receipt
from xaynet_coordinator.store import Caps, Desired, Head, Ledger, Verdict


async def test_an_erased_ledger_is_as_if_nothing_had_ever_been_there(
    ledger: Ledger, place: LedgerPlace
):
    blank = place.content()
    await fill(ledger)
    await ledger.put_desired(Desired(7, b"document"), AMPLE, paused=True)
    await ledger.erase()
    assert place.content() == blank
    assert await ledger.head() == Head(0, 0, None, 0.0, False, Caps())
    assert await ledger.desired() is None


async def test_erasing_twice_is_erasing_once(ledger: Ledger, place: LedgerPlace):
    await fill(ledger)
    await ledger.erase()
    with place.unchanged():
        await ledger.erase()


async def test_nothing_lands_in_an_erased_ledger(ledger: Ledger, place: LedgerPlace):
    head = await fill(ledger)
    await ledger.erase()
    with place.unchanged():
        late = await ledger.add_sum_participant(head.epoch, pk(5), ephemeral(5), receipt(5))
        assert late is Verdict.STALE
        assert not await ledger.keep_elapsed(head.term, head.epoch, 1.0)
        assert await ledger.advance(head.term, head.epoch, b"", AMPLE, erase=False) is None


async def test_an_erased_ledger_serves_again_from_the_first_term_on(ledger: Ledger):
    await fill(ledger)
    await ledger.erase()
    head = await begin(ledger)
    assert head.term == 1
    await enter_sums(ledger, head.epoch, 3)
    assert len(await ledger.sums()) == 3


async def test_erasing_one_uid_leaves_the_others(place: LedgerPlace):
    async with place.opened() as ledger:
        await fill(ledger)
    with place.unchanged():
        async with place.opened(f"{place.uid}-2") as other:
            await fill(other)
            await other.erase()
