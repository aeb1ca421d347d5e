"""The group commit of updates: whatever becomes of a commit, every update is answered, and counted
once or not at all."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from federation import Participant, drawn, weighted_mean
from interleaving import Call, interleaved
from service import MODELS, PET, Service, service, settings_in
from xaynet_coordinator.record import Phase
from xaynet_coordinator.store import Pointer, PointerMoved, Refused, StoreUnavailable, Verdict
from xaynet_pet import Message, Model, Tag

Verb = Callable[[Call], Awaitable[object]]


class Scripted:
    """What a test does with single verbs of the ledger and the blobs; all others are left alone."""

    def __init__(self) -> None:
        self.verbs: dict[str, Verb] = {}

    async def __call__(self, store: str, verb: str, call: Call) -> object:
        scripted = self.verbs.get(f"{store}.{verb}")
        return await (call() if scripted is None else scripted(call))


@pytest.fixture
def script() -> Scripted:
    return Scripted()


@pytest.fixture
async def at(tmp_path, script) -> AsyncIterator[Service]:
    async with service(settings_in(tmp_path), interleaved(script)) as running:
        yield running


async def updates(at: Service, many: int) -> list[tuple[Participant, Message]]:
    """In Update: participants and what they send."""
    await at.reach(Phase.UPDATE)
    params, sums = await at.params(), await at.sums()
    models = [MODELS[i % len(MODELS)] for i in range(many)]
    return [
        (one, one.update(params, sums, *model))
        for one, model in zip(drawn(params, Tag.UPDATE, many), models, strict=True)
    ]


async def mean_of_three(at: Service, summers: list[Participant]) -> bool:
    """Finish the round; is its model the mean of the three updates?"""
    params = await at.params()
    await at.sum2_phase(summers)
    await at.until(lambda: at.front.model() is not None)
    return Model.from_bytes(at.front.model().bincode).fractions() == weighted_mean(MODELS, params)


async def test_more_updates_than_the_masking_can_carry_are_discarded(tmp_path):
    most = PET["update"] | {"count": {"min": 3, "max": 1000}}
    async with service(settings_in(tmp_path, pet=PET | {"update": most})) as at:
        await at.sum_phase(1)
        sent = await updates(at, 1005)
        outcomes = []
        for first in range(0, len(sent), 67):
            batch = sent[first : first + 67]
            outcomes += await asyncio.gather(*(at.send(*one) for one in batch))
        assert outcomes.count("accepted") == 1000
        assert outcomes.count("discarded; reason=full") == 5
        accepted = outcomes.index("accepted")
        assert await at.send(*sent[accepted]) == "accepted; repeated"
        assert at.machine.broken is None


async def test_a_full_phase_costs_no_blob_for_each_update_that_comes_late(tmp_path, script):
    few = PET["update"] | {"count": {"min": 3, "max": 3}}
    settings = settings_in(tmp_path, pet=PET | {"update": few})
    async with service(settings, interleaved(script)) as at:
        await at.sum_phase(1)
        first, *others = await updates(at, 20)
        gate, puts = asyncio.Event(), []

        async def put(call: Call) -> object:
            puts.append(call)
            await gate.wait()
            return await call()

        script.verbs["blobs.put"] = put
        tasks = [asyncio.create_task(at.send(*one)) for one in (first, *others)]
        await at.until(lambda: len(at.machine.committer.in_flight) == 20)
        gate.set()
        outcomes = await asyncio.gather(*tasks)
        assert (outcomes.count("accepted"), outcomes.count("discarded; reason=full")) == (3, 17)
        assert len(puts) <= 4


async def test_a_commit_that_arrives_after_it_was_given_up_counts_once(at, script):
    summers = await at.sum_phase()
    first, *others = await updates(at, 3)
    late: list[Call] = []

    async def commit(call: Call) -> object:
        if not late:
            late.append(call)
            raise StoreUnavailable("timeout")
        if len(late) == 1:
            late.append(call)
            await late[0]()  # just before the second try
        return await call()

    script.verbs["ledger.commit_updates"] = commit
    assert await at.send_to_the_end(*first) == "accepted"
    for one in others:
        assert await at.send(*one) == "accepted"
    assert await mean_of_three(at, summers)


async def test_a_commit_that_arrives_before_the_phase_ends_keeps_its_blob(at, script):
    await at.sum_phase()
    ((one, message),) = await updates(at, 1)
    late: list[Call] = []

    async def commit(call: Call) -> object:
        late.append(call)
        if len(late) == 1:
            raise StoreUnavailable("timeout")
        await late[0]()
        return Refused(Verdict.STALE)

    script.verbs["ledger.commit_updates"] = commit
    assert await at.send_to_the_end(one, message) == "accepted"
    (pointer,) = (await at.machine.around.ledger.pointers()).values()
    assert await at.machine.around.blobs.get(pointer.blob) is not None


async def lose_its_pointer(at: Service, script: Scripted) -> None:
    """A commit is lost, and at the next try the store is not where it was left."""

    async def commit(call: Call) -> object:
        async def moved(call: Call) -> object:
            script.verbs.pop("ledger.commit_updates")
            raise PointerMoved("not the expected one")

        script.verbs["ledger.commit_updates"] = moved
        raise StoreUnavailable("timeout")

    async def pointers(call: Call) -> object:
        script.verbs.pop("ledger.pointers")
        return {at.machine.committer.member: Pointer("elsewhere", bytes(32), 7)}

    script.verbs |= {"ledger.commit_updates": commit, "ledger.pointers": pointers}


async def test_after_a_round_that_broke_in_an_outage_the_next_one_accepts_updates(at, script):
    await at.sum_phase()
    (first,) = await updates(at, 1)
    await lose_its_pointer(at, script)
    sending = asyncio.create_task(at.front.submit(first[0].sealed(first[1])))
    await at.reach(Phase.SUM, 2)
    assert at.machine.record.finished[-1].reason == "store-lost-commits"
    assert at.machine.outage is None
    outcome = await sending
    assert (outcome.is_final, outcome.reason) == (False, "store-unavailable")
    summers = await at.sum_phase()
    await at.update_phase(MODELS)
    assert await mean_of_three(at, summers)


async def test_an_update_that_nobody_waits_for_is_not_held(at, script):
    summers = await at.sum_phase()
    first, second, third = await updates(at, 3)
    gate = asyncio.Event()

    async def put(call: Call) -> object:
        await gate.wait()
        return await call()

    script.verbs["blobs.put"] = put
    sending = asyncio.create_task(at.send(*first))
    committer = at.machine.committer
    await at.until(lambda: committer.in_flight and not committer.waiting)
    given_up = asyncio.create_task(at.send(*second))
    await at.until(lambda: len(committer.waiting) == 1)
    given_up.cancel()
    await asyncio.wait([given_up])
    assert (committer.waiting, len(committer.in_flight)) == ([], 1)
    gate.set()
    assert await sending == "accepted"
    for one in (second, third):
        assert await at.send(*one) == "accepted"
    assert await mean_of_three(at, summers)


async def test_an_update_that_comes_while_the_phase_ends_is_answered_at_once(at, script):
    summers = await at.sum_phase()
    await at.update_phase(MODELS)
    fourth = (await updates(at, 4))[3]
    changing, gate = asyncio.Event(), asyncio.Event()

    async def sums(call: Call) -> object:  # read for the board of the next phase
        changing.set()
        await gate.wait()
        return await call()

    script.verbs["ledger.sums"] = sums
    await at.until(changing.is_set)
    async with asyncio.timeout(5):
        assert await at.send(*fourth) == "rejected; reason=phase"
    gate.set()
    assert await mean_of_three(at, summers)
