"""Per parameter what is in force and what is coming, for the status of a FederatedRound."""

import json
from typing import Any, cast

from xaynet_operator.coordinator_state import CoordinatorState, Parameter
from xaynet_operator.resource import FederatedRound, ParameterStatus

# What participants are told changes with the next round, counts and times at once.
PUBLISHED = ("model.", "mask.", "sum.prob", "update.prob")
AFTER = {"Sum": ("Update", "Sum2", "Unmask"), "Update": ("Sum2", "Unmask"), "Sum2": ("Unmask",)}


def parameters_of(cr: FederatedRound, state: CoordinatorState) -> tuple[ParameterStatus, ...]:
    """All parameters. What an edit brings that the coordinator has not been told yet is coming,
    too."""
    wanted = flat(cr.spec.pet.model_dump(mode="json", by_alias=True))
    return tuple(
        _status(cr, state, name, parameter, wanted.get(name))
        for name, parameter in state.parameters.items()
    )


def flat(value: Any, path: str = "") -> dict[str, Any]:
    """``{"sum.count.min": 1, ...}`` of nested objects."""
    if not isinstance(value, dict):
        return {path: value}
    parts = cast(dict[str, Any], value)
    return {
        leaf: inner
        for name, part in parts.items()
        for leaf, inner in flat(part, f"{path}.{name}" if path else name).items()
    }


def _status(
    cr: FederatedRound, state: CoordinatorState, name: str, parameter: Parameter, wanted: Any
) -> ParameterStatus:
    known = ParameterStatus(
        field=f"spec.pet.{name}",
        active=json.dumps(parameter.active),
        active_generation=parameter.generation,
    )
    if state.generation != cr.metadata.generation:
        return _coming(known, wanted, cr.metadata.generation, _moment(state, name))
    if parameter.pending_generation is None:
        return known
    # What could take effect at once has done so.
    return _coming(known, parameter.pending, parameter.pending_generation, "NextRound")


def _coming(
    known: ParameterStatus, value: Any, generation: int | None, moment: str
) -> ParameterStatus:
    text = json.dumps(value)
    if text == known.active:
        return known
    changes = {"pending": text, "pending_generation": generation, "takes_effect": moment}
    return known.model_copy(update=changes)


def _moment(state: CoordinatorState, name: str) -> str:
    """When a change that is made now comes into force."""
    if state.round is None:
        return "AtOnce"
    phase = name.split(".")[0].capitalize()
    over = state.phase in AFTER.get(phase, ())
    return "NextRound" if over or name.startswith(PUBLISHED) else "AtOnce"
