"""The exact arithmetic that judges the rounds, against the golden files."""

import json
import struct
from fractions import Fraction

import pytest

from exact import VECTORS, decode_model, global_model
from roles import saved_state, task

CONFIG = ("group_type", "data_type", "bound_type", "model_type")


def entries(name):
    return json.loads((VECTORS / name).read_text())["entries"]


def aggregates():
    return [entry for entry in entries("masking.json") if entry["kind"] == "aggregate"]


def number(value):
    return float(value) if isinstance(value, str) else value


def weights(model, data_type):
    if data_type.startswith("I"):
        return model["weights"]["values"]
    kind = {"F32": ">f", "F64": ">d"}[data_type]
    return [struct.unpack(kind, bytes.fromhex(bits))[0] for bits in model["weights"]["bits"]]


@pytest.mark.parametrize("entry", aggregates(), ids=lambda entry: str(entry["config"]))
def test_the_global_model_is_the_golden_one(entry):
    config = entry["config"].get("vect", entry["config"])
    models = [
        (weights(model, config["data_type"]), number(model["scalar"]["value"]))
        for model in entry["models"]
    ]
    found = global_model(models, tuple(config[name] for name in CONFIG))
    assert found == [Fraction(*map(int, ratio)) for ratio in entry["unmasked"]]
    assert decode_model(bytes.fromhex(entry["model_bincode"])) == found


def test_the_task_of_a_key_is_the_golden_one():
    for entry in entries("keys.json"):
        if entry["kind"] != "task":
            continue
        probabilities = struct.pack("<dd", entry["sum"]["value"], entry["update"]["value"])
        seed = bytes.fromhex(entry["round_seed"])
        parameters = bytes(40) + probabilities + bytes(8) + seed + bytes(40)
        assert task(bytes.fromhex(entry["participant_seed"]), parameters) == entry["task"]


def test_a_saved_state_has_the_size_of_an_idle_participant():
    assert len(saved_state(bytes(32))) == 261
    assert len(saved_state(bytes(32), max_message_size=4096)) == 269
