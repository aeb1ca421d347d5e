"""Terms, epochs, the phase's own clock, and what the control API asks for."""

import asyncio

import pytest

from ledger_places import LedgerPlace
from ledger_steps import AMPLE, WIDE, begin, collection, enter_sums, ephemeral, fill, pk, receipt
from xaynet_coordinator.store import Caps, Counts, Desired, Head, Ledger, Verdict
from xaynet_pet import Tag


async def test_an_empty_ledger_has_a_blank_first_page(ledger: Ledger):
    assert await ledger.head() == Head(0, 0, None, 0.0, False, Caps())
    assert await ledger.desired() is None
    assert await ledger.counts() == Counts()
    assert await ledger.sums() == {}
    assert await ledger.pointers() == {}
    assert await ledger.votes() == {}


async def test_each_leadership_takes_the_next_term(ledger: Ledger):
    terms = await asyncio.gather(*(ledger.take_term() for _ in range(20)))
    assert sorted(head.term for head in terms) == list(range(1, 21))


async def test_a_leadership_begins_with_the_page_as_it_was_left(ledger: Ledger):
    left = await fill(ledger)
    taken = await ledger.take_term()
    assert taken == Head(left.term + 1, left.epoch, b"state", 1.5, False, AMPLE)


async def test_a_phase_ends_with_the_next_epoch_new_caps_and_no_time_elapsed(ledger: Ledger):
    head = await fill(ledger)
    state, caps = bytes(range(256)), Caps(1, 2, 3)
    advanced = await ledger.advance(head.term, head.epoch, state, caps, erase=False)
    assert advanced == Head(head.term, head.epoch + 1, state, 0.0, False, caps)
    assert await ledger.head() == advanced


@pytest.mark.parametrize(("later_term", "later_epoch"), [(-1, 0), (1, 0), (0, -1), (0, 1)])
async def test_a_fenced_leader_changes_nothing(
    ledger: Ledger, place: LedgerPlace, later_term: int, later_epoch: int
):
    head = await fill(ledger)
    term, epoch = head.term + later_term, head.epoch + later_epoch
    with place.unchanged():
        assert await ledger.advance(term, epoch, b"mine", Caps(), erase=True) is None
        assert not await ledger.keep_elapsed(term, epoch, 77.0)


async def test_a_new_leadership_fences_the_one_before(ledger: Ledger, place: LedgerPlace):
    head = await fill(ledger)
    await ledger.take_term()
    with place.unchanged():
        assert await ledger.advance(head.term, head.epoch, b"old", AMPLE, erase=False) is None


async def test_a_phase_ends_once_when_two_ask_for_it(ledger: Ledger):
    head = await begin(ledger)
    ends = (
        ledger.advance(head.term, head.epoch, b"%d" % each, AMPLE, erase=False) for each in range(8)
    )
    advanced = [end for end in await asyncio.gather(*ends) if end is not None]
    assert [(await ledger.head()).state] == [each.state for each in advanced]


async def test_chunks_go_with_the_phase_and_the_rest_stays(ledger: Ledger):
    head = await fill(ledger)
    await ledger.advance(head.term, head.epoch, b"next", AMPLE, erase=False)
    assert await ledger.chunks(collection(9)) == {}
    assert await ledger.counts() == Counts(3, 2, 1)
    assert len(await ledger.sums()) == 3
    assert len(await ledger.seeds(pk(0)) or {}) == 2
    assert len(await ledger.pointers()) == 1
    assert await ledger.votes() == {b"digest": 1}
    assert await ledger.receipt(Tag.SUM, pk(0)) == receipt(0)


async def test_erasing_takes_everything_of_the_round(ledger: Ledger, place: LedgerPlace):
    head = await begin(ledger)
    blank = place.content()
    await fill(ledger)
    head = await ledger.head()
    await ledger.advance(head.term, head.epoch, b"next", AMPLE, erase=True)
    assert await ledger.counts() == Counts()
    assert await ledger.seeds(pk(0)) is None
    assert await ledger.participants(Tag.SUM) == set()
    assert _without_head(place.content()) == _without_head(blank)


async def test_the_clock_of_the_phase_is_kept(ledger: Ledger):
    head = await begin(ledger)
    assert await ledger.keep_elapsed(head.term, head.epoch, 0.1 + 0.2)
    assert (await ledger.head()).elapsed == 0.1 + 0.2


async def test_what_is_desired_is_stored_with_its_caps_and_pause(ledger: Ledger):
    await begin(ledger)
    desired = Desired(3, b'{"\x00\xff": 1}')
    assert await ledger.put_desired(desired, Caps(7, 8, 9), paused=True) == desired
    assert await ledger.desired() == desired
    head = await ledger.head()
    assert (head.caps, head.paused) == (Caps(7, 8, 9), True)


async def test_what_is_desired_may_come_before_any_leader(ledger: Ledger):
    await ledger.put_desired(Desired(1, b""), AMPLE, paused=False)
    assert await ledger.desired() == Desired(1, b"")
    assert (await ledger.head()).term == 0


@pytest.mark.parametrize("generation", [1, 2, 3])
async def test_an_older_or_equal_generation_is_answered_with_the_stored_one(
    ledger: Ledger, place: LedgerPlace, generation: int
):
    stored = Desired(3, b"stored")
    await ledger.put_desired(stored, AMPLE, paused=False)
    with place.unchanged():
        late = Desired(generation, b"late")
        assert await ledger.put_desired(late, Caps(), paused=True) == stored


async def test_the_highest_generation_wins_in_any_order(ledger: Ledger):
    puts = [
        ledger.put_desired(Desired(each, b"%d" % each), Caps(sum=each), paused=False)
        for each in (9, 10, 2, 100, 11)
    ]
    await asyncio.gather(*puts)
    assert await ledger.desired() == Desired(100, b"100")
    assert (await ledger.head()).caps == Caps(sum=100)


async def test_the_pause_outlives_the_phase(ledger: Ledger):
    head = await begin(ledger)
    await ledger.put_desired(Desired(1, b""), AMPLE, paused=True)
    await ledger.advance(head.term, head.epoch, b"", AMPLE, erase=False)
    assert (await ledger.head()).paused
    await ledger.put_desired(Desired(2, b""), AMPLE, paused=False)
    assert not (await ledger.head()).paused


async def test_forgetting_leaves_the_two_numbers_only(ledger: Ledger):
    head = await fill(ledger)
    await ledger.put_desired(Desired(1, b"document"), AMPLE, paused=True)
    await ledger.forget()
    assert await ledger.head() == Head(head.term, head.epoch + 1, None, 0.0, False, Caps())
    assert await ledger.desired() is None
    assert await ledger.counts() == Counts()
    assert await ledger.chunks(collection(9)) == {}
    assert await ledger.seeds(pk(0)) is None


async def test_what_was_in_flight_when_all_was_forgotten_does_not_land(
    ledger: Ledger, place: LedgerPlace
):
    head = await fill(ledger)
    await ledger.forget()
    with place.unchanged():
        late = await ledger.add_sum_participant(head.epoch, pk(5), ephemeral(5), receipt(5))
        assert late is Verdict.STALE
        assert await ledger.advance(head.term, head.epoch, b"", AMPLE, erase=False) is None


async def test_a_ledger_that_was_forgotten_serves_again(ledger: Ledger):
    await fill(ledger)
    await ledger.forget()
    head = await begin(ledger)
    assert head.term == 2
    await enter_sums(ledger, head.epoch, 3)
    chunk = await ledger.add_chunk(head.epoch, collection(1), (0, True, b""), receipt(1), WIDE)
    assert not isinstance(chunk, Verdict)


async def test_ledgers_of_other_uids_are_other_ledgers(place: LedgerPlace):
    async with place.opened() as ledger:
        await fill(ledger)
    with place.unchanged():
        async with place.opened(f"{place.uid}-2") as other:
            assert (await other.head()).term == 0
            await fill(other)
            await other.forget()


@pytest.mark.parametrize("uid", ["", "a b", "a/b", "..", "{a}", "a:b", "a\n", "é"])
def test_a_uid_that_could_be_mistaken_is_refused(place: LedgerPlace, uid: str):
    if uid:
        with pytest.raises(ValueError, match="uid"):
            place.ledger(uid)


def _without_head(content: dict) -> dict:
    return {key: value for key, value in content.items() if "head" not in str(key)}
