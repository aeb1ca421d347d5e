"""Timing things against each other on a noisy machine: in turn, and by the median."""

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Seconds:
    """What something took: of the processor, which others cannot add to, and of the clock."""

    cpu: float
    wall: float


def medians(actions: Mapping[str, Callable[[], object]], runs: int) -> dict[str, Seconds]:
    """The medians of each action; they take turns, after one round to warm up."""
    taken: dict[str, list[Seconds]] = {name: [] for name in actions}
    for _ in range(runs + 1):
        for name, act in actions.items():
            taken[name].append(timed(act))
    return {name: median(each[1:]) for name, each in taken.items()}


def timed(act: Callable[[], object]) -> Seconds:
    """One run. What it returns is thrown away after the clocks are read."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = act()
    seconds = Seconds(time.process_time() - cpu, time.perf_counter() - wall)
    del result
    return seconds


def median(runs: list[Seconds]) -> Seconds:
    """Of each clock by itself."""
    return Seconds(
        statistics.median(run.cpu for run in runs), statistics.median(run.wall for run in runs)
    )
