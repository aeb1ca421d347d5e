"""What a run of the bench says: as tables, as JSON, and as a verdict."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from paths import Path
from rich.console import Console
from rich.table import Table
from whole_service import Load

RATIO_MAX = {"derive": 4.0, "accept": 2.5}
"""The bounds: how many times its floor a path may take. No path may be slower than the Rust."""
BOUNDED_FROM = 55_117
"""Weights; below, what a call costs hides what an element costs."""


@dataclass(frozen=True)
class Line:
    """A path at one length, beside the Rust's seconds (None: the Rust has no such path)."""

    length: int
    path: Path
    rust: float | None

    @property
    def is_bounded(self) -> bool:
        return self.length >= BOUNDED_FROM

    @property
    def ratio_max(self) -> float | None:
        return RATIO_MAX.get(self.path.name) if self.is_bounded else None

    @property
    def speedup(self) -> float | None:
        """How many times faster than the Rust."""
        return None if self.rust is None else self.rust / self.path.ours.cpu

    def problems(self) -> Iterator[str]:
        """The bounds it misses, a sentence each."""
        name, ratio = f"{self.path.name} of {self.length:,} weights", self.path.ratio
        if self.ratio_max is not None and ratio > self.ratio_max:
            yield f"{name} takes {ratio:.2f} × its floor; at most {self.ratio_max} × is allowed"
        if self.is_bounded and self.speedup is not None and self.speedup < 1:
            yield f"{name} is slower than the Rust: {1 / self.speedup:.2f} times its time"

    def document(self) -> dict[str, Any]:
        return {
            "path": self.path.name,
            "length": self.length,
            "cpu_seconds": self.path.ours.cpu,
            "wall_seconds": self.path.ours.wall,
            "floor_cpu_seconds": self.path.floor.cpu,
            "floor_wall_seconds": self.path.floor.wall,
            "ratio": self.path.ratio,
            "ratio_max": self.ratio_max,
            "rust_seconds": self.rust,
            "speedup": self.speedup,
        }


def load_document(load: Load) -> dict[str, Any]:
    return {
        "service": load.service,
        "updates": load.updates,
        "updates_per_second": load.per_second,
        "cpu_seconds_per_update": load.cpu_each,
        "median_seconds": load.median,
        "p95_seconds": load.p95,
    }


def show(lines: Sequence[Line], loads: Sequence[Load], console: Console) -> None:
    """A table of the paths, and one of the services if there were any."""
    console.print(paths_table(lines))
    if loads:
        console.print(services_table(loads))


def paths_table(lines: Sequence[Line]) -> Table:
    columns = ("CPU", "clock", "floor", "ratio", "at most", "Rust", "faster by")
    table = table_of("path, in ms", "weights", *columns)
    for line in lines:
        table.add_row(
            line.path.name,
            f"{line.length:,}",
            milliseconds(line.path.ours.cpu),
            milliseconds(line.path.ours.wall),
            milliseconds(line.path.floor.cpu),
            f"{line.path.ratio:.2f}",
            "" if line.ratio_max is None else f"{line.ratio_max:.1f}",
            "" if line.rust is None else milliseconds(line.rust),
            "" if line.speedup is None else f"{line.speedup:.1f}",
        )
    return table


def services_table(loads: Sequence[Load]) -> Table:
    table = table_of("service", "updates", "per second", "CPU ms each", "median ms", "95 % ms")
    for load in loads:
        table.add_row(
            load.service,
            str(load.updates),
            f"{load.per_second:.0f}",
            milliseconds(load.cpu_each),
            milliseconds(load.median),
            milliseconds(load.p95),
        )
    return table


def table_of(first: str, *others: str) -> Table:
    """An empty table whose first column is text and whose others are numbers."""
    table = Table()
    table.add_column(first, no_wrap=True)
    for name in others:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:,.2f}"
