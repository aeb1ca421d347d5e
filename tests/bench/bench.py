"""`make bench`: the hot paths as ratios to their floors, beside the Rust, and the whole service.

Floors and paths take turns in one process and are compared by CPU time; the Rust is run between
them. The exit code is 1, with a sentence, if a bound is missed.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

import paths
import reference
import whole_service
from report import Line, load_document, show

from xaynet_pet import MaskConfig

LENGTHS = (55_117, 1_000_000)
CONFIG = MaskConfig("Prime", "F32", "B0", "M3")
SERVICE_UPDATES = 100


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--length", type=int, action="append", help="weights; may be repeated")
    parser.add_argument("--quick", action="store_true", help="fewer runs, and no whole service")
    parser.add_argument("--json", type=Path, default=Path("build/bench.json"))
    options = parser.parse_args()
    lengths = options.length or LENGTHS
    lines = [line for length in lengths for line in lines_of(length, options.quick)]
    loads: list[whole_service.Load] = []
    if not options.quick:
        with tempfile.TemporaryDirectory() as folder:
            loads = list(whole_service.measure(Path(folder), lengths[0], SERVICE_UPDATES))
    show(lines, loads, Console(width=100))
    write(options.json, lines, loads)
    problems = [problem for line in lines for problem in line.problems()]
    print("\n".join(problems), file=sys.stderr)
    return 1 if problems else 0


def lines_of(length: int, quick: bool) -> Iterator[Line]:
    """All paths at one length; the longer the fewer runs."""
    runs = 3 if quick else max(5, min(50, 5_000_000 // length))
    rust = reference.seconds(CONFIG, length, max(3, runs // 5))
    for path in paths.measure(paths.Workload(CONFIG, length), runs):
        yield Line(length, path, rust.get(path.name))


def write(file: Path, lines: list[Line], loads: list[whole_service.Load]) -> None:
    """The results as JSON."""
    file.parent.mkdir(parents=True, exist_ok=True)
    document = {
        "paths": [line.document() for line in lines],
        "services": [load_document(load) for load in loads],
    }
    file.write_text(json.dumps(document, indent=2) + "\n")


if __name__ == "__main__":
    sys.exit(main())
