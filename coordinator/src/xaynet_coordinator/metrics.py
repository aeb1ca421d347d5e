"""Everything that is counted, by name: for ``GET /metrics``, and as points for InfluxDB.

    what happens → a method of Metrics → Prometheus' counters, in a registry of their own
                                       → a line of protocol §7.2, if somebody wants points

Label values are bounded: they are names that this program writes, never what a client sent.
"""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Enum, Gauge
from prometheus_client.exposition import choose_encoder

from xaynet_coordinator.outcomes import Kind, Outcome
from xaynet_coordinator.record import COLLECTING, Phase
from xaynet_coordinator.store import Counts

# Protocol §6. Completed and Terminated are ours: the one waits like Idle, the other has shut down.
PHASE_NUMBER = {
    Phase.IDLE: 0,
    Phase.SUM: 1,
    Phase.UPDATE: 2,
    Phase.SUM2: 3,
    Phase.UNMASK: 4,
    Phase.FAILURE: 5,
    Phase.COMPLETED: 0,
    Phase.TERMINATED: 6,
}

Point = Callable[[str], None]  # takes a line without its timestamp


def no_point(line: str) -> None:
    """Nobody wants points."""


class Metrics:
    """The counters of one process; the registry is an argument, so that none is shared."""

    def __init__(self, registry: CollectorRegistry, point: Point = no_point) -> None:
        self._registry = registry
        self._point = point
        self._round_id = 0
        self._count_rounds(registry)
        self._count_requests(registry)

    def _count_rounds(self, registry: CollectorRegistry) -> None:
        self._messages = Counter(
            "xaynet_messages",
            "Outcomes of POST /message, by the phase they came in",
            ["phase", "outcome", "reason"],
            registry=registry,
        )
        self._phase = Enum(
            "xaynet_phase",
            "The phase the coordinator is in",
            states=[phase.value for phase in Phase],
            registry=registry,
        )
        self._round = Gauge("xaynet_round_id", "The newest round's id", registry=registry)
        self._accepted = Gauge(
            "xaynet_round_accepted",
            "Messages accepted in the round, by phase and over all replicas",
            ["phase"],
            registry=registry,
        )
        self._rounds = Counter(
            "xaynet_rounds", "Rounds that ended, by how", ["result", "reason"], registry=registry
        )
        self._masks = Gauge(
            "xaynet_round_masks", "Different masks in the newest unmasking", registry=registry
        )

    def _count_requests(self, registry: CollectorRegistry) -> None:
        self._requests = Counter(
            "xaynet_http_requests",
            "Requests answered, by path and status",
            ["path", "status"],
            registry=registry,
        )
        self._inflight = Gauge(
            "xaynet_http_inflight_bytes", "Bytes of request bodies held", registry=registry
        )
        self._connections = Gauge(
            "xaynet_http_connections", "Open connections", ["port"], registry=registry
        )
        self._ended = Counter(
            "xaynet_http_connections_ended",
            "Connections that were ended without an answer, by why",
            ["port", "reason"],
            registry=registry,
        )

    def outcome(self, outcome: Outcome, phase: Phase) -> None:
        """A message was answered, in a phase."""
        kind = outcome.kind
        self._messages.labels(phase.value, kind.value, outcome.reason or "").inc()
        if outcome.kind is Kind.ACCEPTED and outcome.reason is None and phase in COLLECTING:
            self._point(self._tagged(f"message_{phase.value.lower()}", phase, "1i"))
        elif kind in (Kind.REJECTED, Kind.DISCARDED):
            self._point(self._tagged(f"message_{kind.value}", phase, "1i"))

    def round_started(self, round_id: int, sum_prob: float, update_prob: float) -> None:
        """Idle has drawn a round."""
        self._round_id = round_id
        self._round.set(round_id)
        self._point(f"round_total_number value={round_id}i")
        self._point(self._tagged("round_param_sum", Phase.IDLE, repr(sum_prob)))
        self._point(self._tagged("round_param_update", Phase.IDLE, repr(update_prob)))

    def phase(self, phase: Phase, round_id: int) -> None:
        """A phase was entered; at a start it may be in the middle of a round."""
        self._round_id = round_id
        self._round.set(round_id)
        self._phase.state(phase.value)
        self._point(f"phase value={PHASE_NUMBER[phase]}i")

    def counts(self, counts: Counts) -> None:
        """What the ledger has counted in the round so far."""
        for phase, count in zip(COLLECTING, (counts.sum, counts.update, counts.sum2), strict=True):
            self._accepted.labels(phase.value).set(count)

    def masks_total_number(self, number: int) -> None:
        """Unmask has found so many different masks."""
        self._masks.set(number)
        self._point(self._tagged("masks_total_number", Phase.UNMASK, f"{number}i"))

    def round_succeeded(self) -> None:
        """A global model was published."""
        self._rounds.labels("succeeded", "").inc()

    def round_failed(self, reason: str) -> None:
        """A round has failed; the reason is one of this program's own."""
        self._rounds.labels("failed", reason).inc()
        self._point(f'event title="Phase error",description="{quoted(reason)}"')

    def request(self, path: str, status: int) -> None:
        """A request was answered; ``path`` is one that is served, or ``other``."""
        self._requests.labels(path, str(int(status))).inc()

    def inflight(self, held: int) -> None:
        """So many bytes of bodies are held."""
        self._inflight.set(held)

    def connections(self, port: str, count: int) -> None:
        """So many connections are open on a port, ``public`` or ``control``."""
        self._connections.labels(port).set(count)

    def connection_ended(self, port: str, reason: str) -> None:
        """A connection was ended by us, without an answer."""
        self._ended.labels(port, reason).inc()

    def exposition(self, accept: str) -> tuple[bytes, str]:
        """All of it as text, and its content type, for a scraper's Accept header."""
        encode, content_type = choose_encoder(accept)
        return encode(self._registry), content_type

    def _tagged(self, measurement: str, phase: Phase, value: str) -> str:
        tags = f"round_id={self._round_id},phase={PHASE_NUMBER[phase]}"
        return f"{measurement},{tags} value={value}"


def quoted(text: str) -> str:
    """The inside of a string field of the line protocol, on one line."""
    return " ".join(text.splitlines()).replace("\\", "\\\\").replace('"', '\\"')
