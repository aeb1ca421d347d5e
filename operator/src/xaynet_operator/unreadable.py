"""A resource that the API server took and this operator cannot read: the definition that is
installed is of another version. What runs is left as it is."""

from datetime import datetime
from typing import Any

from pydantic import ValidationError

from xaynet_operator.cluster import Cluster
from xaynet_operator.resource import API_VERSION, KIND, Condition, FederatedRoundStatus
from xaynet_operator.status import status_document
from xaynet_operator.telling import FEDERATED_ROUND, STATUS_MANAGER

READY = "Ready"
REASON = "SpecUnreadable"


async def tell_unreadable(
    body: dict[str, Any], sentences: tuple[str, ...], cluster: Cluster, now: datetime
) -> None:
    """Say so in the status, beside all that was known before."""
    before = known_status(body)
    after = with_ready(before, not_ready(body, sentences, before, now))
    if after == before:
        return
    metadata = {name: body["metadata"][name] for name in ("namespace", "name", "resourceVersion")}
    document = {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": metadata,
        "status": status_document(after),
    }
    await cluster.apply(FEDERATED_ROUND, document, STATUS_MANAGER, subresource="status")


def known_status(body: dict[str, Any]) -> FederatedRoundStatus:
    """The status so far, or an empty one if that cannot be read either."""
    try:
        return FederatedRoundStatus.model_validate(body.get("status", {}))
    except ValidationError:
        return FederatedRoundStatus()


def not_ready(
    body: dict[str, Any], sentences: tuple[str, ...], before: FederatedRoundStatus, now: datetime
) -> Condition:
    """The condition that says what cannot be read."""
    old = before.condition(READY)
    since = old.last_transition_time if old is not None and old.status == "False" else now
    text = "; ".join(sentences)
    return Condition(
        type=READY,
        status="False",
        observed_generation=body["metadata"].get("generation"),
        last_transition_time=since,
        reason=REASON,
        message=f"this operator cannot read the resource, and leaves what runs as it is: {text}",
    )


def with_ready(status: FederatedRoundStatus, ready: Condition) -> FederatedRoundStatus:
    """The status with another condition of that type, in its place."""
    others = [one for one in status.conditions if one.type != ready.type]
    return status.model_copy(update={"conditions": (ready, *others)})
