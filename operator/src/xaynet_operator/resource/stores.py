"""Redis and S3 of a FederatedRound: run by the operator, or by someone else."""

from typing import Literal

from pydantic import Field

from xaynet_operator.resource.forms import (
    Bucket,
    ModelUri,
    ObjectName,
    Quantity,
    StorageClassName,
    WebUrl,
)
from xaynet_operator.resource.rules import Needs, NotBoth, Ruled
from xaynet_operator.resource.workloads import Placement
from xaynet_pet.parameters import Definition


class SecretKey(Definition):
    """One entry of a Secret in the same namespace."""

    name: ObjectName = Field(description="Name of the Secret.", examples=["redis-url"])
    key: str = Field(
        default="url", min_length=1, description="Entry of the Secret.", examples=["url"]
    )


class CredentialsSecret(Definition):
    """A Secret in the same namespace that holds S3 credentials."""

    name: ObjectName = Field(description="Name of the Secret.", examples=["minio-auth"])
    access_key_entry: str = Field(
        default="accesskey",
        min_length=1,
        description="Entry that holds the access key.",
        examples=["accesskey"],
    )
    secret_key_entry: str = Field(
        default="secretkey",
        min_length=1,
        description="Entry that holds the secret key.",
        examples=["secretkey"],
    )


class ManagedRedis(Placement):
    """A Redis that the operator runs."""

    image: str | None = Field(
        default=None,
        min_length=1,
        description="Image of Redis; without it the one the operator was installed with.",
        examples=["registry.example.org/redis:7.0"],
    )
    storage: Quantity = Field(default="1Gi", description="Size of its volume.", examples=["1Gi"])
    storage_class_name: StorageClassName | None = Field(
        default=None,
        description="Storage class of its volume; without it the cluster's default. Immutable.",
        examples=["fast"],
    )


class ExternalRedis(Definition):
    """A Redis that someone else runs."""

    url_secret_ref: SecretKey = Field(
        description="Where its URL is, password included.",
        examples=[{"name": "redis-url", "key": "url"}],
    )


class Redis(Ruled):
    """Redis, which holds the state of the rounds: managed unless external is given."""

    RULES = (NotBoth("managed", "external"),)

    managed: ManagedRedis | None = Field(
        default=None, description="A Redis that the operator runs.", examples=[{"storage": "1Gi"}]
    )
    external: ExternalRedis | None = Field(
        default=None,
        description="A Redis that someone else runs.",
        examples=[{"urlSecretRef": {"name": "redis-url", "key": "url"}}],
    )


class ManagedModels(Placement):
    """A MinIO that the operator runs."""

    image: str | None = Field(
        default=None,
        min_length=1,
        description="Image of MinIO; without it the one the operator was installed with.",
        examples=["registry.example.org/minio:2026-02-12"],
    )
    storage: Quantity = Field(default="10Gi", description="Size of its volume.", examples=["10Gi"])
    storage_class_name: StorageClassName | None = Field(
        default=None,
        description="Storage class of its volume; without it the cluster's default. Immutable.",
        examples=["standard"],
    )


class ExternalModels(Ruled):
    """An S3 service that someone else runs."""

    RULES = (Needs("rounds_credentials_secret_ref", "rounds_bucket", "give both or none"),)

    endpoint: WebUrl | None = Field(
        default=None,
        description="URL of the service; without it AWS.",
        examples=["https://s3.example.org"],
    )
    region: str = Field(
        default="us-east-1", min_length=1, description="Region.", examples=["eu-west-1"]
    )
    bucket: Bucket = Field(
        description="Bucket of the global models.", examples=["digits-global-models"]
    )
    credentials_secret_ref: CredentialsSecret = Field(
        description="Credentials for the bucket.", examples=[{"name": "s3-models"}]
    )
    rounds_bucket: Bucket | None = Field(
        default=None,
        description=(
            "Bucket of the encrypted parts of rounds in flight, never the models'; without it "
            "the name of that with -rounds behind it."
        ),
        examples=["digits-rounds"],
    )
    rounds_credentials_secret_ref: CredentialsSecret | None = Field(
        default=None,
        description="Credentials for roundsBucket; without it the models' ones.",
        examples=[{"name": "s3-rounds"}],
    )


class Models(Ruled):
    """Where global models are kept: managed unless external is given."""

    RULES = (NotBoth("managed", "external"),)

    managed: ManagedModels | None = Field(
        default=None, description="A MinIO that the operator runs.", examples=[{"storage": "10Gi"}]
    )
    external: ExternalModels | None = Field(
        default=None,
        description="An S3 service that someone else runs.",
        examples=[{"bucket": "digits", "credentialsSecretRef": {"name": "s3-models"}}],
    )
    keep: int | None = Field(
        default=None,
        ge=1,
        description="How many global models are kept; without it all.",
        examples=[10],
    )
    initial: ModelUri | None = Field(
        default=None,
        description="The global model that the first round starts from.",
        examples=["s3://digits-global-models/first.npy"],
    )
    deletion_policy: Literal["Retain", "Delete"] = Field(
        default="Retain",
        description="What becomes of the models when the service is terminated or deleted.",
        examples=["Retain"],
    )
