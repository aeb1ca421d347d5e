"""What a running coordinator of ours has counted, read from its /metrics."""

import time

from prometheus_client.parser import text_string_to_metric_families

from coordinators import Coordinator


def counted(at: Coordinator, name: str, **labels: str) -> float:
    """The sum of a counter over all samples that have these labels; 0 before the first."""
    answer = at.http.get(f"{at.control_url}/metrics")
    answer.raise_for_status()
    return sum(
        sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )


def wait_until_counted(
    at: Coordinator, least: int, name: str, timeout: float = 60, **labels: str
) -> None:
    """Wait until a counter has come so far."""
    deadline = time.monotonic() + timeout
    while (count := counted(at, name, **labels)) < least:
        if time.monotonic() > deadline:
            raise at.failed(f"counted {count} in {timeout} s, not {least}: {name} {labels}")
        time.sleep(0.05)
