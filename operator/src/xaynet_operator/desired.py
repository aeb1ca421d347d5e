"""Which objects a resource is to have. Pure: the same resource and facts give the same objects.

SERVING   everything
ASLEEP    everything; no pods of the coordinator and of Redis
ERASING   the stores, and the Job that erases the rounds from them
ENDED     the managed MinIO if its models are retained, else nothing
"""

from collections.abc import Iterator

from xaynet_operator.facts import Facts, Manifest, Stage
from xaynet_operator.manifests.connections import has_minio, has_redis
from xaynet_operator.manifests.coordinator import coordinator, coordinator_config
from xaynet_operator.manifests.erasing import erasing
from xaynet_operator.manifests.kinds import KINDS
from xaynet_operator.manifests.minio import minio
from xaynet_operator.manifests.network import network
from xaynet_operator.manifests.redis import redis
from xaynet_operator.manifests.secrets import secrets
from xaynet_operator.resource import FederatedRound

ORDER = {kind.kind: position for position, kind in enumerate(KINDS)}


def desired(cr: FederatedRound, facts: Facts) -> tuple[Manifest, ...]:
    """All objects, in the order in which they are applied."""
    return tuple(sorted(objects(cr, facts), key=lambda one: ORDER[one["kind"]]))


def objects(cr: FederatedRound, facts: Facts) -> Iterator[Manifest]:
    """All objects, component by component."""
    stage = facts.stage
    yield from secrets(cr, stage)
    if has_redis(cr, stage):
        yield from redis(cr, facts)
    if has_minio(cr, stage):
        yield from minio(cr, facts)
    if stage is not Stage.ENDED:
        yield coordinator_config(cr)
    if stage in (Stage.SERVING, Stage.ASLEEP):
        yield from coordinator(cr, facts)
        yield from network(cr, facts)
    if stage is Stage.ERASING:
        yield erasing(cr, facts)
