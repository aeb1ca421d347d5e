"""What an edit of a FederatedRound may not change.

The list is data: the CEL rules of the CRD are made from it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from operator import attrgetter

from xaynet_operator.resource.spec import FederatedRoundSpec
from xaynet_pet.sentences import shown, written


@dataclass(frozen=True, slots=True)
class Immutable:
    """A field of the spec, by its attributes, that keeps its value; or, with ``presence``, that
    stays given or not given, whatever it holds. ``reason`` ends the sentence of a refusal."""

    field: str
    reason: str
    presence: bool = False

    def value(self, spec: FederatedRoundSpec) -> object:
        """What must stay the same."""
        value: object = spec
        for part in self.field.split("."):
            value = None if value is None else attrgetter(part)(value)
        return value is not None if self.presence else value


IMMUTABLE = (
    Immutable("protocol", "participants of one protocol cannot speak another"),
    Immutable("redis.external", "the state of the rounds would stay behind", presence=True),
    Immutable("redis.managed.storage_class_name", "a volume cannot move to another class"),
    Immutable("models.external", "the models would stay behind", presence=True),
    Immutable("models.managed.storage_class_name", "a volume cannot move to another class"),
)
FINAL_STATE = "Terminated"


def refused_changes(old: FederatedRoundSpec, new: FederatedRoundSpec) -> tuple[str, ...]:
    """One sentence for each change that an edit may not make."""
    return tuple(_refused(old, new))


def _refused(old: FederatedRoundSpec, new: FederatedRoundSpec) -> Iterator[str]:
    name = written(FederatedRoundSpec)
    if old.desired_state == FINAL_STATE != new.desired_state:
        yield (
            f"spec.desiredState is {shown(new.desired_state)}, but must stay "
            f"{shown(FINAL_STATE)}: that is final"
        )
    for immutable in IMMUTABLE:
        was, now = immutable.value(old), immutable.value(new)
        if was == now:
            continue
        field = f"spec.{name(tuple(immutable.field.split('.')))}"
        if immutable.presence:
            yield f"{field} cannot be {'added' if now else 'removed'}: {immutable.reason}"
        else:
            yield f"{field} is {shown(now)}, but must stay {shown(was)}: {immutable.reason}"
