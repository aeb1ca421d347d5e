"""`xaynet up` as its users run it: a process, a manifest, a folder, signals."""

import os
import signal
from pathlib import Path

import pytest

from embedded import MANIFEST, Embedded, manifest
from one_round import Round
from server_fixtures import Launcher
from xaynet_cli.data_folder import NotServed

pytestmark = pytest.mark.processes


@pytest.fixture
def at(launch: Launcher, tmp_path: Path) -> Embedded:
    return launch(Embedded(tmp_path))


def ends(at: Embedded, with_code: int = 0) -> str:
    """It ends by itself; its last line."""
    assert at.wait(timeout=30) == with_code, at.last_lines()
    with pytest.raises(NotServed):
        at.data.serving()
    return at.last_lines(1)


def save(at: Embedded, text: str) -> None:
    """Save the manifest as editors do: a new file takes the place of the old one."""
    draft = at.file.with_suffix(".new")
    draft.write_text(text)
    draft.replace(at.file)


def test_a_round_runs_to_its_end_and_the_service_says_how_it_went(at):
    Round(at).to_sum2()
    Round(at).go_on_with([])
    at.wait_for_phase("Completed")
    at.wait_for_line("Completed: 1 rounds have succeeded")
    at.wait_for_line(f"small is served at {at.url}, data in {at.data.path}")


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_ends_it_with_a_sentence_and_without_an_error(at, name):
    os.kill(at.pid, getattr(signal, name))
    assert ends(at) == "small has stopped; the next start goes on where it stood"


def test_the_next_start_goes_on_with_the_round_in_flight(at):
    here = Round(at)
    here.to_update()
    bodies = here.update_bodies()
    here.post(bodies[:1])
    os.kill(at.pid, signal.SIGINT)
    ends(at)
    at.start()
    assert at.post(bodies[0]) == "accepted; repeated"
    here.go_on_with(bodies[1:])


def test_after_a_kill_the_round_goes_on_too(at):
    here = Round(at)
    here.to_update()
    bodies = here.update_bodies()
    here.post(bodies[:1])
    at.restart()
    here.go_on_with(bodies)


def test_only_its_owner_reads_the_token_and_it_is_gone_when_nothing_serves(at):
    token = at.data.path / "control.token"
    assert token.stat().st_mode & 0o777 == 0o600
    assert at.data.path.stat().st_mode & 0o777 == 0o700
    first = token.read_text()
    assert at.data.control().token == first
    os.kill(at.pid, signal.SIGTERM)
    ends(at)
    assert not token.exists()
    at.start()
    assert token.read_text() != first


def test_saving_the_manifest_applies_it(at):
    save(at, manifest(rounds=3))
    state = at.wait_for(lambda state: state["generation"] == 2)
    assert state["rounds"]["wanted"] == 3
    at.wait_for_line(f"{at.file} is applied: rounds 1 → 3")


def test_a_wrong_manifest_that_is_saved_changes_nothing_and_is_told(at):
    save(at, manifest(rounds=0))
    allowed = "a whole number, at least 1 and at most 1000000000000"
    at.wait_for_line(f"{at.file} is not applied: spec.rounds is 0, but must be {allowed}")
    save(at, MANIFEST.replace("small", "other"))
    name = "metadata.name is other, but a service keeps its name"
    at.wait_for_line(f"{at.file} is not applied: {name}")
    assert at.state()["generation"] == 1
    save(at, manifest(rounds=2))
    at.wait_for(lambda state: state["rounds"]["wanted"] == 2)


def test_a_field_that_needs_a_restart_is_told(at):
    save(at, manifest(models={"keep": 2}))
    at.wait_for_line(f"{at.file} is applied: spec.models.keep from the next start on")


def test_what_was_set_meanwhile_counts_on_after_a_restart_until_the_manifest_is_edited(at):
    at.data.control().change(lambda wanted: wanted | {"rounds": 5})
    at.restart()
    state = at.wait_for(lambda state: state["generation"] == 2)
    assert state["rounds"]["wanted"] == 5
    told = "rounds is 5, as was set since the manifest was applied"
    at.wait_for_line(f"{told}: to save {at.file} undoes it")
    at.stop()
    save(at, manifest(desiredState="Paused"))
    at.start()
    state = at.wait_for(lambda state: state["paused"])
    assert (state["generation"], state["rounds"]["wanted"]) == (3, 1)


def test_the_desired_state_of_the_manifest_counts_from_the_start(launch, tmp_path):
    at = launch(Embedded(tmp_path, manifest(desiredState="Paused")))
    at.wait_for(lambda state: state["paused"])
    here = Round(at)
    assert at.post(here.sum_bodies()[0]).startswith("503")
    save(at, MANIFEST)
    here.to_update()


def test_terminated_in_the_manifest_ends_it_once_the_round_is_erased(at):
    here = Round(at)
    here.to_update()
    here.post(here.update_bodies()[:1])
    save(at, manifest(desiredState="Terminated"))
    assert ends(at) == f"small is terminated; its models are in {at.data.models}"
    assert not list(at.data.path.glob("blobs/*/rounds/*"))


def test_what_has_no_effect_is_told(launch, tmp_path):
    at = launch(Embedded(tmp_path, manifest(redis={"managed": {"storage": "2Gi"}})))
    at.wait_for_line("without a cluster these fields have no effect: spec.redis")
