"""Stores that cannot be asked, or whose answers get lost: what happened is found out, nothing
happens twice, and every update that was answered is in the model, once."""

import random

import pytest

from federation import drawn, weighted_mean
from service import MODELS, PET, Service, service, settings_in
from unreliable import unreliable
from xaynet_coordinator.front import Unavailable
from xaynet_coordinator.record import Phase
from xaynet_pet import Model, RoundParameters, SeedDict, Tag

# A phase goes on until everyone's message was answered, however long that takes.
EVERYONE = PET | {
    "sum": {"prob": 0.4, "count": {"min": 2, "max": 10}, "time": {"min": 5, "max": 3600}},
    "sum2": {"count": {"min": 2, "max": 10}, "time": {"min": 5, "max": 3600}},
}


class Once:
    """The nth call of a verb meets its fate, all others are fine."""

    def __init__(self, store: str, verb: str, fate: str, nth: int = 1) -> None:
        self.point, self.fate, self.left = (store, verb), fate, nth

    def __call__(self, store: str, verb: str) -> str:
        if (store, verb) != self.point:
            return "fine"
        self.left -= 1
        return self.fate if self.left == 0 else "fine"


async def whole_round(at: Service) -> None:
    """A round of participants that repeat what was not answered; it ends with the exact mean."""
    await at.reach(Phase.SUM)
    params = RoundParameters.from_bytes(await patiently(at, at.front.params))
    summers = drawn(params, Tag.SUM, 2)
    for one in summers:
        assert (await at.send_to_the_end(one, one.sum(params))).startswith("accepted")
    await at.reach(Phase.UPDATE)
    sums = dict(at.machine.board.sums)
    for one, model in zip(drawn(params, Tag.UPDATE, 3), MODELS, strict=True):
        message = one.update(params, sums, *model)
        assert (await at.send_to_the_end(one, message)).startswith("accepted")
    await at.reach(Phase.SUM2)
    for one in summers:
        body = await patiently(at, lambda one=one: at.front.seeds(one.pk))
        message = one.sum2(params, SeedDict.from_bytes(body))
        assert (await at.send_to_the_end(one, message)).startswith("accepted")
    await at.until(lambda: at.machine.record.successful == 1)
    assert at.machine.record.finished[-1].id == 1
    model = Model.from_bytes(at.front.model().bincode)
    assert model.fractions() == weighted_mean(MODELS, params)


async def patiently(at: Service, ask):
    while True:
        try:
            return await at.meanwhile(ask())
        except Unavailable:
            at.clock.skip()


VERBS = [
    ("ledger", "take_term", 1),
    ("ledger", "desired", 1),
    *(("ledger", "advance", nth) for nth in range(1, 6)),
    ("ledger", "keep_elapsed", 3),
    ("ledger", "counts", 4),
    ("ledger", "sums", 1),
    ("ledger", "add_sum_participant", 2),
    *(("ledger", "commit_updates", nth) for nth in (1, 3)),
    ("ledger", "participants", 1),
    ("ledger", "pointers", 1),
    ("ledger", "votes", 1),
    ("ledger", "add_mask", 1),
    ("ledger", "seeds", 1),
    ("ledger", "head", 2),
    *(("blobs", "put", nth) for nth in (1, 2, 4)),
    ("blobs", "put_once", 1),
    ("blobs", "get", 2),
    ("blobs", "keys", 1),
    ("models", "put_once", 1),
    ("models", "put", 1),
]


@pytest.mark.parametrize("fate", ["lost before", "lost after"])
@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: f"{verb[0]}.{verb[1]}-{verb[2]}")
async def test_an_answer_that_is_lost_changes_nothing_of_the_round(tmp_path, verb, fate):
    once = Once(verb[0], verb[1], fate, verb[2])
    async with service(settings_in(tmp_path, pet=EVERYONE), unreliable(once)) as at:
        await whole_round(at)
    assert once.left <= 0, "the verb was not called so often: the test shows nothing"


@pytest.mark.parametrize("seed", range(12))
async def test_a_bad_line_to_all_stores_changes_nothing_of_the_round(tmp_path, seed):
    dice = random.Random(seed)

    def fate(store: str, verb: str) -> str:
        return dice.choices(["fine", "lost before", "lost after"], weights=[8, 1, 1])[0]

    async with service(settings_in(tmp_path, pet=EVERYONE), unreliable(fate)) as at:
        await whole_round(at)


async def test_while_the_ledger_is_away_nothing_is_answered_from_memory(tmp_path):
    away = False

    def fate(store: str, verb: str) -> str:
        return "lost before" if away and store == "ledger" else "fine"

    async with service(settings_in(tmp_path), unreliable(fate)) as at:
        await at.sum_phase()
        await at.reach(Phase.UPDATE)
        params, sums = await at.params(), await at.sums()
        one = drawn(params, Tag.UPDATE, 1)[0]
        away = True
        for ask in (at.front.params, at.front.sums, lambda: at.front.seeds(one.pk)):
            with pytest.raises(Unavailable):
                await ask()
        await at.until(lambda: at.machine.outage is not None)
        outcome = await at.front.submit(one.sealed(one.update(params, sums, [0.5] * 4)))
        assert (outcome.is_final, outcome.reason) == (False, "store-unavailable")
        elapsed = at.machine.stopwatch.elapsed
        at.clock.move(10_000)
        assert at.machine.stopwatch.elapsed == elapsed, "the phase's clock stands"
        away = False
        await at.until(lambda: at.machine.outage is None)
        assert await at.send(one, one.update(params, sums, [0.5] * 4)) == "accepted"
