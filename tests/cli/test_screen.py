"""A service on a terminal and in plain lines."""

import io
import re

import pytest
from rich.console import Console

from service import MODELS, PET, Service, service, settings_in
from xaynet_cli.events import events
from xaynet_cli.screen import Screen
from xaynet_cli.view import view
from xaynet_coordinator.record import Phase
from xaynet_pet.parameters import PetParameters

SHORT = {"min": 1, "max": 20}
TWO = {"count": {"min": 2, "max": 10}, "time": SHORT}
QUICK = PET | {
    "sum": PET["sum"] | TWO,
    "update": PET["update"] | {"time": SHORT},
    "sum2": PET["sum2"] | TWO,
}


async def state(at: Service) -> dict:
    return await at.front.state(None, 0)


def drawn(state: dict) -> str:
    console = Console(file=io.StringIO(), width=100, force_terminal=False)
    console.print(view("digits at http://127.0.0.1:8081", state))
    return console.file.getvalue()


@pytest.fixture
async def seen(tmp_path) -> dict[str, dict]:
    """The observed states of a service: its first round succeeds, the second fails."""
    states = {}
    async with service(settings_in(tmp_path, pet=QUICK, round={"rounds": 2})) as at:
        await at.reach(Phase.SUM)
        states["sum"] = await state(at)
        summers = await at.sum_phase()
        await at.update_phase(MODELS)
        states["update"] = await state(at)
        await at.sum2_phase(summers)
        await at.reach(Phase.SUM, 2)
        states["second"] = await state(at)
        await at.reach(Phase.SUM, 3)
        states["third"] = await state(at)
        await at.front.put_desired(wanted(1, "Paused"))
        await at.until(lambda: at.machine.paused)
        states["paused"] = await state(at)
    return states


def wanted(generation: int, desired: str) -> dict:
    parameters = PetParameters.model_validate(QUICK).model_dump(mode="json", by_alias=True)
    return {"generation": generation, "desiredState": desired, "parameters": parameters}


def test_what_happens_is_told_in_one_line_each(seen):
    assert list(events(None, seen["sum"])) == ["round 1: Sum"]
    assert list(events(seen["sum"], seen["update"])) == ["round 1: Update (2 in Sum)"]
    assert list(events(seen["update"], seen["update"])) == []
    ended, model, begun = events(seen["update"], seen["second"])
    assert ended.startswith("round 1 succeeded with 3 updates after ")
    assert model == f"global model {seen['second']['latestModel']['id']}"
    assert begun == "round 2: Sum"
    assert list(events(seen["second"], seen["third"])) == [
        "round 2 failed (timeout) after 20.0 s",
        "round 3: Sum",
    ]
    assert list(events(seen["third"], seen["paused"])) == [
        "generation 1 counts, Paused",
        "Sum is paused",
    ]


def test_an_outage_of_the_store_is_told_once_and_when_it_is_over(seen):
    away = seen["sum"] | {"store": {"available": False, "message": "disk full"}}
    assert list(events(seen["sum"], away)) == ["the store does not answer: disk full"]
    assert list(events(away, away)) == []
    assert list(events(away, seen["sum"])) == ["the store answers again"]


def test_phases_that_pass_by_themselves_are_not_told(seen):
    for phase in ("Idle", "Unmask", "Failure"):
        assert list(events(seen["sum"], seen["sum"] | {"phase": phase, "round": None})) == []
    done = seen["second"] | {"phase": "Completed", "round": None}
    assert list(events(seen["second"], done)) == ["Completed: 1 rounds have succeeded"]


def test_the_view_shows_round_phase_time_counts_and_the_last_rounds(seen):
    view = drawn(seen["third"])
    assert "digits at http://127.0.0.1:8081" in view
    heading = r"round 3 · Sum · (20|19) s left · 1 of 2 rounds done, 1 failed"
    assert re.search(heading, view)
    assert "2    0       0     0     20.0  failed (timeout)" in view
    assert "succeeded with 3 updates" in view
    assert f"global model {seen['third']['latestModel']['id'][:40]}" in view
    (sums,) = [line for line in drawn(seen["update"]).splitlines() if "Sum  " in line]
    assert sums.split()[-6:-1] == ["2", "2", "10", "0", "0"]


def test_the_view_shows_a_pause_and_an_outage(seen):
    assert "round 3 · Sum · paused" in drawn(seen["paused"])
    away = {"store": {"available": False, "message": "gone"}, "waitingFor": "the store: gone"}
    assert "the store: gone" in drawn(seen["sum"] | away)


def test_a_service_that_waits_for_its_parameters_can_be_shown(seen):
    nothing = {"generation": None, "phase": "Idle", "round": None, "parameters": {}}
    waiting = seen["sum"] | nothing | {"rounds": seen["sum"]["rounds"] | {"wanted": None}}
    assert list(events(None, waiting)) == ["Idle: waiting for parameters"]
    assert "Idle · 0 rounds done" in drawn(waiting)


def test_a_console_that_is_no_terminal_gets_lines_without_breaks(seen):
    file = io.StringIO()
    with Screen(Console(file=file, width=20, force_terminal=False), "digits") as screen:
        screen.tell("[bold]a line that is longer than the console is wide, and has brackets")
        screen.show(seen["sum"])
        screen.show(seen["update"])
    assert file.getvalue().splitlines() == [
        "[bold]a line that is longer than the console is wide, and has brackets",
        "round 1: Sum",
        "round 1: Update (2 in Sum)",
    ]


def test_a_terminal_gets_the_view_unless_plain_lines_are_wanted(seen, monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    for plain in (False, True):
        file = io.StringIO()
        console = Console(file=file, width=100, force_terminal=True, legacy_windows=False)
        with Screen(console, "digits", plain=plain) as screen:
            screen.show(seen["sum"])
        assert screen.is_live is not plain
        assert (" s left" in file.getvalue()) is not plain
