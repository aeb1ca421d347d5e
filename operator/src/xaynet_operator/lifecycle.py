"""Which stage a resource is in. Pure: from what is asked for and what was found."""

from collections.abc import Mapping

from xaynet_operator.coordinator_state import CoordinatorState
from xaynet_operator.facts import Manifest, ObjectKey, Stage
from xaynet_operator.manifests.objects import name_of
from xaynet_operator.owned import Component
from xaynet_operator.resource import FederatedRound


def stage_of(
    cr: FederatedRound,
    objects: Mapping[ObjectKey, Manifest],
    state: CoordinatorState | None,
) -> Stage:
    """The stage that a resource is to be in now.

    Its end is read from its own status: what was once recorded as terminated is never begun again.
    """
    if cr.spec.desired_state == "Terminated":
        return Stage.ENDED if is_terminated(cr) else Stage.ERASING
    if cr.spec.desired_state == "Paused" and cr.spec.pause.scale_to_zero:
        asleep = is_scaled_to_zero(cr, objects) or rests(cr, state)
        return Stage.ASLEEP if asleep else Stage.SERVING
    return Stage.SERVING


def is_terminated(cr: FederatedRound) -> bool:
    """Whether the end is recorded."""
    return cr.status is not None and cr.status.holds("Terminated")


def is_scaled_to_zero(cr: FederatedRound, objects: Mapping[ObjectKey, Manifest]) -> bool:
    """Whether the coordinator was sent to sleep before."""
    name = name_of(cr, Component.COORDINATOR)
    deployment = objects.get(ObjectKey("Deployment", name))
    return deployment is not None and deployment["spec"].get("replicas") == 0


def rests(cr: FederatedRound, state: CoordinatorState | None) -> bool:
    """Whether the coordinator knows that it is to pause, and has nothing under way."""
    if state is None or state.generation != cr.metadata.generation:
        return False
    return state.paused or state.phase == "Completed"


def job_outcome(job: Manifest | None) -> str | None:
    """``Complete`` or ``Failed`` once a Job has ended; None before."""
    conditions = (job or {}).get("status", {}).get("conditions", [])
    ended = (c["type"] for c in conditions if c["status"] == "True")
    return next((kind for kind in ended if kind in ("Complete", "Failed")), None)
