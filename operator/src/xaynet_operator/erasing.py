"""Before a resource with an external store goes: what its rounds left there is erased.

Managed stores go by their owner references, so that resources without external ones have no
finalizer and never hang. One that has it waits for the operator; while that is absent,
``kubectl patch`` takes the finalizer off (docs/operations.md).
"""

from datetime import datetime, timedelta

from xaynet_operator.applying import apply_all
from xaynet_operator.cluster import Cluster
from xaynet_operator.desired import desired
from xaynet_operator.facts import Facts, ObjectKey, Stage
from xaynet_operator.happenings import Happening
from xaynet_operator.lifecycle import is_terminated, job_outcome
from xaynet_operator.manifests.kinds import JOB
from xaynet_operator.manifests.objects import name_of
from xaynet_operator.memory import Memory
from xaynet_operator.owned import MANAGER, Component
from xaynet_operator.resource import FederatedRound
from xaynet_operator.surroundings import Surroundings
from xaynet_operator.telling import FEDERATED_ROUND, announce, identified

FINALIZER = "xaynet.dev/erase"
FINALIZER_MANAGER = f"{MANAGER}-finalizer"
GIVE_UP_AFTER = timedelta(seconds=60)


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
    document = identified(cr)
    document["metadata"]["finalizers"] = [FINALIZER] if wanted else []
    await cluster.apply(FEDERATED_ROUND, document, FINALIZER_MANAGER)


async def leave(cr: FederatedRound, around: Surroundings, memory: Memory) -> None:
    """Erase what lies in external stores, then let the resource go; after a minute in any case."""
    if not has_finalizer(cr):
        return
    objects = around.children(cr.metadata.namespace or "", cr.metadata.name)
    outcome = job_outcome(objects.get(ObjectKey(JOB.kind, name_of(cr, Component.ERASE))))
    late = around.now() - deleted_at(cr) > GIVE_UP_AFTER
    if outcome is None and not late and not is_terminated(cr):
        wanted = desired(cr, Facts(Stage.ERASING, around.images))
        await apply_all(cr, wanted, objects, around.cluster, memory)
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
        places.append(f"keys {cr.metadata.uid}* in the Redis of Secret {redis.url_secret_ref.name}")
    if (models := cr.spec.models.external) is not None:
        bucket = models.rounds_bucket or models.bucket
        places.append(f"objects {cr.metadata.uid}/* in bucket {bucket}")
    return f"not all could be erased; what may be left: {' and '.join(places)}"
