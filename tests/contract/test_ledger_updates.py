"""Groups of updates: the whole group and its pointer, or nothing."""

import asyncio

import pytest

from ledger_places import LedgerPlace
from ledger_steps import (
    AMPLE,
    begin,
    commit,
    enter_sums,
    enter_updates,
    pk,
    pointer,
    seed,
    update,
)
from xaynet_coordinator.store import (
    Caps,
    Counts,
    Desired,
    Ledger,
    Pointer,
    PointerMoved,
    Refused,
    UpdateEntry,
    Verdict,
)
from xaynet_pet import Tag


async def test_a_group_moves_the_pointer_and_enters_its_seeds(ledger: Ledger):
    head = await begin(ledger)
    sums = await enter_sums(ledger, head.epoch, 3)
    group = [update(number, sums) for number in range(4)]
    counts = await ledger.commit_updates(commit(head.epoch, group, pointer_=pointer(4)))
    assert counts == await ledger.counts() == Counts(sum=3, update=4, sum2=0)
    assert await ledger.pointers() == {"m": pointer(4)}
    for sum_pk in sums:
        expected = {each.participant: each.seeds[sum_pk] for each in group}
        assert await ledger.seeds(sum_pk) == expected
    for each in group:
        assert await ledger.receipt(Tag.UPDATE, each.participant) == each.receipt


async def test_seeds_are_known_for_sum_participants_only(ledger: Ledger):
    head = await begin(ledger)
    await enter_sums(ledger, head.epoch, 1)
    assert await ledger.seeds(pk(0)) == {}
    assert await ledger.seeds(pk(1)) is None


async def test_an_empty_group_moves_the_pointer(ledger: Ledger):
    head = await begin(ledger)
    assert await ledger.commit_updates(commit(head.epoch, [])) == Counts()
    assert await ledger.pointers() == {"m": pointer(1)}


async def test_members_have_pointers_of_their_own(ledger: Ledger):
    head = await begin(ledger)
    sums = await enter_sums(ledger, head.epoch, 2)
    for number, member in enumerate(("a", "b", "a-b.c")):
        group = [update(number, sums)]
        pointer_ = pointer(number)
        await ledger.commit_updates(commit(head.epoch, group, member=member, pointer_=pointer_))
    assert await ledger.pointers() == {"a": pointer(0), "b": pointer(1), "a-b.c": pointer(2)}
    assert (await ledger.counts()).update == 3


@pytest.mark.parametrize(
    "expected",
    [
        None,
        pointer(2),
        Pointer("other", pointer(1).digest, 1),
        Pointer(pointer(1).blob, bytes(32), 1),
        Pointer(pointer(1).blob, pointer(1).digest, 2),
    ],
)
async def test_a_pointer_that_is_not_the_expected_one_stops_the_commit(
    ledger: Ledger, place: LedgerPlace, expected: Pointer | None
):
    head = await begin(ledger)
    sums = await enter_sums(ledger, head.epoch, 2)
    await ledger.commit_updates(commit(head.epoch, [update(0, sums)]))
    late = commit(head.epoch, [update(1, sums)], expected=expected, pointer_=pointer(3))
    with place.unchanged(), pytest.raises(PointerMoved):
        await ledger.commit_updates(late)


async def test_a_pointer_that_is_gone_stops_the_commit(ledger: Ledger, place: LedgerPlace):
    head = await begin(ledger)
    late = commit(head.epoch, [], expected=pointer(1), pointer_=pointer(2))
    with place.unchanged(), pytest.raises(PointerMoved):
        await ledger.commit_updates(late)


async def test_the_expected_pointer_lets_the_next_group_in(ledger: Ledger):
    head = await begin(ledger)
    sums = await enter_sums(ledger, head.epoch, 2)
    await ledger.commit_updates(commit(head.epoch, [update(0, sums)]))
    following = commit(head.epoch, [update(1, sums)], expected=pointer(1), pointer_=pointer(2))
    assert (await ledger.commit_updates(following)) == Counts(2, 2, 0)
    assert await ledger.pointers() == {"m": pointer(2)}


async def test_of_two_commits_on_one_pointer_one_lands(ledger: Ledger):
    head = await begin(ledger)
    sums = await enter_sums(ledger, head.epoch, 2)
    commits = [
        commit(head.epoch, [update(number, sums)], pointer_=pointer(number + 1))
        for number in range(8)
    ]
    answers = await asyncio.gather(
        *(ledger.commit_updates(each) for each in commits), return_exceptions=True
    )
    landed = [
        each.pointer
        for each, answer in zip(commits, answers, strict=True)
        if answer == Counts(2, 1, 0)
    ]
    assert landed == list((await ledger.pointers()).values())
    assert sum(isinstance(answer, PointerMoved) for answer in answers) == 7


async def test_epoch_and_pause_come_before_the_pointer(ledger: Ledger, place: LedgerPlace):
    head = await begin(ledger)
    wrong = pointer(5)
    with place.unchanged():
        stale = await ledger.commit_updates(commit(head.epoch + 1, [], expected=wrong))
    await ledger.put_desired(Desired(1, b""), AMPLE, paused=True)
    with place.unchanged():
        paused = await ledger.commit_updates(commit(head.epoch, [], expected=wrong))
    assert (stale, paused) == (Refused(Verdict.STALE), Refused(Verdict.PAUSED))


def bad_updates(sums: list[bytes]) -> dict[str, tuple[UpdateEntry, Verdict]]:
    """What may be wrong with one update of a group, beside updates 0, 1 (stored), 2 and 3."""
    stranger = {pk(99): seed(pk(99), pk(7, "update"))}
    whole = update(7, sums)
    return {
        "stored before": (update(0, sums), Verdict.REPEATED),
        "another was stored before": (update(1, sums, receipt_=b"x"), Verdict.DUPLICATE),
        "again in the group": (update(2, sums), Verdict.REPEATED),
        "another in the group": (update(2, sums, receipt_=b"x"), Verdict.DUPLICATE),
        "a seed short": (update(7, sums[1:]), Verdict.INCOMPLETE_SEEDS),
        "no seeds": (update(7, []), Verdict.INCOMPLETE_SEEDS),
        "a seed more": (update(7, [*sums, pk(99)]), Verdict.UNKNOWN_PARTICIPANT),
        "a seed for a stranger": (
            UpdateEntry(
                whole.participant, whole.receipt, stranger | dict(list(whole.seeds.items())[1:])
            ),
            Verdict.UNKNOWN_PARTICIPANT,
        ),
    }


@pytest.mark.parametrize("fault", bad_updates([]).keys())
@pytest.mark.parametrize("index", [1, 2])
async def test_one_bad_update_keeps_its_whole_group_out(
    ledger: Ledger, place: LedgerPlace, fault: str, index: int
):
    head = await begin(ledger)
    sums = await enter_sums(ledger, head.epoch, 3)
    await enter_updates(ledger, head.epoch, sums, 2)
    bad, verdict = bad_updates(sums)[fault]
    group = [update(2, sums), update(3, sums), update(4, sums)]
    group.insert(index, bad)
    with place.unchanged():
        refused = await ledger.commit_updates(commit(head.epoch, group))
    assert refused == Refused(verdict, index)
    group.remove(bad)
    assert await ledger.commit_updates(commit(head.epoch, group)) == Counts(3, 5, 0)


async def test_the_first_of_several_bad_updates_is_named(ledger: Ledger):
    head = await begin(ledger)
    sums = await enter_sums(ledger, head.epoch, 3)
    group = [update(0, sums), update(1, sums[:1]), update(0, sums), update(2, [pk(9)])]
    refused = await ledger.commit_updates(commit(head.epoch, group))
    assert refused == Refused(Verdict.INCOMPLETE_SEEDS, 1)


async def test_the_cap_cuts_a_group_where_it_is_reached(ledger: Ledger, place: LedgerPlace):
    head = await begin(ledger, Caps(3, 5, 0))
    sums = await enter_sums(ledger, head.epoch, 3)
    await enter_updates(ledger, head.epoch, sums, 2)
    group = [update(number, sums) for number in range(2, 7)]
    with place.unchanged():
        refused = await ledger.commit_updates(commit(head.epoch, group))
    assert refused == Refused(Verdict.FULL, 3)
    assert await ledger.commit_updates(commit(head.epoch, group[:3])) == Counts(3, 5, 0)


async def test_the_cap_counts_the_updates_of_all_members(ledger: Ledger):
    head = await begin(ledger, Caps(1, 3, 0))
    sums = await enter_sums(ledger, head.epoch, 1)
    for number, member in enumerate("abc"):
        await ledger.commit_updates(commit(head.epoch, [update(number, sums)], member=member))
    refused = await ledger.commit_updates(commit(head.epoch, [update(3, sums)], member="d"))
    assert refused == Refused(Verdict.FULL, 0)


async def test_what_is_wrong_with_an_update_comes_before_the_cap(ledger: Ledger):
    head = await begin(ledger, Caps(3, 1, 0))
    sums = await enter_sums(ledger, head.epoch, 3)
    await enter_updates(ledger, head.epoch, sums, 1)
    for bad, verdict in (
        (update(0, sums), Verdict.REPEATED),
        (update(1, sums[1:]), Verdict.INCOMPLETE_SEEDS),
        (update(1, [pk(9)]), Verdict.UNKNOWN_PARTICIPANT),
        (update(1, sums), Verdict.FULL),
    ):
        assert await ledger.commit_updates(commit(head.epoch, [bad])) == Refused(verdict, 0)


async def test_a_group_of_thousands_of_seeds_is_one_commit(ledger: Ledger):
    head = await begin(ledger, Caps(sum=2, update=5000))
    sums = await enter_sums(ledger, head.epoch, 2)
    group = [update(number, sums) for number in range(5000)]
    repeated = await ledger.commit_updates(commit(head.epoch, [*group[:-1], group[0]]))
    assert repeated == Refused(Verdict.REPEATED, 4999)
    assert await ledger.commit_updates(commit(head.epoch, group)) == Counts(2, 5000, 0)
    for sum_pk in sums:
        assert await ledger.seeds(sum_pk) == {
            each.participant: each.seeds[sum_pk] for each in group
        }
    assert await ledger.participants(Tag.UPDATE) == {each.participant for each in group}


async def test_a_group_for_many_sum_participants_is_one_commit(ledger: Ledger):
    head = await begin(ledger)
    sums = await enter_sums(ledger, head.epoch, 300)
    group = [update(number, sums) for number in range(20)]
    assert await ledger.commit_updates(commit(head.epoch, group)) == Counts(300, 20, 0)
    assert all([len(await ledger.seeds(sum_pk) or {}) == 20 for sum_pk in sums])
