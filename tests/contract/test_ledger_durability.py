"""What was answered is there after the ledger is closed and opened again, and after failures."""

import asyncio

from ledger_places import LedgerPlace
from ledger_steps import AMPLE, begin, collection, commit, enter_sums, fill, pk, receipt, update
from xaynet_coordinator.store import Counts, Desired, Ledger
from xaynet_pet import Tag


async def everything(ledger: Ledger) -> list[object]:
    """What every reading verb answers."""
    sums = await ledger.sums()
    return [
        await ledger.head(),
        await ledger.desired(),
        await ledger.counts(),
        sums,
        await ledger.pointers(),
        await ledger.votes(),
        await ledger.chunks(collection(9)),
        [await ledger.participants(tag) for tag in Tag],
        [await ledger.seeds(participant) for participant in sums],
        [await ledger.receipt(Tag.SUM2, participant) for participant in sums],
    ]


async def test_everything_is_there_after_opening_again(place: LedgerPlace):
    async with place.opened() as ledger:
        await fill(ledger)
        await ledger.put_desired(Desired(4, b"document"), AMPLE, paused=True)
        written = await everything(ledger)
    async with place.opened() as ledger:
        assert await everything(ledger) == written


async def test_a_ledger_that_was_closed_opens_again(place: LedgerPlace):
    ledger = place.ledger()
    for term in (1, 2, 3):
        await ledger.open()
        assert (await ledger.take_term()).term == term
        await ledger.close()
        await ledger.close()


async def test_opening_twice_is_harmless(ledger: Ledger):
    await ledger.open()
    assert (await ledger.take_term()).term == 1


async def test_a_cancelled_verb_leaves_the_others_their_own_answers(ledger: Ledger):
    """A connection whose answer nobody took must not give it to the next verb."""
    head = await begin(ledger)
    await enter_sums(ledger, head.epoch, 3)
    for steps in range(12):
        task = asyncio.create_task(ledger.sums())
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert await ledger.counts() == Counts(sum=3)
        assert (await ledger.head()).epoch == head.epoch


async def test_a_cancelled_commit_is_whole_or_not_at_all(ledger: Ledger):
    head = await begin(ledger)
    sums = await enter_sums(ledger, head.epoch, 20)
    for steps in range(12):
        member = f"m{steps}"
        group = commit(head.epoch, [update(steps, sums)], member=member)
        task = asyncio.create_task(ledger.commit_updates(group))
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    updates = (await ledger.counts()).update
    assert len(await ledger.pointers()) == updates
    assert {len(await ledger.seeds(each) or {}) for each in sums} == {updates}


async def test_reads_and_writes_at_once_see_whole_commits(ledger: Ledger):
    head = await begin(ledger)
    sums = await enter_sums(ledger, head.epoch, 10)

    async def write(number: int) -> None:
        group = [update(2 * number, sums), update(2 * number + 1, sums)]
        await ledger.commit_updates(commit(head.epoch, group, member=f"m{number}"))

    async def look(_: int) -> None:
        assert (await ledger.counts()).update % 2 == 0
        assert len(await ledger.seeds(pk(3)) or {}) % 2 == 0

    await asyncio.gather(*(job(number) for number in range(20) for job in (write, look)))
    assert await ledger.counts() == Counts(10, 40, 0)


async def test_sum_participants_by_the_hundred_are_all_entered(ledger: Ledger):
    head = await begin(ledger)
    await asyncio.gather(
        *(
            ledger.add_sum_participant(head.epoch, pk(each % 150), b"key", receipt(each % 150))
            for each in range(300)
        )
    )
    assert await ledger.counts() == Counts(sum=150)
