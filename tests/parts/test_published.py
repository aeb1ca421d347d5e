"""Rounds among the published programs alone: the peers that our own code is held against."""

import json
import subprocess

import numpy as np
import pytest

from exact import decode_model, global_model
from participants import PublishedParticipant, PythonParticipant
from parts import program
from published import FlatSettings, PublishedCoordinator
from roles import saved_state, seeds_with_task
from server_fixtures import absent_parts

pytestmark = pytest.mark.peers

# One sum participant and three update participants make a round; each phase ends with the last.
SETTINGS = FlatSettings(length=5, sum_count=(1, 1), update_count=(3, 3), sum2_count=(1, 1))
MODELS = [
    np.array([0.1, -0.2, 0.3, 1, -1], np.float32),
    np.array([0.5, 0.25, 1e-3, 0, -0.7], np.float32),
    np.array([-0.9, 0.8, -1e-7, 0.123, 0.4], np.float32),
]
SCALARS = [1.0, 0.5, 0.3]
EXPECTED = global_model(
    zip([each.tolist() for each in MODELS], SCALARS, strict=True), SETTINGS.mask
)


@pytest.fixture
def coordinator(launch, tmp_path):
    return launch(PublishedCoordinator(tmp_path / "coordinator", SETTINGS))


@pytest.fixture
def parameters(coordinator):
    return coordinator.get("/params")[1]


def wait_for_second_round(participant):
    """The parameters of the second round are there once the model of the first is."""
    participant.wait_for("parameters", count=2)


def test_the_published_coordinator_serves_parameters(coordinator):
    status, body = coordinator.get("/params")
    assert (status, len(body)) == (200, 136)
    assert coordinator.get("/model") == (204, b"")


def test_a_killed_published_coordinator_starts_again_on_its_port(coordinator, parameters):
    coordinator.restart()
    assert coordinator.get("/params")[1] != parameters


@pytest.mark.parametrize("max_message_size", [None, 256], ids=["whole", "chunked"])
def test_published_participants_finish_a_round(
    launch, tmp_path, coordinator, parameters, max_message_size
):
    def participant(name, seed, model, **options):
        options |= {"seed": seed, "max_message_size": max_message_size}
        return launch(PublishedParticipant(tmp_path / name, coordinator.url, model, **options))

    [seed] = seeds_with_task("sum", 1, parameters)
    summer = participant("sum", seed, MODELS[0], rounds=1)
    seeds = seeds_with_task("update", 3, parameters)
    updaters = [
        participant(f"update{number}", seed, model, scalar=scalar)
        for number, (seed, model, scalar) in enumerate(zip(seeds, MODELS, SCALARS, strict=True))
    ]
    wait_for_second_round(updaters[0])
    status, body = coordinator.get("/model")
    assert status == 200
    assert decode_model(body) == EXPECTED
    assert summer.wait(timeout=10) == 0
    sent = [event["bytes"] for event in summer.events if event["event"] == "sent"]
    assert len(sent) == (2 if max_message_size is None else 4)
    assert max_message_size is None or max(sent) <= max_message_size


@pytest.mark.parametrize("uses", ["plain", "async"])
def test_the_published_wheel_finishes_a_round(launch, tmp_path, coordinator, parameters, uses):
    def participant(name, seed, model, scalar=1.0):
        state = saved_state(seed, scalar)
        folder = tmp_path / name
        return launch(PythonParticipant(folder, coordinator.url, model, state=state, uses=uses))

    [seed] = seeds_with_task("sum", 1, parameters)
    participant("sum", seed, MODELS[0])
    seeds = seeds_with_task("update", 3, parameters)
    updaters = [
        participant(f"update{number}", seed, model, scalar)
        for number, (seed, model, scalar) in enumerate(zip(seeds, MODELS, SCALARS, strict=True))
    ]
    assert updaters[0].wait_for("model")["model"] is None
    model = updaters[0].wait_for("model", count=2)["model"]
    status, body = coordinator.get("/model")
    assert status == 200
    assert decode_model(body) == EXPECTED
    # The wheel's conversion of fractions to floats rounds in its own way (protocol §4.7).
    assert model == pytest.approx([float(each) for each in EXPECTED], rel=1e-6)


def test_the_published_wheel_restores_what_it_saved(launch, tmp_path, coordinator, parameters):
    [seed] = seeds_with_task("sum", 1, parameters)
    state = saved_state(seed)
    participant = PythonParticipant(tmp_path / "one", coordinator.url, MODELS[0], state=state)
    first = launch(participant)
    first.wait_for("model")
    saved = first.save()
    assert bytes(saved) != bytes(state)
    second = PythonParticipant(tmp_path / "two", coordinator.url, MODELS[0], state=saved)
    assert seed in bytes(launch(second).save())


def test_the_reference_bench_times_the_four_paths():
    with absent_parts():
        bench = program("peers", "reference-bench")
    command = [bench, "--length", "10", "--runs", "3", "--config", "Power2/F64/Bmax/M12"]
    found = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    assert found["length"] == 10
    assert set(found["seconds"]) == {"derive", "accept", "mask", "unmask"}
    assert found["seconds"]["accept"]["whole"]["best"] > 0
    assert len(found["seconds"]["derive"]["all"]) == 3
