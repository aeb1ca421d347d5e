"""The bench measures what it says, on lengths too small to tell anything about speed."""

import io
import json

import pytest
from bench import CONFIG, write
from paths import Path, Workload, measure
from report import Line, show
from rich.console import Console
from whole_service import Load

from floors import keystream_bytes
from xaynet_pet import MaskConfig


def test_every_path_is_run_and_has_a_floor():
    paths = list(measure(Workload(CONFIG, 50), runs=2))
    assert [path.name for path in paths] == ["derive", "accept", "group", "mask", "unmask"]
    assert all(path.ours > 0 and path.floor >= 0 for path in paths)


def test_the_keystream_floor_counts_the_draws_that_are_thrown_away():
    # A draw takes 6 bytes, 8 with the alignment; 2·10^13+21 of 2^48 are accepted.
    expected = 1000 * 8 * 2**48 / (2 * 10**13 + 21)
    assert keystream_bytes(CONFIG, 1000) == pytest.approx(expected, abs=1)
    # An order of 78 bits takes 10 bytes, 12 with the alignment; 1 draw in 4 is accepted.
    wide = MaskConfig("Power2", "F64", "B0", "M3")
    assert keystream_bytes(wide, 1000) == 1000 * 12 * 4


@pytest.mark.parametrize(
    ("path", "rust", "problem"),
    [
        (Path("derive", ours=3.9, floor=1.0), 50.0, None),
        (Path("derive", ours=4.1, floor=1.0), 50.0, "4.10 × its floor; at most 4.0 ×"),
        (Path("accept", ours=2.6, floor=1.0), 50.0, "2.60 × its floor; at most 2.5 ×"),
        (Path("mask", ours=9.0, floor=1.0), 50.0, None),
        (Path("unmask", ours=9.0, floor=1.0), 6.0, "slower than the Rust: 1.50 times its time"),
        (Path("group", ours=9.0, floor=1.0), None, None),
    ],
)
def test_a_bound_that_is_missed_is_said_in_a_sentence(path, rust, problem):
    problems = list(Line(10, path, rust).problems())
    assert len(problems) == (problem is not None)
    assert all(problem in sentence for sentence in problems)


def test_the_results_are_a_table_and_json(tmp_path):
    lines = [Line(10, Path("derive", 2.0, 1.0), 4.0)]
    loads = [Load("ours", 2, seconds=4.0, cpu_seconds=1.0, latencies=[0.1, 0.2, 0.3])]
    text = io.StringIO()
    show(lines, loads, Console(file=text, width=100))
    assert "derive" in text.getvalue()
    write(tmp_path / "new" / "bench.json", lines, loads)
    document = json.loads((tmp_path / "new" / "bench.json").read_text())
    assert document["paths"][0]["ratio"] == 2.0
    assert document["services"][0]["updates_per_second"] == 0.5
