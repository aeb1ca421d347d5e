"""What the conditions of a FederatedRound are judged from, and how far its workloads are."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Literal, NamedTuple

from xaynet_operator.coordinator_state import CoordinatorState
from xaynet_operator.documents import at, in_force
from xaynet_operator.facts import Found, Manifest, ObjectKey, Stage
from xaynet_operator.manifests.objects import name_of
from xaynet_operator.owned import COMPONENT, Component
from xaynet_operator.refusals import Trouble, refused_objects
from xaynet_operator.resource import Condition, FederatedRound, FederatedRoundStatus
from xaynet_operator.troubles import PATIENCE, troubles_of


class Verdict(NamedTuple):
    """Whether a condition holds, why in one word, and why in a sentence."""

    status: Literal["True", "False", "Unknown"]
    reason: str
    message: str = ""


UNREACHED = Verdict("Unknown", "Starting", "The coordinator has not been reached yet.")


@dataclass(frozen=True)
class Sight:
    """All that the conditions are judged from. ``told`` is the status as far as it is known:
    rounds, totals and parameters, still with the conditions of the status before."""

    cr: FederatedRound
    found: Found
    told: FederatedRoundStatus
    now: datetime

    @property
    def state(self) -> CoordinatorState | None:
        """What the coordinator told last."""
        return self.found.state

    @property
    def heard(self) -> CoordinatorState | None:
        """What the coordinator told last of its rounds. One that has just begun, and has not read
        its stores yet, has no generation, and knows of none."""
        state = self.state
        return None if state is None or state.generation is None else state

    @property
    def reached(self) -> bool:
        """Whether the coordinator answers now."""
        return self.found.state is not None and self.found.unreachable is None

    @property
    def current(self) -> bool:
        """Whether the coordinator goes by the newest spec."""
        return self.state is not None and self.state.generation == self.cr.metadata.generation

    @property
    def ended(self) -> bool:
        """Whether the service is terminated, or about to be."""
        return self.found.stage in (Stage.ERASING, Stage.ENDED)

    @property
    def to_be_paused(self) -> bool:
        """Whether a pause is asked for."""
        return self.cr.spec.desired_state == "Paused"

    @cached_property
    def troubles(self) -> tuple[Trouble, ...]:
        """What does not run, the most important first."""
        needed, optional = refused_objects(self.found.problems)
        return (*needed, *troubles_of(self.cr, self.found.objects, self.now), *optional)

    @property
    def trouble(self) -> Trouble | None:
        """The most important one."""
        return self.troubles[0] if self.troubles else None

    def before(self, kind: str) -> Condition | None:
        """The condition as it was."""
        return self.told.condition(kind)

    def holds(self, kind: str) -> bool:
        """Whether the condition was true."""
        return self.told.holds(kind)

    def believed(self, kind: str) -> Verdict:
        """The verdict of before, where the coordinator has not told anything."""
        was = self.before(kind)
        return UNREACHED if was is None else Verdict(was.status, was.reason, was.message)

    def remembered(self, kind: str) -> Verdict:
        """The same, of what another generation of the spec changes."""
        return UNREACHED if self.is_newer_than(kind) else self.believed(kind)

    def is_newer_than(self, kind: str) -> bool:
        """Whether the condition was judged of another generation of the spec, or never."""
        was = self.before(kind)
        return was is None or was.observed_generation != self.cr.metadata.generation

    def workload(self, component: Component) -> Manifest | None:
        """The Deployment or StatefulSet of a component."""
        kind = "Deployment" if component is Component.COORDINATOR else "StatefulSet"
        return self.found.objects.get(ObjectKey(kind, name_of(self.cr, component)))

    def waited_for(self) -> tuple[Component, ...]:
        """The components that the service needs and that do not run completely yet."""
        return tuple(
            one for one in needed_components(self.cr) if not rolled_out(self.workload(one))
        )

    def has_just_begun(self, component: Component) -> bool:
        """Whether a pod of a component has become ready only a moment ago."""
        readiness = (
            in_force(one, "Ready")
            for one in self.found.objects.values()
            if one.get("kind") == "Pod" and at(one, "metadata", "labels", COMPONENT) == component
        )
        times = (at(one, "lastTransitionTime") for one in readiness)
        return any(self.now - datetime.fromisoformat(time) < PATIENCE for time in times if time)


def needed_components(cr: FederatedRound) -> tuple[Component, ...]:
    """The components that run for a resource."""
    managed = {
        Component.REDIS: cr.spec.redis.external is None,
        Component.MINIO: cr.spec.models.external is None,
    }
    return (*(one for one, is_managed in managed.items() if is_managed), Component.COORDINATOR)


def rolled_out(workload: Manifest | None) -> bool:
    """Whether all pods of a workload are ready and as it says now."""
    if workload is None:
        return False
    seen = at(workload, "status", "observedGeneration") or 0
    wanted = at(workload, "spec", "replicas") or 1  # it has 0 until it is woken
    counts = (at(workload, "status", name) or 0 for name in ("readyReplicas", "updatedReplicas"))
    running = at(workload, "status", "replicas") or 0
    return (
        seen >= (at(workload, "metadata", "generation") or 0)
        and all(count >= wanted for count in counts)
        and running <= wanted
    )
