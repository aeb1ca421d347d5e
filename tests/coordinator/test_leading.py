"""Who leads, and where a start goes on: nothing that was shown goes back, and nobody who was
relieved of the lead does harm."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from federation import drawn
from interleaving import Call, interleaved
from service import MODELS, PET, Service, service, settings_in
from xaynet_coordinator.machine import Fenced
from xaynet_coordinator.record import Phase
from xaynet_coordinator.store import StoreUnavailable
from xaynet_pet import Tag


async def reach(at: Service, phase: Phase) -> None:
    """A phase between two rounds; a round is run for Completed."""
    if phase is Phase.COMPLETED:
        summers = await at.sum_phase()
        await at.update_phase(MODELS)
        await at.sum2_phase(summers)
    if phase is Phase.TERMINATED:
        await at.front.put_desired(desired("Terminated"))
    await at.until(lambda: at.machine.board.term > 0)
    await at.reach(phase)


def desired(state: str) -> dict:
    return {"generation": 1, "desiredState": state, "parameters": PET}


async def test_after_a_start_between_two_rounds_the_last_parameters_are_still_shown(tmp_path):
    settings = settings_in(tmp_path, round={"rounds": 1})
    async with service(settings) as at:
        await at.reach(Phase.SUM)
        params = await at.params()
        await reach(at, Phase.COMPLETED)
    async with service(settings) as again:
        await again.reach(Phase.COMPLETED)
        assert again.front.ready()
        assert again.front.model() is not None
        assert await again.params() == params


async def test_who_was_relieved_of_the_lead_removes_nothing_of_the_next_round(tmp_path):
    key = "rounds/2_ff/key"
    running: list[Service] = []

    async def around(store: str, verb: str, call: Call) -> object:
        if (store, verb) != ("blobs", "keys") or not running:
            return await call()
        around = running.pop().machine.around
        await around.ledger.take_term()  # somebody else leads, and begins a round
        await around.blobs.put(key, b"wrapped")
        return await call()

    async with service(settings_in(tmp_path), interleaved(around)) as at:
        await at.reach(Phase.SUM)
        running.append(at)
        with pytest.raises(Fenced):
            await at.until(lambda: False)
        assert await at.machine.around.blobs.get(key) == b"wrapped"


@pytest.mark.parametrize("phase", [Phase.IDLE, Phase.COMPLETED, Phase.TERMINATED, Phase.SUM])
async def test_who_waits_notices_that_somebody_else_leads(tmp_path, phase):
    sections: dict[str, object] = {"round": {"rounds": 1}}
    if phase is Phase.IDLE:
        bound = {"bind_address": "127.0.0.1:0", "token": "long"}
        sections["control"] = bound | {"wait_for_desired": True}
    async with service(settings_in(tmp_path, **sections)) as at:
        await reach(at, phase)
        if phase is Phase.SUM:
            await at.front.put_desired(desired("Paused"))
            await at.until(lambda: at.machine.paused)
        await at.machine.around.ledger.take_term()
        with pytest.raises(Fenced):
            await at.until(lambda: False)


def copied(ledger: Path) -> sqlite3.Connection:
    """The ledger's content at this moment."""
    copy = sqlite3.connect(":memory:")
    with closing(sqlite3.connect(ledger)) as db:
        db.backup(copy)
    return copy


async def test_a_round_whose_ledger_is_rolled_back_to_an_earlier_phase_fails(tmp_path):
    """Updates that were answered are gone, so it must not go on as if they had never been."""
    async with service(settings_in(tmp_path, round={"uid": "service"})) as at:
        await at.sum_phase()
        ledger = tmp_path / "ledger-service.sqlite"
        with closing(copied(ledger)) as before, closing(sqlite3.connect(ledger)) as db:
            await at.update_phase(MODELS[:2])
            before.backup(db)
        await at.until(lambda: at.machine.record.failed == 1)
        assert at.machine.record.finished[-1].reason == "rolled-back"
        await at.reach(Phase.SUM, 2)


async def test_an_older_model_is_removed_only_once_the_newer_one_is_in_the_record(tmp_path):
    """A start between the two must find a model that it can show."""
    removed: list[str] = []
    shown: list[int] = []

    async def around(store: str, verb: str, call: Call) -> object:
        if (store, verb) == ("models", "delete"):
            shown.append(len(at.machine.record.models))
        if (store, verb) == ("models", "delete") and not removed:
            removed.append(verb)
            raise StoreUnavailable("timeout")
        return await call()

    async with service(
        settings_in(tmp_path, round={"models_keep": 1, "rounds": 2}), interleaved(around)
    ) as at:
        for done in (1, 2):
            await at.reach(Phase.SUM, done)
            summers = await at.sum_phase()
            await at.update_phase(MODELS)
            await at.sum2_phase(summers)
        await at.reach(Phase.COMPLETED)
        (kept,) = at.machine.record.models
        assert await at.machine.around.models.load(kept) is not None
        assert set(shown) == {2}
        assert len(await at.machine.around.models.blobs.keys("")) == 3
        text, _ = at.front.metrics.exposition("text/plain")
        assert 'xaynet_rounds_total{reason="",result="succeeded"} 2.0' in text.decode()


async def test_a_message_between_two_rounds_is_refused_by_who_leads_only(tmp_path):
    async with service(settings_in(tmp_path)) as at:
        await at.reach(Phase.SUM)
        params = await at.params()
        one = drawn(params, Tag.SUM, 1)[0]
        await at.reach(Phase.FAILURE)
        assert await at.send(one, one.sum(params)) == "rejected; reason=no-round"
        await at.machine.around.ledger.take_term()
        outcome = await at.front.submit(one.sealed(one.sum(params)))
        assert (outcome.is_final, outcome.reason) == (False, "phase-change")
