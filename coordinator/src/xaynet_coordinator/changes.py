"""What is wanted may change while a round runs; this is where a change enters.

It is stored in one script with everything that follows from it for the ledger's own judgement
(the caps, the pause), so that from one moment on all replicas judge by the same values. What is
published to participants (probabilities, masking, length) changes with the next round.
"""

import asyncio
from dataclasses import dataclass
from enum import Enum

from xaynet_coordinator.collecting import window
from xaynet_coordinator.desired import Wanted
from xaynet_coordinator.machine import Machine
from xaynet_coordinator.record import COLLECTING, Phase
from xaynet_coordinator.rounds import caps_of


class PutStatus(Enum):
    """What became of a ``PUT /v1/desired``."""

    STORED = "stored"
    UNCHANGED = "unchanged"  # the same is known already
    CONFLICT = "conflict"  # the generation is known already, with another content
    OLDER = "older"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True)
class PutResult:
    """The status, the generation that is stored now, and what is wrong, in sentences."""

    status: PutStatus
    generation: int
    problems: tuple[str, ...] = ()


async def put_desired(machine: Machine, document: object) -> PutResult:
    """Take over what is wanted. Who asks may give up; what was begun then goes on, for the
    ledger may judge by it already."""
    wanted = Wanted.parse(document)
    if isinstance(wanted, tuple):
        return PutResult(PutStatus.INVALID, known_generation(machine), wanted)
    await machine.changing.acquire()
    return await asyncio.shield(machine.begin(take_over(machine, wanted)))


async def take_over(machine: Machine, wanted: Wanted) -> PutResult:
    """Judge what is wanted and store it, however long that takes; lets go of ``changing``."""
    try:
        refused = judge(machine, wanted)
        if refused is not None:
            return refused
        ledger, document = machine.around.ledger, wanted.stored()
        counts, paused = caps_of(wanted, machine.board.round), wanted.paused
        stored = await machine.putting.insist(
            lambda: ledger.put_desired(document, counts, paused=paused)
        )
        # Whatever the ledger holds is what counts, also if somebody else has put it there.
        take_effect(machine, Wanted.restore(stored))
        if stored == document:
            return PutResult(PutStatus.STORED, stored.generation)
        return compare(wanted, Wanted.restore(stored))
    finally:
        machine.changing.release()


def judge(machine: Machine, wanted: Wanted) -> PutResult | None:
    """What speaks against a document by itself."""
    known = known_generation(machine)
    if machine.wanted is not None and wanted.generation <= known:
        return compare(wanted, machine.wanted)
    final = machine.to_be_terminated or machine.record.phase is Phase.TERMINATED
    if final and not wanted.terminated:
        return PutResult(PutStatus.INVALID, known, ("desiredState: Terminated is final",))
    return None


def compare(wanted: Wanted, known: Wanted) -> PutResult:
    """What becomes of a document whose generation is not higher than that of what is known."""
    if wanted.generation < known.generation:
        return PutResult(PutStatus.OLDER, known.generation)
    if wanted == known:
        return PutResult(PutStatus.UNCHANGED, known.generation)
    text = f"generation {known.generation} is stored with another content: send a higher one"
    return PutResult(PutStatus.CONFLICT, known.generation, (text,))


def known_generation(machine: Machine) -> int:
    """The generation of what the machine goes by; 0 is the configuration file."""
    return machine.wanted.generation if machine.wanted else 0


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
