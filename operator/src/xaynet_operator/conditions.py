"""The conditions of a FederatedRound: whether each holds, why in a word, and what to do.

Pure. What only the coordinator knows is taken from what it told last; while it has told nothing
to this operator, the verdicts of the status before stand for the same generation of the spec,
and are Unknown for another one. Time matters only to objects that have just been made.
"""

from datetime import datetime

from xaynet_operator.coordinator_state import CoordinatorState
from xaynet_operator.documents import at, in_force, quoted
from xaynet_operator.facts import Found, Manifest, ObjectKey, Stage
from xaynet_operator.hindrances import because_of, hindrance
from xaynet_operator.lifecycle import job_outcome
from xaynet_operator.manifests.connections import object_store, redis_url
from xaynet_operator.manifests.objects import name_of
from xaynet_operator.owned import COMPONENT, Component
from xaynet_operator.resource import Condition, FederatedRound, FederatedRoundStatus
from xaynet_operator.sight import UNREACHED, Sight, Verdict

FAILURES_IN_A_ROW = 3
RESUMING = Verdict("True", "Resuming", "The coordinator is about to go on.")


def conditions_of(
    cr: FederatedRound, found: Found, told: FederatedRoundStatus, now: datetime
) -> tuple[Condition, ...]:
    """All conditions, each once. A transition time is kept as long as the value is."""
    sight = Sight(cr, found, told, now)
    judged = {
        "Ready": ready(sight),
        "Progressing": progressing(sight),
        "Paused": paused(sight),
        "ParametersApplied": parameters_applied(sight),
        "Degraded": degraded(sight),
        "Completed": completed(sight),
        "Terminated": terminated(sight),
    }
    return tuple(_condition(kind, verdict, sight, now) for kind, verdict in judged.items())


def _condition(kind: str, verdict: Verdict, sight: Sight, now: datetime) -> Condition:
    was = sight.before(kind)
    since = was.last_transition_time if was and was.status == verdict.status else None
    return Condition(
        type=kind,
        status=verdict.status,
        observed_generation=sight.cr.metadata.generation,
        last_transition_time=since or now.replace(microsecond=0),
        reason=verdict.reason,
        message=verdict.message,
    )


# Ready


def ready(sight: Sight) -> Verdict:
    """Whether participants are served."""
    if ended := _ended(sight):
        return ended
    if sight.found.stage is Stage.ASLEEP:
        text = "Paused and scaled to zero: set spec.desiredState to Running to go on."
        return Verdict("False", "ScaledToZero", text)
    if obstacle := hindrance(sight):
        return obstacle
    if sight.state is None:
        return sight.believed("Ready")
    notes = " ".join(sight.state.warnings)
    text = "The coordinator answers, and its stores too."
    return Verdict("True", "CoordinatorReady", f"{text} {notes}".strip())


def _ended(sight: Sight) -> Verdict | None:
    if terminated(sight).status == "True":
        text = "The service is terminated, which is final: create another resource to begin anew."
        return Verdict("False", "Terminated", text)
    if sight.ended:
        return Verdict("False", "Erasing", "What the rounds have left in the stores is erased.")
    return None


# Progressing


def progressing(sight: Sight) -> Verdict:
    """Whether the service is on its way to what the spec asks for."""
    stage, trouble = sight.found.stage, sight.trouble
    if terminated(sight).status == "True":
        return Verdict("False", "AsDesired", "The service is terminated.")
    if trouble is not None:
        return because_of(trouble)
    if stage is Stage.ERASING:
        return Verdict("True", "Erasing", "What the rounds have left in the stores is erased.")
    if stage is Stage.ASLEEP:
        return _falling_asleep(sight)
    if waited_for := sight.waited_for():
        known = sight.state is not None or bool(sight.told.parameters)
        names = " and ".join(component.value for component in waited_for)
        reason = "RollingOut" if known else "Provisioning"
        return Verdict("True", reason, f"Not ready yet: {names}.")
    if not sight.reached or sight.state is None:
        text = "The pods run; the coordinator has not answered yet."
        return Verdict("Unknown", "CoordinatorUnreachable", text)
    return _following(sight, sight.state)


def _falling_asleep(sight: Sight) -> Verdict:
    asleep = {Component.COORDINATOR.value, Component.REDIS.value}
    for one in sight.found.objects.values():
        if one.get("kind") == "Pod" and at(one, "metadata", "labels", COMPONENT) in asleep:
            return Verdict("True", "Pausing", "The pods are ending.")
    return Verdict("False", "AsDesired", "Paused and scaled to zero, as asked.")


def _following(sight: Sight, state: CoordinatorState) -> Verdict:
    """Whether a coordinator that runs has done what it was told."""
    if sight.found.refused:
        return Verdict("False", "Refused", _refusal(sight))
    if not sight.current:
        return Verdict("True", "ApplyingParameters", "The coordinator is told the newest spec.")
    if sight.to_be_paused:
        return _pausing(sight, state)
    if state.paused:
        return Verdict("True", "Resuming", "The coordinator is about to go on.")
    if _pending(sight):
        text = "Some parameters wait for the next round; ParametersApplied names them."
        return Verdict("True", "ApplyingParameters", text)
    return Verdict("False", "AsDesired", "Everything is as the spec asks.")


def _pausing(sight: Sight, state: CoordinatorState) -> Verdict:
    if not _rests(state):
        return Verdict("True", "Pausing", _finishing(state))
    if sight.cr.spec.pause.scale_to_zero:
        return Verdict(
            "True", "Pausing", "The coordinator stands still and is about to be stopped."
        )
    return Verdict("False", "AsDesired", "The service is paused, as asked.")


def _rests(state: CoordinatorState) -> bool:
    return state.paused or state.phase == "Completed"


def _finishing(state: CoordinatorState) -> str:
    return f"The coordinator finishes what cannot be interrupted first; it is in {state.phase}."


# Paused


def paused(sight: Sight) -> Verdict:
    """Whether the service stands still because it was asked to."""
    if ended := _ended(sight):
        return ended
    if sight.found.stage is Stage.ASLEEP:
        text = "Coordinator and managed Redis are stopped; the round goes on when it is resumed."
        return Verdict("True", "ScaledToZero", text)
    state = sight.heard
    if state is None:
        waking = sight.state is not None and sight.holds("Paused") and not sight.to_be_paused
        return RESUMING if waking else sight.remembered("Paused")
    if state.paused and not sight.to_be_paused:
        return RESUMING
    if state.paused:
        text = "The round stands still, reads go on: set spec.desiredState to Running to go on."
        return Verdict("True", "Paused", text)
    if not sight.to_be_paused:
        return Verdict("False", "Running", "No pause is asked for.")
    if state.phase == "Completed" and sight.current:
        return Verdict("True", "Paused", "All rounds are done, and no other one begins.")
    return Verdict("False", "Pausing", _finishing(state))


# ParametersApplied


def parameters_applied(sight: Sight) -> Verdict:
    """Whether the round in flight goes by the parameters of the newest spec."""
    if sight.ended:
        return Verdict("Unknown", "Terminated", "No round runs any more.")
    if sight.found.refused:
        return Verdict("False", "Refused", _refusal(sight))
    asleep = sight.found.stage is Stage.ASLEEP
    if sight.state is None and not (asleep and sight.is_newer_than("ParametersApplied")):
        return sight.remembered("ParametersApplied")
    if not sight.current:
        when = "when it is resumed" if asleep else "now"
        return Verdict("False", "Applying", f"The coordinator is told the newest spec {when}.")
    if pending := _pending(sight):
        text = f"Waiting for the next round: {', '.join(pending)}."
        return Verdict("False", "NextRound", text)
    return Verdict("True", "Applied", "The coordinator goes by the newest spec.")


def _refusal(sight: Sight) -> str:
    said = " ".join(sight.found.refused)
    return f"The coordinator does not take the newest spec, and goes by the one before: {said}"


def _pending(sight: Sight) -> list[str]:
    return [one.field for one in sight.told.parameters if one.pending is not None]


# Degraded


def degraded(sight: Sight) -> Verdict:
    """Whether the service does worse than it was meant to."""
    if ended := _ended(sight):
        return ended
    if sight.found.stage is Stage.ASLEEP:
        return Verdict("False", "ScaledToZero", "Nothing is meant to run.")
    obstacle = hindrance(sight)
    if obstacle is not None and obstacle.reason != "Starting":
        return obstacle._replace(status="True")
    if sight.trouble is not None:
        return because_of(sight.trouble)._replace(status="True")
    state = sight.state
    if state is None:
        return _without_word(sight)
    if state.rounds.failures_in_a_row >= FAILURES_IN_A_ROW:
        return Verdict("True", "RoundsFailing", _failing(sight))
    return Verdict("False", "Healthy", "Nothing is wrong.")


def _without_word(sight: Sight) -> Verdict:
    """What was wrong with objects is over; what was said of the rounds still holds."""
    was = sight.believed("Degraded")
    if was.reason in ("Healthy", "RoundsFailing"):
        return was
    return UNREACHED


def _failing(sight: Sight) -> str:
    reasons = (one.reason for one in sight.told.history if one.outcome == "Failed")
    last = quoted(next(reasons, "")) or "it does not say why"
    text = f"At least {FAILURES_IN_A_ROW} rounds in a row have failed, the last one: {last}."
    return f"{text} Check that enough participants take part, or ask for fewer in spec.pet."


# Completed


def completed(sight: Sight) -> Verdict:
    """Whether all rounds that were asked for are done."""
    rounds, done = sight.cr.spec.rounds, sight.told.totals.successful
    if rounds is None:
        return Verdict("False", "NoEnd", "spec.rounds is not given: rounds go on until terminated.")
    if sight.heard is None and not sight.told.parameters:
        return sight.remembered("Completed")
    if done >= rounds and _is_over(sight):
        text = f"{done} of {rounds} rounds are done. A higher spec.rounds goes on."
        return Verdict("True", "RoundsReached", text)
    return Verdict("False", "RoundsLeft", f"{done} of {rounds} rounds are done.")


def _is_over(sight: Sight) -> bool:
    """A round in flight is finished first, even if it is one more than asked for."""
    known = sight.heard is None or sight.heard.phase in ("Completed", "Terminated")
    return known and sight.told.round is None


# Terminated


def terminated(sight: Sight) -> Verdict:
    """Whether the end is recorded: once it is, it stays."""
    was = sight.before("Terminated")
    if was is not None and was.status == "True":
        return Verdict("True", was.reason, was.message)
    if not sight.ended:
        return Verdict("False", "NotAsked", "spec.desiredState does not ask for it.")
    name = name_of(sight.cr, Component.ERASE)
    job = sight.found.objects.get(ObjectKey("Job", name))
    match job_outcome(job):
        case "Complete":
            text = "All that the rounds have left in the stores is erased."
            return Verdict("True", "Erased", text)
        case "Failed":
            return Verdict("True", "ErasureIncomplete", _left_behind(sight, job or {}))
        case _:
            return Verdict("False", "Erasing", _erasing(sight))


def _erasing(sight: Sight) -> str:
    text = "What the rounds have left in the stores is erased."
    return f"{text} {sight.trouble.message}" if sight.trouble else text


def _left_behind(sight: Sight, job: Manifest) -> str:
    """What may be left, and where."""
    cr = sight.cr
    why = quoted(at(in_force(job, "Failed"), "message")) or "its pods say why"
    places: list[str] = []
    if cr.spec.redis.external is not None:
        url = redis_url(cr)
        places.append(f"in the Redis that entry {url.key} of Secret {url.name} leads to")
    if cr.spec.models.external is not None:
        places.append(f"in bucket {object_store(cr).rounds_bucket}")
    where = " and ".join(places) or "on the volumes of the managed stores"
    return (
        f"The Job that erases has failed: {why}. Parts of the last round may be left {where}: "
        f"erase what has {cr.metadata.uid} in its name there by hand. The key that opens the "
        "secrets of the rounds is deleted with the service."
    )
