"""What is wanted may change while a round runs; this is where a change enters.

It is stored in one script with everything that follows from it for the ledger's own judgement
(the caps, the pause), so that from one moment on all replicas judge by the same values. What is
published to participants (probabilities, masking, length) changes with the next round.
"""

from dataclasses import dataclass
from enum import Enum

from xaynet_coordinator.collecting import window
from xaynet_coordinator.desired import Wanted
from xaynet_coordinator.machine import Machine
from xaynet_coordinator.record import COLLECTING, Phase
from xaynet_coordinator.store import Caps


class PutStatus(Enum):
    """What became of a ``PUT /v1/desired``."""

    STORED = "stored"
    UNCHANGED = "unchanged"  # the generation is known already
    OLDER = "older"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True)
class PutResult:
    """The status, the generation that is stored now, and what is wrong, in sentences."""

    status: PutStatus
    generation: int
    problems: tuple[str, ...] = ()


async def put_desired(machine: Machine, document: object) -> PutResult:
    """Take over what is wanted. Raises ``StoreUnavailable``."""
    wanted = Wanted.parse(document)
    async with machine.changing:
        known = machine.wanted.generation if machine.wanted else 0
        if isinstance(wanted, tuple):
            return PutResult(PutStatus.INVALID, known, wanted)
        if wanted.generation <= known:
            same = wanted.generation == known
            return PutResult(PutStatus.UNCHANGED if same else PutStatus.OLDER, known)
        final = machine.to_be_terminated or machine.record.phase is Phase.TERMINATED
        if final and not wanted.terminated:
            return PutResult(PutStatus.INVALID, known, ("desiredState: Terminated is final",))
        stored = await machine.around.ledger.put_desired(
            wanted.stored(), caps(machine, wanted), paused=wanted.paused
        )
        if stored.generation != wanted.generation:
            return PutResult(PutStatus.OLDER, stored.generation)
        take_effect(machine, wanted)
    return PutResult(PutStatus.STORED, wanted.generation)


def caps(machine: Machine, wanted: Wanted) -> Caps:
    """The counts by which the ledger judges the round in flight."""
    round = machine.board.round
    return wanted.caps(round.params.mask_config) if round else Caps()


def take_effect(machine: Machine, wanted: Wanted) -> None:
    """From now on the machine goes by it. A change alone never fails a round: a time.max that
    has already passed leaves the grace that a restart does."""
    phase = machine.record.phase
    before = window(machine, phase).time.max if phase in COLLECTING else None
    machine.wanted = wanted
    if before is not None and window(machine, phase).time.max != before:
        machine.stopwatch.grant_grace()
    machine.changed.set()
    machine.revision.bump()
