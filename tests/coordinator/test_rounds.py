"""Whole rounds on the embedded stores, in virtual time."""

import asyncio

from federation import Participant, drawn, weighted_mean
from service import MODELS, PET, Service, service, settings_in
from xaynet_coordinator.record import Phase
from xaynet_pet import Model, Tag


async def whole_round(at: Service) -> None:
    """Two sum participants and three updates, to the end of the round."""
    before = at.machine.record.successful
    summers = await at.sum_phase()
    await at.update_phase(MODELS)
    await at.sum2_phase(summers)
    await at.until(lambda: at.machine.record.successful == before + 1)


async def test_a_round_unmasks_to_the_exact_weighted_mean(tmp_path):
    async with service(settings_in(tmp_path)) as at:
        await at.reach(Phase.SUM)
        params = await at.params()
        await whole_round(at)
        model = at.front.model()
        assert model is not None
        assert Model.from_bytes(model.bincode).fractions() == weighted_mean(MODELS, params)


async def test_whoever_watches_hears_of_an_accepted_update(tmp_path):
    async with service(settings_in(tmp_path)) as at:
        await at.sum_phase()
        await at.reach(Phase.UPDATE)
        known = await at.front.state(None, 0)
        watching = asyncio.create_task(at.front.state(known["revision"], 20))
        await at.update_phase(MODELS[:1])
        state = await watching
        assert state["revision"] > known["revision"]
        assert state["round"]["messages"]["update"]["accepted"] == 1


async def test_rounds_follow_each_other_with_new_keys_and_a_chained_seed(tmp_path):
    async with service(settings_in(tmp_path)) as at:
        await at.reach(Phase.SUM)
        first = await at.params()
        await whole_round(at)
        await at.reach(Phase.SUM, 2)
        second = await at.params()
        assert (first.pk, first.seed) != (second.pk, second.seed)
        await whole_round(at)
        assert [line.id for line in at.machine.record.finished] == [1, 2]


async def test_after_the_wanted_number_of_rounds_the_service_is_completed(tmp_path):
    async with service(settings_in(tmp_path, round={"rounds": 1})) as at:
        summers = await at.sum_phase()
        params = await at.params()
        await at.update_phase(MODELS)
        await at.sum2_phase(summers)
        await at.reach(Phase.COMPLETED)
        assert at.front.model() is not None
        late = Participant(0)
        assert await at.send(late, late.sum(params)) == "rejected; reason=completed"


async def test_a_round_without_enough_participants_fails_at_time_max_and_the_next_begins(tmp_path):
    async with service(settings_in(tmp_path)) as at:
        await at.reach(Phase.SUM, 1)
        await at.reach(Phase.SUM, 2)
        (line,) = at.machine.record.finished
        assert line.reason == "timeout"
        assert (line.ended - line.started).total_seconds() >= 3600


async def test_a_phase_lasts_at_least_time_min_however_many_have_come(tmp_path):
    async with service(settings_in(tmp_path)) as at:
        await at.sum_phase(3)
        began = at.clock.now() - at.machine.stopwatch.elapsed
        await at.reach(Phase.UPDATE)
        assert at.clock.now() - began >= 5


async def test_a_message_over_count_max_is_discarded(tmp_path):
    few = PET | {"sum": {"prob": 0.4, "count": {"min": 1, "max": 1}, "time": {"min": 5, "max": 60}}}
    few |= {"sum2": {"count": {"min": 1, "max": 1}, "time": {"min": 5, "max": 60}}}
    async with service(settings_in(tmp_path, pet=few)) as at:
        await at.sum_phase(1)
        params = await at.params()
        second = drawn(params, Tag.SUM, 2)[1]
        assert await at.send(second, second.sum(params)) == "discarded; reason=full"


async def test_a_repeat_is_accepted_again_also_after_its_phase(tmp_path):
    async with service(settings_in(tmp_path)) as at:
        one, *_ = await at.sum_phase()
        params = await at.params()
        assert await at.send(one, one.sum(params)) == "accepted; repeated"
        await at.reach(Phase.UPDATE)
        assert await at.send(one, one.sum(params)) == "accepted; repeated"
        stranger = drawn(params, Tag.SUM, 3)[2]
        assert await at.send(stranger, stranger.sum(params)) == "rejected; reason=phase"


async def test_an_update_in_chunks_counts_once_like_a_whole_one(tmp_path):
    async with service(settings_in(tmp_path)) as at:
        summers = await at.sum_phase()
        await at.update_phase(MODELS[:2])
        params = await at.params()
        third = drawn(params, Tag.UPDATE, 3)[2]
        message = third.update(params, await at.sums(), *MODELS[2])
        bodies = third.sealed_chunks(message, 300)
        outcomes = [(await at.front.submit(body)).header for body in bodies]
        assert outcomes == ["stored"] * (len(bodies) - 1) + ["accepted"]
        assert (await at.front.submit(bodies[-1])).header == "accepted; repeated"
        await at.sum2_phase(summers)
        await at.until(lambda: at.front.model() is not None)
        model = Model.from_bytes(at.front.model().bincode)
        assert model.fractions() == weighted_mean(MODELS, params)


async def test_masks_that_tie_fail_the_round(tmp_path):
    async with service(settings_in(tmp_path)) as at:
        one, other = await at.sum_phase()
        await at.update_phase(MODELS)
        await at.reach(Phase.SUM2)
        params = await at.params()
        seeds = await at.seeds(one)
        assert await at.send(one, one.sum2(params, seeds)) == "accepted"
        fewer = dict(list((await at.seeds(other)).items())[:2])
        assert await at.send(other, other.sum2(params, fewer)) == "accepted"
        await at.reach(Phase.SUM, 2)
        assert at.machine.record.finished[-1].reason == "ambiguous-masks"
        assert at.front.model() is None


async def test_scalars_that_are_all_zero_fail_the_round(tmp_path):
    async with service(settings_in(tmp_path)) as at:
        summers = await at.sum_phase()
        await at.update_phase([(weights, 0.0) for weights, _ in MODELS])
        await at.sum2_phase(summers)
        await at.reach(Phase.SUM, 2)
        assert at.machine.record.finished[-1].reason == "zero-scalar-sum"
