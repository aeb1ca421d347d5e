"""What is wanted changes while a round runs: each field at its own moment, and nothing is lost."""

import asyncio
from copy import deepcopy

import pytest

from federation import drawn, weighted_mean
from interleaving import Call, interleaved
from service import MODELS, PET, Service, service, settings_in
from unreliable import unreliable
from xaynet_coordinator.changes import PutStatus
from xaynet_coordinator.desired import Wanted
from xaynet_coordinator.record import Phase
from xaynet_coordinator.store import Caps
from xaynet_pet import Model, Tag


def wanted(generation: int, state: str = "Running", **changes: object) -> dict:
    """A document of the control API; changes are paths like `update__count={...}`."""
    parameters = deepcopy(PET)
    rounds = changes.pop("rounds", None)
    for path, value in changes.items():
        *parts, last = path.split("__")
        place = parameters
        for part in parts:
            place = place[part]
        place[last] = value
    return {
        "generation": generation,
        "desiredState": state,
        "rounds": rounds,
        "parameters": parameters,
    }


async def put(at: Service, *args: object, **changes: object) -> PutStatus:
    return (await at.front.put_desired(wanted(*args, **changes))).status


async def finish_round(at: Service, summers: list) -> None:
    await at.sum2_phase(summers)
    await at.until(lambda: at.front.model() is not None)


async def test_a_lower_count_min_ends_the_running_phase_at_once(tmp_path):
    async with service(settings_in(tmp_path)) as at:
        await put(at, 1, update__count={"min": 5, "max": 100})
        summers = await at.sum_phase()
        await at.update_phase(MODELS)
        await at.until(lambda: at.machine.stopwatch.elapsed > 60)
        assert at.machine.board.phase is Phase.UPDATE
        assert await put(at, 2) is PutStatus.STORED
        await at.reach(Phase.SUM2)
        await finish_round(at, summers)


async def test_what_is_published_changes_with_the_next_round(tmp_path):
    async with service(settings_in(tmp_path)) as at:
        summers = await at.sum_phase()
        assert await put(at, 1, model__length=7, sum__prob=0.3) is PutStatus.STORED
        state = await at.front.state(None, 0)
        assert state["parameters"]["model.length"] == {
            "active": 4,
            "generation": 0,
            "pending": 7,
            "pendingGeneration": 1,
        }
        await at.update_phase(MODELS)
        await finish_round(at, summers)
        await at.reach(Phase.SUM, 2)
        params = await at.params()
        assert (params.model_length, params.sum) == (7, 0.3)
        assert at.front.model() is None, "a new length starts without a previous global model"
        state = await at.front.state(None, 0)
        assert state["parameters"]["model.length"] == {"active": 7, "generation": 1}


async def test_a_count_max_below_what_was_accepted_closes_the_phase_and_drops_nothing(tmp_path):
    async with service(settings_in(tmp_path)) as at:
        await put(at, 1, update__count={"min": 4, "max": 100})
        summers = await at.sum_phase()
        params = await at.params()
        updaters = await at.update_phase(MODELS)
        await put(at, 2, update__count={"min": 3, "max": 3})
        fourth = drawn(params, Tag.UPDATE, 4)[3]
        message = fourth.update(params, await at.sums(), [0.0] * 4)
        assert await at.send(fourth, message) in (
            "discarded; reason=full",
            "rejected; reason=phase",
        )
        assert len(updaters) == 3
        await finish_round(at, summers)
        assert Model.from_bytes(at.front.model().bincode).fractions() == weighted_mean(
            MODELS, params
        )


async def test_a_time_max_that_has_already_passed_leaves_fifteen_seconds(tmp_path):
    async with service(settings_in(tmp_path)) as at:
        await at.reach(Phase.SUM)
        await at.until(lambda: at.machine.stopwatch.elapsed > 100)
        elapsed = at.machine.stopwatch.elapsed
        await put(at, 1, sum__time={"min": 5, "max": 20})
        await at.reach(Phase.FAILURE)
        (line,) = at.machine.record.finished
        assert (line.ended - line.started).total_seconds() >= elapsed + 15


async def test_generations_never_go_back(tmp_path):
    async with service(settings_in(tmp_path)) as at:
        await at.reach(Phase.SUM)
        assert await put(at, 3) is PutStatus.STORED
        assert await put(at, 3) is PutStatus.UNCHANGED
        assert await put(at, 2) is PutStatus.OLDER
        result = await at.front.put_desired({"generation": 4})
        assert result.status is PutStatus.INVALID
        assert any("parameters" in problem for problem in result.problems)


async def test_a_generation_that_comes_again_with_another_content_is_a_conflict(tmp_path):
    async with service(settings_in(tmp_path)) as at:
        await at.reach(Phase.SUM)
        await put(at, 3, sum__prob=0.2)
        result = await at.front.put_desired(wanted(3, sum__prob=0.3))
        assert (result.status, result.generation) == (PutStatus.CONFLICT, 3)
        assert "generation 3" in result.problems[0]
        assert at.machine.wanted.parameters.sum.prob == 0.2


async def test_a_conflict_is_found_also_with_what_another_process_has_stored(tmp_path):
    async with service(settings_in(tmp_path)) as at:
        await at.reach(Phase.SUM)
        ledger = at.machine.around.ledger
        for prob, status in ((0.2, PutStatus.CONFLICT), (0.3, PutStatus.STORED)):
            generation = int(prob * 10)
            theirs = Wanted.model_validate(wanted(generation, sum__prob=prob))
            await ledger.put_desired(theirs.stored(), Caps(), paused=False)
            assert await put(at, generation, sum__prob=0.3) is status


async def test_a_pause_longer_than_time_max_loses_nothing(tmp_path):
    async with service(settings_in(tmp_path)) as at:
        one, other = await at.sum_phase(2)
        params = await at.params()
        await put(at, 1, "Paused")
        await at.until(lambda: at.machine.paused)
        late = drawn(params, Tag.SUM, 3)[2]
        outcome = await at.front.submit(late.sealed(late.sum(params)))
        assert (outcome.is_final, outcome.reason, outcome.retry_after) == (False, "paused", 10)
        assert at.front.ready()
        assert await at.params() == params
        at.clock.move(10_000)
        state = await at.front.state(None, 0)
        assert (state["desiredState"], state["waitingFor"]) == ("Paused", "Sum, paused")
        await put(at, 2)
        await at.update_phase(MODELS)
        await finish_round(at, [one, other])
        assert at.machine.record.finished[-1].id == 1


async def test_at_least_fifteen_seconds_remain_after_a_pause(tmp_path):
    async with service(settings_in(tmp_path)) as at:
        await at.reach(Phase.SUM)
        await at.until(lambda: at.machine.stopwatch.elapsed >= 3590)
        await put(at, 1, "Paused")
        await at.until(lambda: at.machine.paused)
        await put(at, 2)
        await at.until(lambda: not at.machine.paused)
        assert at.machine.stopwatch.floor - at.machine.stopwatch.before >= 15


async def test_terminated_is_final_and_erases_the_round(tmp_path):
    for phase in (Phase.SUM, Phase.UPDATE, Phase.SUM2):
        async with service(settings_in(tmp_path / phase.value)) as at:
            if phase is not Phase.SUM:
                await at.sum_phase()
            if phase is Phase.SUM2:
                await at.update_phase(MODELS)
            await at.reach(phase)
            await put(at, 1, "Terminated")
            await at.reach(Phase.TERMINATED)
            result = await at.front.put_desired(wanted(2))
            assert result.status is PutStatus.INVALID
            assert await at.machine.around.ledger.sums() == {}
            record = at.machine.record
            assert record.finished[-1].reason == "terminated"
            assert (record.failed, record.failures_in_a_row) == (0, 0)
        async with service(settings_in(tmp_path / phase.value)) as again:
            await again.reach(Phase.TERMINATED)
            await again.until_gone("rounds/")


async def test_a_higher_number_of_rounds_goes_on_after_completed(tmp_path):
    async with service(settings_in(tmp_path, round={"rounds": 1})) as at:
        summers = await at.sum_phase()
        await at.update_phase(MODELS)
        await at.sum2_phase(summers)
        await at.reach(Phase.COMPLETED)
        await put(at, 1, rounds=2)
        await at.reach(Phase.SUM, 2)


async def test_a_termination_cannot_be_taken_back_before_it_has_happened(tmp_path):
    async with service(settings_in(tmp_path)) as at:
        await at.reach(Phase.SUM)
        assert await put(at, 1, "Terminated") is PutStatus.STORED
        assert await put(at, 2) is PutStatus.INVALID
        assert await put(at, 2, "Terminated") is PutStatus.STORED
        await at.reach(Phase.TERMINATED)


@pytest.mark.parametrize(
    ("phase", "steps"), [(Phase.IDLE, 0), (Phase.FAILURE, 1), (Phase.SUM2, 3), (Phase.UNMASK, 4)]
)
async def test_a_service_is_terminated_while_its_blobs_are_away(tmp_path, phase, steps):
    away = False

    def fate(store: str, verb: str) -> str:
        return "lost before" if away and store != "ledger" else "fine"

    async with service(settings_in(tmp_path), unreliable(fate)) as at:
        if steps == 1:
            await at.reach(Phase.SUM)
        if steps > 1:
            summers = await at.sum_phase()
            await at.update_phase(MODELS)
        if steps > 3:
            await at.sum2_phase(summers)
        away = True
        await at.until(lambda: at.machine.board.phase is phase and at.machine.outage is not None)
        await put(at, 1, "Terminated")
        await at.reach(Phase.TERMINATED)
        away = False
        await at.until_gone("rounds/")
        await at.until(lambda: at.machine.outage is None)


async def test_the_state_tells_when_what_a_terminated_service_knew_is_erased(tmp_path):
    away = False

    def fate(store: str, verb: str) -> str:
        return "lost before" if away and (store, verb) == ("blobs", "keys") else "fine"

    async with service(settings_in(tmp_path), unreliable(fate)) as at:
        await at.sum_phase()
        away = True
        await put(at, 1, "Terminated")
        await at.until(lambda: at.machine.board.phase is Phase.TERMINATED)
        await at.until(lambda: at.machine.outage is not None)
        assert (await at.front.state(None, 0))["erased"] is False
        away = False
        await at.until(lambda: at.machine.erased)
        state = await at.front.state(None, 0)
        assert (state["erased"], state["uid"]) == (True, at.machine.around.vault.uid)
        assert await at.machine.around.blobs.keys("rounds/") == []


async def test_what_is_wanted_counts_at_once_though_its_answer_was_lost(tmp_path):
    lost = []

    def fate(store: str, verb: str) -> str:
        if verb == "put_desired" and not lost:
            lost.append(verb)
            return "lost after"
        return "fine"

    async with service(settings_in(tmp_path), unreliable(fate)) as at:
        await at.reach(Phase.SUM)
        result = await at.meanwhile(at.front.put_desired(wanted(1, "Paused")))
        assert result.status is PutStatus.STORED
        await at.until(lambda: at.machine.paused)


async def test_what_is_wanted_at_a_start_waits_for_the_round_that_goes_on(tmp_path):
    async with service(settings_in(tmp_path)) as at:
        await at.sum_phase(1)
    gate = asyncio.Event()

    async def slowly(store: str, verb: str, call: Call) -> object:
        if (store, verb) == ("blobs", "get"):  # the round's key
            await gate.wait()
        return await call()

    async with service(settings_in(tmp_path), interleaved(slowly)) as again:
        putting = asyncio.create_task(put(again, 1))
        await asyncio.sleep(0.05)
        assert not putting.done()
        gate.set()
        await again.until(putting.done)
        assert putting.result() is PutStatus.STORED
        params = await again.params()
        second = drawn(params, Tag.SUM, 2)[1]
        assert await again.send(second, second.sum(params)) == "accepted"


async def test_a_round_goes_on_after_a_start_that_waits_for_the_control_api(tmp_path):
    async with service(settings_in(tmp_path)) as at:
        summers = await at.sum_phase()
        await at.update_phase(MODELS)
    control = {"bind_address": "127.0.0.1:0", "token": "long", "wait_for_desired": True}
    async with service(settings_in(tmp_path, control=control)) as again:
        await finish_round(again, summers)
        assert (await again.front.state(None, 0))["waitingFor"] == "parameters"
