"""What happened between two statuses, as events for people: each transition once.

Pure: the same two statuses give the same events in the same words.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from xaynet_operator.resource import (
    Condition,
    FederatedRound,
    FederatedRoundStatus,
    FinishedRound,
    ParameterStatus,
)

# Reasons for not being ready that another event tells, or nobody needs to be told.
UNTOLD = frozenset({"Erasing", "Terminated", "ScaledToZero"})


@dataclass(frozen=True, slots=True)
class Happening:
    """One event."""

    type: Literal["Normal", "Warning"]
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Change:
    """How one condition was, if it was there, and how it is."""

    was: Condition | None
    now: Condition

    @property
    def value(self) -> bool:
        """Whether it holds now and did not, or the other way round."""
        return self.was is None or self.was.status != self.now.status

    @property
    def reason(self) -> bool:
        """Whether it holds or not for another reason."""
        return self.value or (self.was is not None and self.was.reason != self.now.reason)

    @property
    def begun(self) -> bool:
        """Whether it holds, and did not before."""
        return self.value and self.now.status == "True"

    @property
    def over(self) -> bool:
        """Whether it does not hold, and did before."""
        return self.value and self.was is not None and self.was.status == "True"


def happenings(
    before: FederatedRoundStatus | None, after: FederatedRoundStatus, cr: FederatedRound
) -> tuple[Happening, ...]:
    """What is worth an event; of the same kind and cause only one."""
    earlier = before or FederatedRoundStatus()
    was = {one.type: one for one in earlier.conditions}
    changes = {one.type: Change(was.get(one.type), one) for one in after.conditions}
    told = (
        *_rounds(earlier, after),
        *_parameters(earlier, after, changes),
        *_health(changes),
        *_course(changes),
    )
    return tuple({one.reason + one.message: one for one in told}.values())


# Rounds and parameters


def _rounds(before: FederatedRoundStatus, after: FederatedRoundStatus) -> Iterator[Happening]:
    """The rounds that have ended since, the oldest first."""
    known = {(one.id, one.finished_at) for one in before.history}
    for one in reversed(after.history):
        if (one.id, one.finished_at) in known:
            continue
        if one.outcome == "Succeeded":
            yield Happening("Normal", "RoundSucceeded", f"Round {one.id} succeeded{_counts(one)}.")
        if one.outcome == "Failed":
            text = f"Round {one.id} failed{_counts(one)}: {one.reason}"
            yield Happening("Warning", "RoundFailed", text)


def _counts(one: FinishedRound) -> str:
    counts = f"{one.sum.accepted} sum, {one.update.accepted} update, {one.sum2.accepted} sum2"
    took = "" if one.duration_seconds is None else f" after {one.duration_seconds} s"
    return f"{took} with {counts} messages"


def _parameters(
    before: FederatedRoundStatus, after: FederatedRoundStatus, changes: dict[str, Change]
) -> Iterator[Happening]:
    was = {one.field: one for one in before.parameters}
    pairs = [(old, one) for one in after.parameters if (old := was.get(one.field))]
    active = [_value(one.field, one.active) for old, one in pairs if old.active != one.active]
    if active:
        since = f"from round {after.round.id} on" if after.round else "from now on"
        yield Happening("Normal", "ParametersActive", f"{', '.join(active)} {since}.")
    coming = [one for old, one in pairs if one.takes_effect == "NextRound" and _edited(old, one)]
    if coming:
        values = ", ".join(_value(one.field, one.pending) for one in coming)
        yield Happening("Normal", "ParametersPending", f"With the next round {values}.")
    applied = changes.get("ParametersApplied")
    if applied and applied.reason and applied.now.reason == "Refused":
        yield Happening("Warning", "ParametersRefused", applied.now.message)


def _edited(old: ParameterStatus, one: ParameterStatus) -> bool:
    return (old.pending, old.takes_effect) != (one.pending, one.takes_effect)


def _value(field: str, value: str | None) -> str:
    return f"{field.removeprefix('spec.')} is {value}"


# Conditions


def _health(changes: dict[str, Change]) -> Iterator[Happening]:
    ready, degraded = changes.get("Ready"), changes.get("Degraded")
    if ready and ready.reason and not _untold(ready):
        yield Happening(_kind(ready), ready.now.reason, ready.now.message)
    if degraded and degraded.reason and degraded.now.status == "True":
        yield Happening("Warning", degraded.now.reason, degraded.now.message)
    recovered = degraded and degraded.over and degraded.now.reason == "Healthy"
    if degraded and recovered and not (ready and ready.begun):
        yield Happening("Normal", "Healthy", degraded.now.message)


def _untold(ready: Change) -> bool:
    first = ready.now.reason == "Starting" and not ready.over
    return first or ready.now.reason in UNTOLD


def _kind(ready: Change) -> Literal["Normal", "Warning"]:
    good = ready.now.status == "True" or ready.now.reason == "Starting"
    return "Normal" if good else "Warning"


def _course(changes: dict[str, Change]) -> Iterator[Happening]:
    """Pause, completion and end."""
    if paused := changes.get("Paused"):
        yield from _pause(paused)
    if completed := changes.get("Completed"):
        if completed.begun:
            yield Happening("Normal", "Completed", completed.now.message)
        if completed.over:
            yield Happening("Normal", "GoesOn", completed.now.message)
    if terminated := changes.get("Terminated"):
        yield from _end(terminated)


def _pause(paused: Change) -> Iterator[Happening]:
    held = paused.now.status == "True" and paused.now.reason != "Resuming"
    if held and paused.reason:
        yield Happening("Normal", paused.now.reason, paused.now.message)
    if paused.over and paused.now.reason not in UNTOLD:
        yield Happening("Normal", "Resumed", "The service is not paused any more.")


def _end(terminated: Change) -> Iterator[Happening]:
    if terminated.begun:
        complete = terminated.now.reason == "Erased"
        reason = "Terminated" if complete else terminated.now.reason
        yield Happening("Normal" if complete else "Warning", reason, terminated.now.message)
    elif terminated.reason and terminated.now.reason == "Erasing":
        yield Happening("Normal", "Terminating", terminated.now.message)
