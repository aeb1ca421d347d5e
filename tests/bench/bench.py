"""`make bench`: the hot paths as ratios to their floors, beside the Rust, and the whole service.

Paths and floors take turns in one process and are compared by processor time. The exit code is 1,
with a sentence, if a bound is missed.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

import paths
import reference
import whole_service
from report import Line, load_document, show
from whole_service import Load

from parts import MissingPart
from xaynet_pet import MaskConfig

LENGTHS = (55_117, 1_000_000)
CONFIG = MaskConfig("Prime", "F32", "B0", "M3")
SERVICE_UPDATES = 200


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    lengths = options.length or LENGTHS
    try:
        lines = [line for length in lengths for line in lines_of(length, options.quick)]
    except MissingPart as error:
        print(error, file=sys.stderr)
        return 1
    loads = [] if options.quick else service_loads(lengths[0])
    show(lines, loads, Console(width=100))
    write(options.json, lines, loads)
    problems = [problem for line in lines for problem in line.problems()]
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--length", type=int, action="append", help="weights; may be repeated")
    parser.add_argument("--quick", action="store_true", help="fewer runs, and no whole service")
    parser.add_argument("--json", type=Path, default=Path("build/bench.json"), help="result file")
    return parser.parse_args(arguments)


def lines_of(length: int, quick: bool) -> Iterator[Line]:
    """All paths at one length; the longer the fewer runs."""
    runs = 3 if quick else max(9, min(50, 5_000_000 // length))
    rust = reference.seconds(CONFIG, length, max(3, runs // 5))
    for path in paths.measure(paths.Workload(CONFIG, length), runs):
        yield Line(length, path, rust.get(path.name))


def service_loads(length: int) -> list[Load]:
    """Every service whose parts are there."""
    for service, parts in whole_service.missing().items():
        print(f"not measured: {service}; `make parts` builds {', '.join(parts)}", file=sys.stderr)
    with tempfile.TemporaryDirectory() as folder:
        return whole_service.measure(Path(folder), length, SERVICE_UPDATES)


def write(file: Path, lines: Sequence[Line], loads: Sequence[Load]) -> None:
    """The results as JSON."""
    file.parent.mkdir(parents=True, exist_ok=True)
    document = {
        "paths": [line.document() for line in lines],
        "services": [load_document(load) for load in loads],
    }
    file.write_text(json.dumps(document, indent=2) + "\n")


if __name__ == "__main__":
    sys.exit(main())
