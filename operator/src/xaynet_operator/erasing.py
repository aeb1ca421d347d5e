"""Before a resource with an external store goes: what its rounds left there is erased.

Managed stores go by their owner references, so that resources without external ones have no
finalizer and never hang. One that has it waits for the operator; while that is absent,
``kubectl patch`` takes the finalizer off (docs/operations.md).
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog

from xaynet_operator.applying import apply_all, prune
from xaynet_operator.cluster import Cluster
from xaynet_operator.desired import desired
from xaynet_operator.facts import Facts, ObjectKey, Stage
from xaynet_operator.happenings import Happening
from xaynet_operator.lifecycle import is_terminated, job_outcome
from xaynet_operator.manifests.connections import object_store
from xaynet_operator.manifests.kinds import JOB
from xaynet_operator.manifests.objects import name_of
from xaynet_operator.memory import Memory
from xaynet_operator.owned import MANAGER, Component
from xaynet_operator.resource import FederatedRound
from xaynet_operator.secrets_kept import SecretKeeper
from xaynet_operator.surroundings import Surroundings
from xaynet_operator.telling import FEDERATED_ROUND, announce

FINALIZER = "xaynet.dev/erase"
GIVE_UP_AFTER = timedelta(seconds=60)
log = structlog.get_logger()


def has_external_store(cr: FederatedRound) -> bool:
    """Whether something of the rounds lies where no owner reference reaches."""
    return cr.spec.redis.external is not None or cr.spec.models.external is not None


def has_finalizer(cr: FederatedRound) -> bool:
    """Whether the resource waits for us before it goes."""
    return FINALIZER in (cr.metadata.model_extra or {}).get("finalizers", [])


async def keep_finalizer(cr: FederatedRound, cluster: Cluster) -> None:
    """Put the finalizer on, or take it off, as the stores ask for."""
    wanted = has_external_store(cr) and not is_terminated(cr)
    if wanted != has_finalizer(cr):
        await set_finalizer(cr, cluster, wanted=wanted)


async def set_finalizer(cr: FederatedRound, cluster: Cluster, *, wanted: bool) -> None:
    """Put our finalizer on or take it off; those of others stay."""
    await set_finalizer_of(cr.metadata.model_dump(by_alias=True), cluster, wanted=wanted)


async def let_go(metadata: Mapping[str, Any], cluster: Cluster) -> None:
    """Take the finalizer off a resource that cannot be read: nobody knows where to erase."""
    if FINALIZER in metadata.get("finalizers", []):
        log.warning("let_go_unread")
        await set_finalizer_of(metadata, cluster, wanted=False)


async def set_finalizer_of(metadata: Mapping[str, Any], cluster: Cluster, *, wanted: bool) -> None:
    """The same, of the metadata of a resource. Not applied but replaced: one that somebody else
    has put on, as from a backup, must come off all the same."""
    finalizers: list[str] = metadata.get("finalizers") or []
    others = [one for one in finalizers if one != FINALIZER]
    kept = {key: metadata[key] for key in ("uid", "resourceVersion")}
    patch = {"metadata": {**kept, "finalizers": [*others, FINALIZER] if wanted else others}}
    await cluster.merge(FEDERATED_ROUND, metadata["namespace"], metadata["name"], patch, MANAGER)


async def leave(cr: FederatedRound, around: Surroundings, memory: Memory) -> None:
    """Erase what lies in external stores, then let the resource go; after a minute in any case."""
    if not has_finalizer(cr):
        return
    objects = around.children(cr.metadata.namespace or "", cr.metadata.name)
    outcome = job_outcome(objects.get(ObjectKey(JOB.kind, name_of(cr, Component.ERASE))))
    late = around.now() - deleted_at(cr) > GIVE_UP_AFTER
    if outcome is None and not late and not is_terminated(cr):
        keeper = SecretKeeper(around.cluster, around.random)
        versions = await keeper.versions(cr, memory)  # else the stores would start anew
        wanted = desired(cr, Facts(Stage.ERASING, around.images, versions))
        await apply_all(cr, wanted, objects, around.cluster, memory)
        await prune(cr, wanted, objects, around.cluster, memory)
        return
    if outcome != "Complete" and not is_terminated(cr):
        await announce(cr, Happening("Warning", "ErasureIncomplete", left_behind(cr)), around)
    await set_finalizer(cr, around.cluster, wanted=False)


def deleted_at(cr: FederatedRound) -> datetime:
    """When the resource was deleted."""
    return datetime.fromisoformat((cr.metadata.model_extra or {})["deletionTimestamp"])


def left_behind(cr: FederatedRound) -> str:
    """Where something may be left, and what it is."""
    places: list[str] = []
    if (redis := cr.spec.redis.external) is not None:
        places.append(
            f"keys {{{cr.metadata.uid}}}:* in the Redis of Secret {redis.url_secret_ref.name}"
        )
    if cr.spec.models.external is not None:
        places.append(f"objects {cr.metadata.uid}/* in bucket {object_store(cr).rounds_bucket}")
    return f"not all could be erased; what may be left: {' and '.join(places)}"
