"""The sections of a coordinator's settings; the PET parameters are ``xaynet_pet.parameters``."""

from collections.abc import Iterator
from typing import Literal, Self

from pydantic import Field, model_validator

from xaynet_coordinator.settings.formats import (
    Address,
    BindAddress,
    Bucket,
    FilePath,
    HttpUrl,
    InitialModel,
    LogFilter,
    Name,
    RedisUrl,
    Region,
    Secret,
    Uid,
    without_credentials,
)
from xaynet_pet.parameters import Definition
from xaynet_pet.sentences import Refusal, refuse

MIB = 2**20
GIB = 2**30


class ApiSettings(Definition):
    """The public REST API."""

    bind_address: BindAddress = Field(
        default=Address("127.0.0.1", 8081),
        description="Where participants reach the coordinator.",
        examples=["127.0.0.1:8081"],
    )
    tls_certificate: FilePath | None = Field(
        default=None,
        description="PEM file with the server's certificate chain; given together with tls_key.",
        examples=["/app/ssl/tls.crt"],
    )
    tls_key: FilePath | None = Field(
        default=None,
        description="PEM file with the key of the certificate.",
        examples=["/app/ssl/tls.key"],
    )
    tls_client_auth: FilePath | None = Field(
        default=None,
        description="PEM file with the authorities that participants' certificates must be from.",
        examples=["/app/ssl/ca.crt"],
    )
    max_message_bytes: int = Field(
        default=512 * MIB,
        ge=4096,
        description="Largest body of one POST /message; larger ones are rejected.",
        examples=[512 * MIB],
    )
    max_inflight_bytes: int = Field(
        default=GIB,
        ge=4096,
        description="Memory for all bodies being received; at least max_message_bytes.",
        examples=[GIB],
    )
    idle_timeout: float = Field(
        default=75,
        gt=0,
        le=3600,
        description="Seconds without a byte after which a connection is closed.",
        examples=[75],
    )
    max_connections: int = Field(
        default=4096, ge=1, description="Most connections at the same time.", examples=[4096]
    )

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        refuse(self._refusals())
        return self

    def _refusals(self) -> Iterator[Refusal]:
        files = (("tls_certificate",), ("tls_key",))
        if self.tls_certificate and not self.tls_key:
            yield Refusal("{} is given, but {} is not: give both or none", files)
        if self.tls_key and not self.tls_certificate:
            yield Refusal("{} is given, but {} is not: give both or none", files[::-1])
        if self.tls_client_auth and not self.tls_key:
            text = "{} is given, but {} is not: client certificates need TLS"
            yield Refusal(text, (("tls_client_auth",), ("tls_key",)))
        if self.max_inflight_bytes < self.max_message_bytes:
            text = f"{{}} is {self.max_inflight_bytes}, but must be at least {{}}, which is "
            text += str(self.max_message_bytes)
            yield Refusal(text, (("max_inflight_bytes",), ("max_message_bytes",)))


class ControlSettings(Definition):
    """The control API, on a port of its own."""

    bind_address: BindAddress | None = Field(
        default=None,
        description="Where the control API listens; without it there is none.",
        examples=["127.0.0.1:8082"],
    )
    token: Secret | None = Field(
        default=None,
        description="The token that requests must carry; or give token_file.",
        examples=["a long random text"],
    )
    token_file: FilePath | None = Field(
        default=None,
        description="File that holds the token and nothing else.",
        examples=["/var/run/xaynet/token"],
    )
    wait_for_desired: bool = Field(
        default=False,
        description="Whether to wait in Idle until PUT /v1/desired has come for the first time.",
        examples=[True],
    )

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        refuse(self._refusals())
        return self

    def _refusals(self) -> Iterator[Refusal]:
        token, token_file = ("token",), ("token_file",)
        if self.bind_address and not self.token and not self.token_file:
            text = "{} is given, but neither {} nor {} is: the control API is never open to anyone"
            yield Refusal(text, (("bind_address",), token, token_file))
        if self.token and self.token_file:
            yield Refusal("{} and {} are both given: give one", (token, token_file))
        if self.wait_for_desired and not self.bind_address:
            text = "{} is true, but {} is not given: nobody could say what is desired"
            yield Refusal(text, (("wait_for_desired",), ("bind_address",)))


class RedisSettings(Definition):
    """Redis: pointers, dictionaries and counters of the rounds. Without it: SQLite."""

    url: RedisUrl = Field(
        description="Where Redis is; its password is never shown.",
        examples=["redis://127.0.0.1:6379/0"],
    )

    @property
    def location(self) -> str:
        """The URL without user and password."""
        return without_credentials(self.url)


class S3Buckets(Definition):
    """Names of the buckets."""

    global_models: Bucket = Field(
        default="global-models",
        description="Bucket of the global models.",
        examples=["global-models"],
    )
    rounds: Bucket = Field(
        default="xaynet-rounds",
        description="Bucket of the encrypted parts of rounds in flight; never that of the models.",
        examples=["xaynet-rounds"],
    )

    @model_validator(mode="after")
    def _differ(self) -> Self:
        if self.global_models == self.rounds:
            text = f'{{}} and {{}} are both "{self.rounds}", but must be different buckets'
            refuse([Refusal(text, (("global_models",), ("rounds",)))])
        return self


class S3Credentials(Definition):
    """Credentials for the bucket of the rounds alone."""

    access_key: Name = Field(description="Access key for buckets.rounds.", examples=["rounds"])
    secret_access_key: Secret = Field(
        description="Secret key for buckets.rounds; never shown.", examples=["a secret"]
    )


class S3Settings(Definition):
    """S3: models and blobs. Without it: data.directory."""

    access_key: Name = Field(description="Access key.", examples=["minio"])
    secret_access_key: Secret = Field(description="Secret key; never shown.", examples=["minio123"])
    region: Region = Field(
        description="Region; a second entry is the endpoint of a service other than AWS.",
        examples=[["minio", "http://minio:9000"]],
    )
    buckets: S3Buckets = Field(
        default_factory=S3Buckets,
        description="Names of the buckets.",
        examples=[{"global_models": "global-models"}],
    )
    rounds: S3Credentials | None = Field(
        default=None,
        description="Credentials for buckets.rounds; without it the ones above serve both.",
        examples=[{"access_key": "rounds", "secret_access_key": "a secret"}],
    )

    @property
    def region_name(self) -> str:
        """The region's name."""
        return self.region[0]

    @property
    def endpoint(self) -> str | None:
        """The URL of the service; None for AWS."""
        return self.region[1] if len(self.region) > 1 else None


class DataSettings(Definition):
    """The folder of this coordinator."""

    directory: FilePath | None = Field(
        default=None,
        description=(
            "Folder for what has no Redis or S3: SQLite, blobs, models, keys. It must be given "
            "where there is no Redis; otherwise xaynet-data in the working directory."
        ),
        examples=["/var/lib/xaynet"],
    )


class RoundSettings(Definition):
    """The service as a whole."""

    uid: Uid | None = Field(
        default=None,
        description="Names this service in the stores; drawn once and kept if not given.",
        examples=["0d8c7a3e-6f0b-4d0e-9d53-0f6f0a1b2c3d"],
    )
    rounds: int | None = Field(
        default=None,
        ge=1,
        description="Stop after that many successful rounds; without it go on for ever.",
        examples=[10],
    )
    models_keep: int | None = Field(
        default=None,
        ge=1,
        description="How many global models to keep; without it all.",
        examples=[10],
    )
    initial_model: InitialModel | None = Field(
        default=None,
        description=(
            "The global model that the first round starts from: a .npy file with one vector, of "
            "the mask's data type or one that it can hold, or a model as GET /model gives it. A "
            "bucket is read with the credentials of s3."
        ),
        examples=["s3://models/first.npy"],
    )


class AtRestSettings(Definition):
    """Encryption of what is stored."""

    key_file: FilePath | None = Field(
        default=None,
        description=(
            "File with the 32 bytes that wrap the keys of the rounds; without it at_rest.key in "
            "the data folder, drawn at the first start."
        ),
        examples=["/var/run/xaynet/at-rest/key"],
    )


class RestoreSettings(Definition):
    """What a start does with the state of an earlier run."""

    enable: bool | None = Field(
        default=None,
        description="false: start afresh; true, or not given: go on where the last run stopped.",
        examples=[True],
    )


class LogSettings(Definition):
    """Logging, to standard error."""

    filter: LogFilter = Field(
        default="info",
        description="Which events are logged, by target.",
        examples=["xaynet=debug,http=warn,info"],
    )
    format: Literal["text", "json"] = Field(
        default="text", description="Form of the log lines.", examples=["json"]
    )


class InfluxSettings(Definition):
    """InfluxDB, which the phases and messages are reported to."""

    url: HttpUrl = Field(
        description="Where InfluxDB is; credentials in it are never shown.",
        examples=["http://influxdb:8086"],
    )
    db: Name = Field(description="Name of the database.", examples=["metrics"])

    @property
    def location(self) -> str:
        """The URL without user, password and query."""
        return without_credentials(self.url)


class MetricsSettings(Definition):
    """Metrics beside those of GET /metrics."""

    influxdb: InfluxSettings | None = Field(
        default=None,
        description="InfluxDB, which the phases and messages are reported to.",
        examples=[{"url": "http://influxdb:8086", "db": "metrics"}],
    )


class TrustAnchorSettings(Definition):
    """Known from the later state of Xaynet; empty, and without effect."""


class ChunkSettings(Definition):
    """Messages that come in parts."""

    max_bytes_per_participant: int = Field(
        default=512 * MIB,
        ge=4096,
        description="Most bytes of unfinished messages kept for one participant.",
        examples=[512 * MIB],
    )
    max_bytes_total: int = Field(
        default=8 * GIB,
        ge=4096,
        description="Most bytes of unfinished messages kept for all; beyond it they get 503.",
        examples=[8 * GIB],
    )

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if self.max_bytes_total < self.max_bytes_per_participant:
            text = f"{{}} is {self.max_bytes_total}, but must be at least {{}}, which is "
            text += str(self.max_bytes_per_participant)
            refuse([Refusal(text, (("max_bytes_total",), ("max_bytes_per_participant",)))])
        return self
