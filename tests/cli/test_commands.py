"""Commands against a service that runs: by its folder, and by the URL of its control API."""

import os
import signal
from pathlib import Path

import numpy as np
import pytest

from coordinators import TOKEN, Coordinator
from embedded import MANIFEST, Embedded, manifest, wait_for_text
from one_round import MODELS, SETTINGS, Round
from processes import Process
from server_fixtures import Launcher
from xaynet_cli.data_folder import DataFolder
from xaynet_pet import Model

pytestmark = pytest.mark.processes


@pytest.fixture
def at(launch: Launcher, tmp_path: Path) -> Embedded:
    """An embedded service, whose folder is the only one of the kind where commands are typed."""
    at = Embedded(tmp_path)
    at.data = DataFolder(tmp_path / "xaynet-small")
    return launch(at)


@pytest.fixture(scope="module")
def untouched(launch_for_all: Launcher, tmp_path_factory: pytest.TempPathFactory) -> Embedded:
    """One for all tests that change nothing."""
    return launch_for_all(Embedded(tmp_path_factory.mktemp("untouched")))


@pytest.fixture
def elsewhere(launch: Launcher, tmp_path: Path) -> list[object]:
    """The options that name a coordinator which was not started by `xaynet up`."""
    at = launch(Coordinator(tmp_path / "coordinator", SETTINGS))
    token = tmp_path / "token"
    token.write_text(f"{TOKEN}\n")
    return ["--control", at.control_url, "--token-file", token]


class Watcher(Process):
    """`xaynet watch` on a folder; what it prints goes to its log."""

    def __init__(self, folder: Path, at: Embedded) -> None:
        super().__init__(folder)
        self.at = at

    def command(self) -> list[str | Path]:
        xaynet = Embedded.command(self.at)[:3]
        return [*xaynet, "watch", "--data", self.at.data.path]


def whole_round(at: Embedded) -> None:
    Round(at).to_sum2()
    Round(at).go_on_with([])
    at.wait_for_phase("Completed")


def test_a_field_is_set_and_the_command_says_when_it_counts(at, xaynet):
    assert xaynet("set", "update.count.min=4", "sum.prob=0.5", "rounds=").lines == [
        "rounds 1 → none",
        "sum.prob 0.4 → 0.5 (from the next round on)",
        "update.count.min 3 → 4",
    ]
    state = at.state()
    assert (state["generation"], state["rounds"]["wanted"]) == (2, None)
    assert state["parameters"]["update.count.min"] == {"active": 4, "generation": 2}
    assert state["parameters"]["sum.prob"]["pending"] == 0.5


def test_what_is_so_already_is_not_sent_again(untouched, xaynet):
    data = ["--data", untouched.data.path]
    assert xaynet("set", "rounds=1", *data).lines == ["nothing has changed"]
    assert xaynet("resume", *data).lines == ["nothing has changed"]
    assert untouched.state()["generation"] == 1


def test_what_the_service_refuses_is_said_in_its_words_and_changes_nothing(untouched, xaynet):
    data = ["--data", untouched.data.path]
    refusal = xaynet("set", "update.count.min=2", "sum.count.max=1", *data).refusal
    assert "parameters.update.count.min is 2, but must be a whole number, at least 3" in refusal
    assert untouched.state()["generation"] == 1


def test_a_round_is_paused_and_goes_on_where_it_stood(at, xaynet):
    here = Round(at)
    first, second = here.sum_bodies()
    here.post([first])
    assert xaynet("pause").lines == ["desiredState Running → Paused"]
    at.wait_for(lambda state: state["paused"])
    assert at.post(second).startswith("503")
    assert xaynet("resume").lines == ["desiredState Paused → Running"]
    here.post([second])
    here.to_sum2()
    here.go_on_with([])


def test_terminating_is_asked_for_twice_and_ends_the_service(at, xaynet):
    assert xaynet("terminate").refusal == (
        "xaynet: nothing was done: terminating is final, confirm it or give --yes"
    )
    assert at.state()["desiredState"] == "Running"
    assert xaynet("terminate", "--yes").lines == ["desiredState Running → Terminated"]
    assert at.wait(timeout=30) == 0
    assert at.last_lines(1) == f"small is terminated; its models are in {at.data.models}"
    assert xaynet("resume").refusal.startswith("xaynet: there is no folder of a service here")


def test_another_manifest_is_applied(at, xaynet, tmp_path):
    other = tmp_path / "other.yaml"
    other.write_text(manifest(rounds=9))
    assert xaynet("apply", other).lines == ["rounds 1 → 9"]
    other.write_text(manifest(rounds=-9))
    assert "spec.rounds is -9, but must be" in xaynet("apply", other).refusal
    assert at.state()["rounds"]["wanted"] == 9


def test_two_who_change_a_service_at_the_same_time_both_have_their_way(at):
    ours, theirs = at.data.control(), at.data.control()
    meanwhile = ["rounds"]

    def edit(wanted):
        if meanwhile:
            theirs.change(lambda wanted: wanted | {meanwhile.pop(): 7})
        return wanted | {"desiredState": "Paused"}

    ours.change(edit)
    state = at.state()
    assert (state["desiredState"], state["rounds"]["wanted"]) == ("Paused", 7)
    assert state["generation"] == 3


def test_a_service_is_followed_until_it_stops(at, launch, tmp_path):
    watcher = launch(Watcher(tmp_path / "watcher", at))
    wait_for_text(watcher, "round 1: Sum")
    Round(at).to_update()
    at.data.control().change(lambda wanted: wanted | {"desiredState": "Paused"})
    at.wait_for(lambda state: state["paused"])
    os.kill(at.pid, signal.SIGINT)
    assert at.wait(30) == 0
    assert watcher.wait(30) == 0
    lines = watcher.last_lines().splitlines()
    assert lines[0] == "round 1: Sum"
    assert "round 1: Update (2 in Sum)" in lines
    assert lines[-2:] == ["Update is paused", "the service has stopped"]


def test_who_follows_a_service_goes_on_after_its_restart_and_ends_with_ctrl_c(at, launch, tmp_path):
    watcher = launch(Watcher(tmp_path / "watcher", at))
    wait_for_text(watcher, "round 1: Sum")
    Round(at).to_update()
    at.kill()
    wait_for_text(watcher, "nothing answers")
    at.start()
    whole_round_from_update(at)
    wait_for_text(watcher, "Completed: 1 rounds have succeeded")
    os.kill(watcher.pid, signal.SIGINT)
    assert watcher.wait(10) == 0
    assert "Traceback" not in watcher.last_lines()


def whole_round_from_update(at: Embedded) -> None:
    here = Round(at)
    here.go_on_with(here.update_bodies())


def test_models_are_listed_and_written_in_both_forms(at, xaynet, tmp_path):
    whole_round(at)
    (line,) = xaynet("models", "list").lines
    id = at.state()["latestModel"]["id"]
    assert line.startswith(f"{id}  50 weights  2")
    exact = at.model().to_bytes()
    for name, wanted in (("m.npy", "latest"), ("n.npy", "1"), ("m.bin", id[:9])):
        assert xaynet("models", "get", wanted, "-o", name).lines == [
            f"global model {id} is in {name}"
        ]
    assert (tmp_path / "m.bin").read_bytes() == exact
    array = np.load(tmp_path / "m.npy")
    assert np.array_equal(array, Model.from_bytes(exact).to_array("f32"))
    assert np.array_equal(array, np.load(tmp_path / "n.npy"))
    assert abs(array[0] - sum(m[0] * s for m, s in MODELS) / sum(s for _, s in MODELS)) < 1e-6


def test_models_stay_when_the_service_has_stopped(at, xaynet):
    whole_round(at)
    at.stop()
    assert xaynet("models", "get", "-o", "m.npy").code == 0
    assert xaynet("models", "get", "2", "-o", "m.npy").refusal.startswith("xaynet: 2 is no model's")


def test_a_model_that_is_damaged_is_not_written(at, xaynet, tmp_path):
    whole_round(at)
    (path,) = at.data.models.glob("*.npy")
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    assert "is damaged" in xaynet("models", "get", "-o", "m.npy").refusal
    assert not (tmp_path / "m.npy").exists()


def test_any_coordinator_is_reached_by_its_control_api(elsewhere, xaynet, tmp_path):
    assert xaynet("set", "rounds=3", *elsewhere).lines == ["rounds none → 3"]
    assert xaynet("pause", *elsewhere).lines == ["desiredState Running → Paused"]
    file = tmp_path / "round.yaml"
    file.write_text(MANIFEST)
    assert "rounds 3 → 1" in xaynet("apply", file, *elsewhere).lines


def test_the_newest_model_of_any_coordinator_is_written(launch, xaynet, tmp_path):
    at = launch(Coordinator(tmp_path / "coordinator", SETTINGS))
    token = tmp_path / "token"
    token.write_text(TOKEN)
    options = ["--control", at.control_url, "--token-file", token]
    assert xaynet("models", "list", *options).lines == []
    refusal = xaynet("models", "get", "-o", "m.npy", *options).refusal
    assert refusal == "xaynet: there are no global models yet: no round has succeeded"
    Round(at).to_sum2()
    Round(at).go_on_with([])
    (line,) = xaynet("models", "list", *options).lines
    assert "50 weights" in line
    refusal = xaynet("models", "get", "-o", "m.npy", *options).refusal
    assert refusal == "xaynet: give --coordinator URL, the address that participants use"
    for name in ("m.npy", "m.bin"):
        assert xaynet("models", "get", "-o", name, "--coordinator", at.url, *options).code == 0
    assert (tmp_path / "m.bin").read_bytes() == at.model().to_bytes()
    assert np.load(tmp_path / "m.npy").shape == (50,)
