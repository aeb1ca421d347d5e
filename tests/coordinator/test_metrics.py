"""What is counted, under which names, and as which points (protocol §7.2)."""

import pytest
from prometheus_client import CollectorRegistry

from golden import document
from xaynet_coordinator.metrics import Metrics
from xaynet_coordinator.outcomes import ACCEPTED, REPEATED, STORED, discarded, rejected, retry
from xaynet_coordinator.record import Phase
from xaynet_coordinator.store import Counts


@pytest.fixture
def registry():
    return CollectorRegistry()


@pytest.fixture
def lines():
    return []


@pytest.fixture
def metrics(registry, lines):
    return Metrics(registry, lines.append)


def test_a_round_gives_the_points_that_the_original_gave(metrics, lines):
    recorded = document("round_transcript")["metrics_lines"]
    metrics.phase(Phase.FAILURE, 14)
    metrics.round_failed("phase timeout")
    metrics.phase(Phase.IDLE, 14)
    metrics.round_started(15, 0.5, 0.9)
    for phase, messages in ((Phase.SUM, 2), (Phase.UPDATE, 3), (Phase.SUM2, 2)):
        metrics.phase(phase, 15)
        for _ in range(messages):
            metrics.outcome(ACCEPTED, phase)
    metrics.phase(Phase.UNMASK, 15)
    metrics.masks_total_number(1)
    metrics.phase(Phase.IDLE, 15)
    assert lines == [line.rpartition(" ")[0] for line in recorded]


def test_refused_messages_are_points_and_repeats_and_retries_are_not(metrics, lines):
    metrics.round_started(3, 0.5, 1.0)
    lines.clear()
    for outcome in (rejected("phase"), discarded("full"), REPEATED, STORED, retry("paused")):
        metrics.outcome(outcome, Phase.UPDATE)
    metrics.outcome(rejected("completed"), Phase.COMPLETED)
    assert lines == [
        "message_rejected,round_id=3,phase=2 value=1i",
        "message_discarded,round_id=3,phase=2 value=1i",
        "message_rejected,round_id=3,phase=0 value=1i",
    ]


def test_points_name_the_round_that_a_start_goes_on_with(metrics, lines):
    metrics.phase(Phase.UPDATE, 8)
    metrics.outcome(ACCEPTED, Phase.UPDATE)
    assert lines[-1] == "message_update,round_id=8,phase=2 value=1i"


def test_an_event_stays_on_its_line_and_within_its_quotes(metrics, lines):
    metrics.round_failed('a "reason"\nwith \\ everything')
    assert lines == ['event title="Phase error",description="a \\"reason\\" with \\\\ everything"']


def test_outcomes_are_counted_by_phase_outcome_and_reason(metrics, registry):
    for outcome in (ACCEPTED, ACCEPTED, REPEATED, rejected("signature")):
        metrics.outcome(outcome, Phase.SUM)

    def count(outcome, reason):
        labels = {"phase": "Sum", "outcome": outcome, "reason": reason}
        return registry.get_sample_value("xaynet_messages_total", labels)

    assert count("accepted", "") == 2
    assert count("accepted", "repeated") == 1
    assert count("rejected", "signature") == 1


def test_the_phase_the_round_and_its_counts_are_shown(metrics, registry):
    metrics.phase(Phase.UPDATE, 7)
    metrics.counts(Counts(sum=2, update=5))
    metrics.round_succeeded()
    metrics.round_failed("timeout")
    value = registry.get_sample_value
    assert value("xaynet_round_id") == 7
    assert value("xaynet_phase", {"xaynet_phase": "Update"}) == 1
    assert value("xaynet_phase", {"xaynet_phase": "Sum"}) == 0
    assert value("xaynet_round_accepted", {"phase": "Update"}) == 5
    assert value("xaynet_rounds_total", {"result": "succeeded", "reason": ""}) == 1
    assert value("xaynet_rounds_total", {"result": "failed", "reason": "timeout"}) == 1


def test_two_coordinators_in_one_process_count_apart(metrics, registry):
    other = CollectorRegistry()
    Metrics(other).request("/params", 200)
    labels = {"path": "/params", "status": "200"}
    assert registry.get_sample_value("xaynet_http_requests_total", labels) is None
    assert other.get_sample_value("xaynet_http_requests_total", labels) == 1
