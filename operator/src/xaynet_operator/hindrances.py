"""Why a service that is meant to serve does not, and what to do about it."""

from xaynet_operator.coordinator_state import CoordinatorState
from xaynet_operator.documents import at, quoted
from xaynet_operator.manifests.objects import name_of
from xaynet_operator.owned import Component
from xaynet_operator.refusals import Trouble
from xaynet_operator.sight import Sight, Verdict

STORE_ADVICE = {
    "RedisUnreachable": "Check that Redis runs, and that its URL and the network are right.",
    "RedisCredentials": "Correct the password in the Secret with the URL of Redis.",
    "RedisRefuses": "Give Redis the memory and the rights that it asks for.",
    "S3Unreachable": "Check that the S3 service runs, and that endpoint and network are right.",
    "S3Credentials": "Correct the keys in the Secret with the credentials of S3.",
    "S3Refuses": "Check the buckets, and what the credentials are allowed to do with them.",
}


def hindrance(sight: Sight) -> Verdict | None:
    """Why a service that is meant to serve does not; None if it does."""
    if not sight.reached:
        return _unreached(sight)
    state = sight.state
    if state is not None and not state.store.available:
        return _without_store(sight, state)
    if sight.troubles and not _is_available(sight):
        return because_of(sight.troubles[0])
    if state is None or state.generation is None:
        return Verdict("False", "Starting", "The coordinator has no parameters yet.")
    if not _is_available(sight):
        return Verdict("False", "Starting", "The coordinator answers; its pod is not ready yet.")
    return None


def because_of(trouble: Trouble) -> Verdict:
    """Does not hold, because of a trouble."""
    return Verdict("False", trouble.reason, trouble.message)


def _unreached(sight: Sight) -> Verdict | None:
    if sight.troubles:
        return because_of(sight.troubles[0])
    waited_for = sight.waited_for()
    if waited_for:
        names = " and ".join(component.value for component in waited_for)
        return Verdict("False", "Starting", f"Not ready yet: {names}.")
    if sight.found.unreachable is None:
        return _not_asked(sight)
    name = name_of(sight.cr, Component.CONTROL)
    why = quoted(sight.found.unreachable)
    text = f"The coordinator runs, but its control API does not answer: {why}."
    advice = f"Check that network policies let the operator reach Service {name}."
    return Verdict("False", "CoordinatorUnreachable", f"{text} {advice}")


def _not_asked(sight: Sight) -> Verdict | None:
    """An operator that has just begun, and finds everything running, believes its predecessor."""
    if sight.holds("Ready"):
        return None
    return Verdict("False", "Starting", "The coordinator has not been asked yet.")


def _without_store(sight: Sight, state: CoordinatorState) -> Verdict:
    reason = state.store.reason or "StoreUnavailable"
    component = Component.REDIS if reason.startswith("Redis") else Component.MINIO
    for trouble in sight.troubles:
        if trouble.component is component:
            return because_of(trouble)
    if state.generation is None and (waited_for := _stores_waited_for(sight)):
        return Verdict("False", "Starting", f"Not ready yet: {' and '.join(waited_for)}.")
    advice = STORE_ADVICE.get(reason, "Check that Redis and S3 run, and can be reached.")
    said = quoted(state.store.message) or "it does not say why"
    text = f"The coordinator runs, but waits for its store: {said}. {advice}"
    return Verdict("False", reason, text)


def _stores_waited_for(sight: Sight) -> list[str]:
    """The managed stores that are about to run, or have only just begun to: no coordinator can
    reach them before, and it asks again only after a while."""
    components = (Component.REDIS, Component.MINIO)
    pending = {*sight.waited_for(), *filter(sight.has_just_begun, components)}
    return [one.value for one in components if one in pending]


def _is_available(sight: Sight) -> bool:
    """Whether the public Service has a pod of the coordinator to send participants to."""
    return (at(sight.workload(Component.COORDINATOR), "status", "availableReplicas") or 0) > 0
