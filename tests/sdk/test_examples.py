"""The examples run against a coordinator, as their first lines say."""

import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from tiny_coordinator import TinyCoordinator, serving
from xaynet_pet import Model

EXAMPLES = Path(__file__).parents[2] / "examples"


def run(name: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, EXAMPLES / f"{name}.py", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def output(name: str, *arguments: object) -> str:
    finished = run(name, *arguments)
    assert finished.returncode == 0, finished.stderr
    assert finished.stderr == ""
    return finished.stdout


def test_several_participants_find_a_mean():
    coordinator = TinyCoordinator(sum=0.4)  # with 25, every round finds both tasks
    with serving(coordinator) as url:
        options = ("--rounds", 2, "--participants", 25)
        lines = output("several_participants", url, *options).splitlines()
    assert len(lines) == 3
    assert coordinator.rounds > 2
    assert all(abs(float(line.split()[-1])) < 0.5 for line in lines)


@pytest.mark.parametrize("name", ["hello_world", "hello_world_async"])
def test_hello_world_sees_a_round_begin(name):
    with serving(TinyCoordinator()) as url:
        assert "the global model is None" in output(name, url, "--rounds", 1)


def test_the_global_model_can_be_downloaded(tmp_path):
    coordinator = TinyCoordinator()
    with serving(coordinator) as url:
        nothing = run("download_global_model", url)
        assert (nothing.returncode, "no round has succeeded" in nothing.stderr) == (1, True)
        coordinator.model = Model.from_fractions([Fraction(1, 2), Fraction(-1, 4)])
        said = output("download_global_model", url, "--save", tmp_path / "model.npy")
    assert "2 weights of type float32: [ 0.5  -0.25]" in said
    assert np.load(tmp_path / "model.npy").tolist() == [0.5, -0.25]


def test_a_coordinator_that_is_not_there_is_named_and_not_waited_for():
    assert "failed to fetch global model" in run("download_global_model", "http://[::1]:1").stderr


def test_a_participant_goes_on_in_the_next_run(tmp_path):
    state = tmp_path / "participant.state"
    with serving(TinyCoordinator()) as url:
        arguments = (url, "--state", state, "--seconds", 1)
        assert "a new participant" in output("save_and_restore", *arguments)
        assert state.stat().st_mode & 0o777 == 0o600
        keys = state.read_bytes()[26:58]
        assert "going on as before" in output("save_and_restore", *arguments)
    assert state.read_bytes()[26:58] == keys
