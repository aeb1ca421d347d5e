"""What can be seen of a running service: the document of ``GET /v1/state``.

Pure: from the machine, as it is at this moment, to JSON-ready values. Field names are those of
the resource's status.
"""

from typing import Any, cast

from xaynet_coordinator.collecting import accepted, window
from xaynet_coordinator.desired import Wanted
from xaynet_coordinator.machine import Machine
from xaynet_coordinator.outcomes import Kind
from xaynet_coordinator.record import COLLECTING, Finished, ModelRecord, Phase, RoundRecord
from xaynet_coordinator.store import StoreUnavailable
from xaynet_coordinator.tally import Tally
from xaynet_pet.parameters import PetParameters

Document = dict[str, Any]
INITIAL_MODEL_UNUSABLE = "InitialModelUnusable"
PUBLISHED = ("model", "mask", "sum.prob", "update.prob")  # change with the next round


def observe(machine: Machine, tally: Tally) -> Document:
    """Everything the operator, the command line and a person want to know."""
    record = machine.record
    return {
        "revision": machine.revision.number,
        "uid": machine.around.vault.uid,
        "generation": machine.wanted.generation if machine.wanted else None,
        "desiredState": machine.wanted.desired_state.value if machine.wanted else None,
        "phase": record.phase.value,
        "paused": machine.paused,
        "waitingFor": waiting_for(machine),
        "round": running_round(machine, tally) if record.round else None,
        "parameters": parameters(machine),
        "rounds": {
            "wanted": machine.wanted.rounds if machine.wanted else None,
            "successful": record.successful,
            "failed": record.failed,
            "failuresInARow": record.failures_in_a_row,
        },
        "lastRounds": [finished(line) for line in record.finished],
        "latestModel": latest_model(record.models[-1]) if record.models else None,
        "initialModel": initial_model(machine),
        "store": store(machine.outage),
        "erased": machine.erased,
        "warnings": warnings(machine),
    }


def waiting_for(machine: Machine) -> str:
    """One line that says what the service waits for, and how long it will."""
    phase = machine.record.phase
    if machine.outage is not None:
        return f"the store: {machine.outage}"
    if not machine.board.term:
        return "the stores"  # which have not answered for the first time
    if machine.paused:
        return f"{phase.value}, paused"
    if phase in COLLECTING and machine.record.round is not None:
        want = window(machine, phase)
        have, left = accepted(machine.counts, phase), time_left(machine)
        return f"{phase.value} {have}/{want.count.max}, {left:.0f} s left, min {want.count.min}"
    if phase is Phase.IDLE and machine.wanted is None:
        return "parameters"
    if machine.unusable is not None:
        return f"an initial model: {machine.unusable}"
    return phase.value


def store(outage: StoreUnavailable | None) -> Document:
    """Whether the stores answer; if not, which trouble there is, in a word and in a sentence."""
    if outage is None:
        return {"available": True, "reason": None, "message": None}
    reason = outage.reason.value if outage.reason else None
    return {"available": False, "reason": reason, "message": str(outage)}


def time_left(machine: Machine) -> float:
    """Seconds until the phase times out, in its own time."""
    want = window(machine, machine.record.phase)
    stopwatch = machine.stopwatch
    return max(stopwatch.limit(want.time.max) - stopwatch.elapsed, 0.0)


def running_round(machine: Machine, tally: Tally) -> Document:
    """The round in flight."""
    record = machine.record
    collecting = record.phase in COLLECTING
    return {
        "id": record.round_id,
        "elapsed": round(machine.stopwatch.elapsed, 3),
        "timeLeft": round(time_left(machine), 3) if collecting else None,
        "messages": {
            phase.value.lower(): {
                "accepted": accepted(machine.counts, phase),
                "rejected": tally.of(record.round_id, phase, Kind.REJECTED),
                "discarded": tally.of(record.round_id, phase, Kind.DISCARDED),
            }
            for phase in COLLECTING
        },
    }


def parameters(machine: Machine) -> Document:
    """Per field the active value, and the pending one if it differs, each with the generation
    it came with."""
    wanted, round = machine.wanted, machine.record.round
    if wanted is None or machine.in_force is None:
        return {}
    pending, fields = flat(wanted.parameters), Document()
    for name, value in pending.items():
        source = came_with(name, round, machine.in_force)
        active = flat(source.parameters)[name]
        fields[name] = {"active": active, "generation": source.generation}
        if active != value:
            fields[name] |= {"pending": value, "pendingGeneration": wanted.generation}
    return fields


def came_with(name: str, round: RoundRecord | None, in_force: Wanted) -> Wanted:
    """Where the active value of a field came from: the start of the round for what is published,
    the end of its phase for the counts and times of one that is over, else the latest."""
    if round is None:
        return in_force
    if name.startswith(PUBLISHED):
        return round.wanted
    return round.ended.get(name.split(".")[0], in_force)


def flat(parameters: PetParameters) -> Document:
    """``{"sum.count.min": 1, ...}`` with the resource's names."""

    def walk(prefix: str, value: Any) -> Document:
        if not isinstance(value, dict):
            return {prefix: value}
        parts = cast(Document, value)
        return {
            path: leaf
            for name, part in parts.items()
            for path, leaf in walk(f"{prefix}.{name}" if prefix else name, part).items()
        }

    return walk("", parameters.model_dump(mode="json", by_alias=True))


def finished(line: Finished) -> Document:
    """A line of the history."""
    return {
        "id": line.id,
        "sum": line.sum,
        "update": line.update,
        "sum2": line.sum2,
        "started": line.started.isoformat(),
        "seconds": round((line.ended - line.started).total_seconds(), 3),
        "reason": line.reason,
    }


def initial_model(machine: Machine) -> Document | None:
    """The model that the first round starts from: what is known of it, or what is wrong."""
    if machine.warm_start is None:
        return None
    taken = machine.record.initial
    return {
        "source": machine.warm_start.name,
        "length": taken.model.length if taken else None,
        "sha256": taken.model.digest if taken else None,
        "reason": machine.unusable and INITIAL_MODEL_UNUSABLE,
        "message": machine.unusable,
    }


def warnings(machine: Machine) -> list[str]:
    """What an operator should know, in sentences."""
    if machine.unusable is None:
        return list(machine.warnings)
    text = f"no round begins without the initial model, which cannot be used: {machine.unusable}"
    return [*machine.warnings, text]


def latest_model(model: ModelRecord) -> Document:
    """The newest global model."""
    return {
        "id": model.id,
        "length": model.length,
        "sha256": model.digest,
        "time": model.time.isoformat(),
    }
