"""The bench measures what it says, on lengths too small to tell anything about speed."""

import io
import json
from functools import partial

import pytest
import reference
from bench import CONFIG, write
from paths import Path, Workload, measure
from report import BOUNDED_FROM, Line, show
from rich.console import Console
from whole_service import Load, joined, post_updates, settings_of, started

from floors import keystream_bytes
from stopwatches import Seconds, medians
from xaynet_pet import MaskConfig


def test_every_path_is_run_and_has_a_floor():
    paths = list(measure(Workload(CONFIG, 50), runs=2))
    assert [path.name for path in paths] == ["derive", "accept", "accept alone", "mask", "unmask"]
    assert all(path.ours.wall > 0 and path.floor.wall > 0 for path in paths)


def test_actions_take_turns_and_the_first_round_does_not_count():
    turns: list[str] = []
    actions = {name: partial(turns.append, name) for name in ("a", "b")}
    assert medians(actions, runs=2).keys() == {"a", "b"}
    assert turns == ["a", "b"] * 3


def test_the_keystream_floor_counts_the_draws_that_are_thrown_away():
    # A draw takes 6 bytes, 8 with the alignment; 2·10^13+21 of 2^48 are accepted.
    expected = 1000 * 8 * 2**48 / (2 * 10**13 + 21)
    assert keystream_bytes(CONFIG, 1000) == pytest.approx(expected, abs=1)
    # An order of 78 bits takes 10 bytes, 12 with the alignment; 1 draw in 4 is accepted.
    wide = MaskConfig("Power2", "F64", "B0", "M3")
    assert keystream_bytes(wide, 1000) == 1000 * 12 * 4


def path(name: str, cpu: float) -> Path:
    """One that has taken `cpu` times its floor, and been kept waiting."""
    return Path(name, ours=Seconds(cpu, 10 * cpu), floor=Seconds(1.0, 20.0))


@pytest.mark.parametrize(
    ("measured", "rust", "problem"),
    [
        (path("derive", 3.9), 50.0, None),
        (
            path("derive", 4.1),
            50.0,
            "derive of 55,117 weights takes 4.10 × its floor; at most 4",
        ),
        (path("accept", 2.6), 50.0, "2.60 × its floor; at most 2.5 ×"),
        (path("mask", 9.0), 50.0, None),
        (path("unmask", 9.0), 6.0, "slower than the Rust: 1.50 times its time"),
        (path("accept alone", 9.0), None, None),
    ],
)
def test_a_bound_that_is_missed_is_said_in_a_sentence(measured, rust, problem):
    problems = list(Line(BOUNDED_FROM, measured, rust).problems())
    assert len(problems) == (problem is not None)
    assert all(problem in sentence for sentence in problems)


def test_few_weights_have_no_bound():
    assert not list(Line(BOUNDED_FROM - 1, path("derive", 99.0), rust=1.0).problems())


def test_the_results_are_a_table_and_json(tmp_path):
    lines = [Line(10, path("derive", 2.0), 4.0)]
    turn = Load("ours", 2, seconds=4.0, cpu_seconds=1.0, latencies=[0.1, 0.3])
    loads = [joined([turn, turn])]
    text = io.StringIO()
    show(lines, loads, Console(file=text, width=100))
    assert "derive" in text.getvalue()
    write(tmp_path / "new" / "bench.json", lines, loads)
    document = json.loads((tmp_path / "new" / "bench.json").read_text())
    assert document["paths"][0]["ratio"] == 2.0
    assert document["paths"][0]["speedup"] == 2.0
    assert document["services"][0]["updates"] == 4
    assert document["services"][0]["updates_per_second"] == 0.5
    assert document["services"][0]["cpu_seconds_per_update"] == 0.5
    assert document["services"][0]["median_seconds"] == pytest.approx(0.2)


@pytest.mark.processes
def test_a_service_answers_every_update_and_is_measured(tmp_path):
    settings = settings_of(length=50, updates=4)
    with started("ours, embedded", tmp_path, settings) as server:
        load = post_updates("ours, embedded", server, 4)
    assert len(load.latencies) == load.updates == 4
    assert 0 < load.median <= load.p95
    assert load.seconds > 0
    assert load.cpu_seconds >= 0


@pytest.mark.peers
def test_the_rust_is_timed_on_the_same_paths():
    seconds = reference.seconds(CONFIG, length=50, runs=1)
    assert seconds.keys() == {"derive", "accept", "mask", "unmask"}
    assert all(each > 0 for each in seconds.values())
