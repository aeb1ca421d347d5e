"""What a resource's owner is told: the status, and an event for each transition."""

import hashlib
from datetime import datetime
from http import HTTPStatus

import structlog

from xaynet_operator.cluster import ClusterRefused, is_older
from xaynet_operator.facts import Manifest
from xaynet_operator.happenings import Happening, happenings
from xaynet_operator.manifests.kinds import Kind
from xaynet_operator.memory import Memory, Told
from xaynet_operator.owned import MANAGER
from xaynet_operator.resource import API_VERSION, KIND, FederatedRound, FederatedRoundStatus
from xaynet_operator.status import status_document
from xaynet_operator.surroundings import Surroundings

FEDERATED_ROUND = Kind(API_VERSION, KIND, "federatedrounds")
EVENT = Kind("events.k8s.io/v1", "Event", "events")
STATUS_MANAGER = f"{MANAGER}-status"
LONGEST_NOTE = 1000
log = structlog.get_logger()


async def tell(
    cr: FederatedRound, status: FederatedRoundStatus, around: Surroundings, memory: Memory
) -> None:
    """Write the status if it is another one than before. Its events go first: who is killed
    between the two finds them there the next time, under the same names."""
    if status == cr.status:
        return
    for happening in happenings(cr.status, status, cr):
        await announce(cr, happening, around)
    since = newest_version(cr, memory)
    document = {**identified(cr, since), "status": status_document(status)}
    written = await around.cluster.apply(
        FEDERATED_ROUND, document, STATUS_MANAGER, subresource="status"
    )
    memory.told = Told(status, written["metadata"]["resourceVersion"])


def status_before(cr: FederatedRound, memory: Memory) -> FederatedRoundStatus | None:
    """The status that is known to be the newest: what the watch shows, unless we have written
    another one since."""
    if memory.told is not None and newest_version(cr, memory) != version_of(cr):
        return memory.told.status
    return cr.status


def newest_version(cr: FederatedRound, memory: Memory) -> str:
    """The newest version of the resource that is known."""
    shown = version_of(cr)
    told = memory.told.version if memory.told is not None else shown
    return told if is_older(shown, told) else shown


async def announce(cr: FederatedRound, happening: Happening, around: Surroundings) -> None:
    """Post an event; one that is refused is not worth failing for."""
    log.info("event", reason=happening.reason, note=happening.message)
    posted = event(cr, happening, around.identity, around.now())
    try:
        await around.cluster.create(EVENT, posted, MANAGER)
    except ClusterRefused as refusal:
        if refusal.status != HTTPStatus.CONFLICT:
            log.warning("event_refused", detail=refusal.message)


def event(cr: FederatedRound, happening: Happening, identity: str, now: datetime) -> Manifest:
    """The event, named after what has happened and what was known before: it is the same one
    where the status could not be written, and is judged again."""
    metadata = cr.metadata
    before = "" if cr.status is None else cr.status.model_dump_json()
    what = f"{metadata.uid}/{before}/{happening.reason}/{happening.message}"
    digest = hashlib.sha256(what.encode()).hexdigest()[:16]
    return {
        "apiVersion": EVENT.api_version,
        "kind": EVENT.kind,
        "metadata": {"namespace": metadata.namespace, "name": f"{metadata.name}.{digest}"},
        "eventTime": now.isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "reportingController": "xaynet.dev/operator",
        "reportingInstance": identity,
        "action": "Reconcile",
        "reason": happening.reason,
        "type": happening.type,
        "note": happening.message[:LONGEST_NOTE],
        "regarding": {
            "apiVersion": API_VERSION,
            "kind": KIND,
            "namespace": metadata.namespace,
            "name": metadata.name,
            "uid": metadata.uid,
        },
    }


def version_of(cr: FederatedRound) -> str:
    """Which write the resource comes from."""
    return (cr.metadata.model_extra or {}).get("resourceVersion", "")


def identified(cr: FederatedRound, version: str) -> Manifest:
    """The resource without anything but who it is. Its version refuses another one of that name:
    where a status is written, the API server does not look at the uid."""
    metadata = {
        "namespace": cr.metadata.namespace,
        "name": cr.metadata.name,
        "resourceVersion": version,
    }
    return {"apiVersion": API_VERSION, "kind": KIND, "metadata": metadata}
