"""Messages that were refused, counted by phase for the round in flight."""

from collections import Counter
from dataclasses import dataclass, field

from xaynet_coordinator.outcomes import Kind, Outcome
from xaynet_coordinator.record import Phase


@dataclass(slots=True)
class Tally:
    """Refusals of the newest round since the process began; the ledger counts what is accepted."""

    round_id: int = 0
    counts: Counter[tuple[Phase, Kind]] = field(default_factory=Counter[tuple[Phase, Kind]])

    def count(self, round_id: int, phase: Phase, outcome: Outcome) -> None:
        """Add one outcome."""
        if round_id != self.round_id:
            self.round_id, self.counts = round_id, Counter()
        self.counts[phase, outcome.kind] += 1

    def of(self, round_id: int, phase: Phase, kind: Kind) -> int:
        """How many of a kind came in a phase of the round."""
        return self.counts[phase, kind] if round_id == self.round_id else 0
