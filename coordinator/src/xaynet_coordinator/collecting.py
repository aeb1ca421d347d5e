"""How long a phase collects messages: the rule of counts and times (protocol §6.1).

    [0, time.min]         everything is taken, up to count.max
    [time.min, time.max]  until count.min is reached
    time.max              the round fails: timeout

in the phase's own time, which stands while nothing can be accepted: paused, or without a store.
The counts are the ledger's, over all replicas; the values are those wanted now, so that an edit
takes effect at once.
"""

from typing import Protocol

from xaynet_coordinator.board import TAG_OF_PHASE
from xaynet_coordinator.leading import confirm_lead
from xaynet_coordinator.machine import HeadMoved, Machine, RoundFailed
from xaynet_coordinator.record import Phase
from xaynet_coordinator.store import Counts

TICK_SECONDS = 1.0  # how often the elapsed time is kept, and the ledger's counts are read


class Range(Protocol):
    """The least and the most of something."""

    @property
    def min(self) -> int: ...
    @property
    def max(self) -> int: ...


class Window(Protocol):
    """The part of a phase's parameters that says when it ends: messages, and seconds."""

    @property
    def count(self) -> Range: ...
    @property
    def time(self) -> Range: ...


def window(machine: Machine, phase: Phase) -> Window:
    """The counts and times of a phase, as they are wanted now."""
    wanted = machine.in_force
    if wanted is None:
        raise RoundFailed("no-parameters")
    parameters = wanted.parameters
    return {
        Phase.SUM: parameters.sum,
        Phase.UPDATE: parameters.update,
        Phase.SUM2: parameters.sum2,
    }[phase]


def accepted(counts: Counts, phase: Phase) -> int:
    """How many messages of the phase were accepted."""
    return counts.of(TAG_OF_PHASE[phase])


async def collect(machine: Machine, phase: Phase) -> bool:
    """Wait until the phase has enough. False: the service is to be terminated.

    Raises ``RoundFailed`` at time.max.
    """
    while True:
        machine.changed.clear()
        if machine.broken is not None:
            raise RoundFailed(machine.broken)
        if machine.to_be_terminated:
            return False
        if machine.to_be_paused:
            await hold(machine)
            continue
        remaining = await look(machine, phase)
        if remaining is None:
            return True
        await machine.around.clock.wait(machine.changed, min(remaining, TICK_SECONDS))


async def look(machine: Machine, phase: Phase) -> float | None:
    """Seconds until the rule must be looked at again; None: the phase has enough."""
    if machine.outage is None:
        machine.stopwatch.start()
    await keep_time(machine)
    have = accepted(machine.counts, phase)
    want = window(machine, phase)
    elapsed = machine.stopwatch.elapsed
    if have >= want.count.min and elapsed >= want.time.min:
        return None
    limit = machine.stopwatch.limit(want.time.max)
    if elapsed >= limit:
        raise RoundFailed("timeout")
    return (want.time.min if elapsed < want.time.min else limit) - elapsed


async def keep_time(machine: Machine) -> None:
    """Remember the elapsed time, and read the counts; see that the ledger lost nothing."""
    now = machine.around.clock.now()
    if now - machine.kept_at >= TICK_SECONDS or not machine.stopwatch.runs:
        await store_time(machine)
        machine.kept_at = now
    before = machine.counts
    counts = await machine.around.ledger.counts()
    machine.patience.recover()
    machine.mark_progress()
    if counts != counts.at_least(before):
        raise RoundFailed("store-lost-commits")
    machine.count(counts)


async def store_time(machine: Machine) -> None:
    """Keep the elapsed time, if the ledger's head is still where the machine left it."""
    board, elapsed = machine.board, machine.stopwatch.elapsed
    if not await machine.around.ledger.keep_elapsed(board.term, board.epoch, elapsed):
        raise HeadMoved


async def pass_time(machine: Machine, seconds: float) -> None:
    """Wait for a change, at most so long; the loop stays visibly alive, and sees who leads."""
    machine.changed.clear()
    await machine.around.clock.wait(machine.changed, seconds)
    machine.mark_progress()
    await confirm_lead(machine)


async def hold(machine: Machine) -> None:
    """Paused: the clock stands until something else is wanted."""
    machine.stopwatch.stop()
    await keep_time(machine)
    machine.paused = True
    machine.revision.bump()
    try:
        while machine.to_be_paused:
            await pass_time(machine, TICK_SECONDS)
    finally:
        machine.paused = False
        machine.revision.bump()
    machine.stopwatch.grant_grace()
    machine.stopwatch.start()
