"""What a run of the bench says: as a table, as JSON, and as a verdict."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from paths import Path
from rich.console import Console
from rich.table import Table
from whole_service import Load

RATIO_MAX = {"derive": 4.0, "accept": 2.5}
"""The bounds: how many times its floor a path may take. No path may be slower than the Rust."""


@dataclass(frozen=True)
class Line:
    """A path at one length, beside the Rust (None: the Rust has no such path)."""

    length: int
    path: Path
    rust: float | None

    @property
    def speedup(self) -> float | None:
        """How many times faster than the Rust."""
        return None if self.rust is None else self.rust / self.path.ours

    def problems(self) -> Iterator[str]:
        """The bounds it misses, a sentence each."""
        name, most = f"{self.path.name} of {self.length} weights", RATIO_MAX.get(self.path.name)
        if most is not None and self.path.ratio > most:
            yield f"{name} takes {self.path.ratio:.2f} × its floor; at most {most} × is allowed"
        if self.speedup is not None and self.speedup < 1:
            yield f"{name} is slower than the Rust: {1 / self.speedup:.2f} times its time"

    def document(self) -> dict[str, Any]:
        return {
            "path": self.path.name,
            "length": self.length,
            "seconds": self.path.ours,
            "floor_seconds": self.path.floor,
            "ratio": self.path.ratio,
            "ratio_max": RATIO_MAX.get(self.path.name),
            "rust_seconds": self.rust,
            "speedup": self.speedup,
        }


def load_document(load: Load) -> dict[str, Any]:
    return {
        "service": load.service,
        "updates": load.updates,
        "updates_per_second": load.per_second,
        "cpu_seconds_per_update": load.cpu_seconds / load.updates,
        "median_seconds": load.median,
        "p95_seconds": load.p95,
    }


def show(lines: Sequence[Line], loads: Sequence[Load], console: Console) -> None:
    """Both tables."""
    table = Table("path", "weights", "ours", "floor", "ratio", "allowed", "Rust", "faster by")
    for line in lines:
        allowed = RATIO_MAX.get(line.path.name)
        table.add_row(
            line.path.name,
            f"{line.length:,}",
            milliseconds(line.path.ours),
            milliseconds(line.path.floor),
            f"{line.path.ratio:.2f}",
            "" if allowed is None else f"{allowed:.1f}",
            "" if line.rust is None else milliseconds(line.rust),
            "" if line.speedup is None else f"{line.speedup:.1f}",
        )
    console.print(table)
    services = Table("service", "updates", "per second", "CPU each", "median", "95 %")
    for load in loads:
        services.add_row(
            load.service,
            str(load.updates),
            f"{load.per_second:.0f}",
            milliseconds(load.cpu_seconds / load.updates),
            milliseconds(load.median),
            milliseconds(load.p95),
        )
    if loads:
        console.print(services)


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.2f} ms"
