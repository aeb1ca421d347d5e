"""Which stores a resource has, where they are, and in which Secrets the ways in are kept.

Managed stores are told like external ones: by the name of a Secret and of its entries.
"""

from dataclasses import dataclass

from xaynet_operator.facts import Stage
from xaynet_operator.manifests.objects import name_of
from xaynet_operator.owned import Component
from xaynet_operator.resource import CredentialsSecret, FederatedRound, SecretKey

REDIS_PORT = 6379
MINIO_PORT = 9000
MINIO_REGION = "us-east-1"
MODELS_BUCKET = "global-models"
ROUNDS_BUCKET = "xaynet-rounds"
LONGEST_BUCKET = 63


@dataclass(frozen=True, slots=True)
class ObjectStore:
    """An S3 service, without its credentials; ``endpoint`` is None for AWS."""

    endpoint: str | None
    region: str
    models_bucket: str
    rounds_bucket: str


def has_redis(cr: FederatedRound, stage: Stage) -> bool:
    """Whether a Redis of the resource's own is there."""
    return cr.spec.redis.external is None and stage is not Stage.ENDED


def has_minio(cr: FederatedRound, stage: Stage) -> bool:
    """Whether a MinIO of the resource's own is there; it outlives the rounds with its models."""
    return cr.spec.models.external is None and (stage is not Stage.ENDED or retains_models(cr))


def retains_models(cr: FederatedRound) -> bool:
    """Whether the models are to stay when the service ends."""
    return cr.spec.models.deletion_policy == "Retain"


def redis_url(cr: FederatedRound) -> SecretKey:
    """Where the URL of Redis is kept."""
    if cr.spec.redis.external is not None:
        return cr.spec.redis.external.url_secret_ref
    return SecretKey(name=name_of(cr, Component.REDIS), key="url")


def models_credentials(cr: FederatedRound) -> CredentialsSecret:
    """Where the credentials of the models' bucket are kept."""
    if cr.spec.models.external is not None:
        return cr.spec.models.external.credentials_secret_ref
    return CredentialsSecret(name=name_of(cr, Component.MINIO))


def rounds_credentials(cr: FederatedRound) -> CredentialsSecret | None:
    """Where those of the rounds' bucket are kept; None if they are the models'."""
    external = cr.spec.models.external
    return external.rounds_credentials_secret_ref if external else None


def secrets_used(cr: FederatedRound) -> frozenset[str]:
    """Names of all Secrets that pods of the resource read, generated or not."""
    rounds = rounds_credentials(cr)
    ways_in = (redis_url(cr), models_credentials(cr), *([rounds] if rounds else []))
    own = (Component.CONTROL, Component.ROUNDS)
    return frozenset(
        [*(name_of(cr, component) for component in own), *(secret.name for secret in ways_in)]
    )


def object_store(cr: FederatedRound) -> ObjectStore:
    """The S3 service of a resource."""
    external = cr.spec.models.external
    if external is None:
        endpoint = f"http://{name_of(cr, Component.MINIO)}:{MINIO_PORT}"
        return ObjectStore(endpoint, MINIO_REGION, MODELS_BUCKET, ROUNDS_BUCKET)
    rounds_bucket = external.rounds_bucket or bucket_beside(external.bucket)
    return ObjectStore(external.endpoint, external.region, external.bucket, rounds_bucket)


def bucket_beside(models_bucket: str) -> str:
    """The rounds' bucket where only the models' one is given: they are never the same."""
    suffix = "-rounds"
    return models_bucket[: LONGEST_BUCKET - len(suffix)].rstrip(".-") + suffix
