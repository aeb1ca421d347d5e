"""Timing things against each other on a noisy machine: in turn, by CPU time, by the median."""

import statistics
import time
from collections.abc import Callable, Mapping


def medians(actions: Mapping[str, Callable[[], object]], runs: int) -> dict[str, float]:
    """The median CPU seconds of each action; they take turns, after one round to warm up."""
    seconds: dict[str, list[float]] = {name: [] for name in actions}
    for turn in range(runs + 1):
        for name, act in actions.items():
            began = time.process_time()
            act()
            if turn:
                seconds[name].append(time.process_time() - began)
    return {name: statistics.median(each) for name, each in seconds.items()}
