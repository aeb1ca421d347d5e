"""Settings as a whole: read, merged, checked."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Self

from pydantic import Field, ValidationError, model_validator

from xaynet_coordinator.settings.drafts import Draft, draft
from xaynet_coordinator.settings.formats import bucket_and_key
from xaynet_coordinator.settings.keys import Keys
from xaynet_coordinator.settings.sections import (
    ApiSettings,
    AtRestSettings,
    ChunkSettings,
    ControlSettings,
    DataSettings,
    LogSettings,
    MetricsSettings,
    RedisSettings,
    RestoreSettings,
    RoundSettings,
    S3Settings,
    TrustAnchorSettings,
)
from xaynet_coordinator.settings.sources import (
    Unreadable,
    from_document,
    from_environment,
    read_document,
)
from xaynet_pet.parameters import EXAMPLE, Definition, PetParameters
from xaynet_pet.sentences import Refusal, refuse, sentences

DEFAULT_DIRECTORY = Path("xaynet-data")
AT_REST_KEY = "at_rest.key"


class SettingsError(Exception):
    """Settings that a coordinator refuses to start with: one sentence for each problem."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.sentences = tuple(problems)
        super().__init__("\n".join(self.sentences))


class Settings(Definition):
    """Everything a coordinator is told at its start. Secrets are never shown."""

    api: ApiSettings = Field(
        default_factory=ApiSettings,
        description="The public REST API.",
        examples=[{"bind_address": "127.0.0.1:8081"}],
    )
    control: ControlSettings = Field(
        default_factory=ControlSettings,
        description="The control API, on a port of its own.",
        examples=[{"bind_address": "127.0.0.1:8082", "token_file": "/var/run/xaynet/token"}],
    )
    pet: PetParameters | None = Field(
        default=None,
        description="The parameters of PET; may be missing with control.wait_for_desired only.",
        examples=[EXAMPLE],
    )
    redis: RedisSettings | None = Field(
        default=None,
        description="Redis; without it SQLite in data.directory.",
        examples=[{"url": "redis://127.0.0.1:6379/0"}],
    )
    s3: S3Settings | None = Field(
        default=None,
        description="S3; without it data.directory.",
        examples=[
            {"access_key": "minio", "secret_access_key": "minio123", "region": ["eu-west-1"]}
        ],
    )
    data: DataSettings = Field(
        default_factory=DataSettings,
        description="The folder of this coordinator.",
        examples=[{"directory": "/var/lib/xaynet"}],
    )
    round: RoundSettings = Field(
        default_factory=RoundSettings,
        description="The service as a whole.",
        examples=[{"rounds": 10}],
    )
    at_rest: AtRestSettings = Field(
        default_factory=AtRestSettings,
        description="Encryption of what is stored.",
        examples=[{"key_file": "/var/run/xaynet/at-rest/key"}],
    )
    restore: RestoreSettings = Field(
        default_factory=RestoreSettings,
        description="What a start does with the state of an earlier run.",
        examples=[{"enable": True}],
    )
    log: LogSettings = Field(
        default_factory=LogSettings, description="Logging.", examples=[{"filter": "info"}]
    )
    metrics: MetricsSettings = Field(
        default_factory=MetricsSettings,
        description="Metrics beside those of GET /metrics.",
        examples=[{"influxdb": {"url": "http://influxdb:8086", "db": "metrics"}}],
    )
    trust_anchor: TrustAnchorSettings | None = Field(
        default=None,
        description="Known from the later state of Xaynet; empty, and without effect.",
        examples=[{}],
    )
    chunks: ChunkSettings = Field(
        default_factory=ChunkSettings,
        description="Messages that come in parts.",
        examples=[{"max_bytes_total": 8589934592}],
    )
    warnings: tuple[str, ...] = Field(
        default=(),
        description="What was changed or ignored when the settings were loaded, for the log.",
        examples=[["XAYNET_FOO is not a setting and is ignored"]],
    )

    @classmethod
    def load(cls, path: Path | None, environ: Mapping[str, str]) -> Self:
        """Read the file, if any, and let the environment override it.

        Raises ``SettingsError`` with one sentence for each problem.
        """
        try:
            document = read_document(path) if path else dict[str, object]()
        except Unreadable as error:
            raise SettingsError([str(error)]) from None
        keys = keys_of_settings()
        drawn_up = draft(from_document(document, keys), from_environment(environ, keys), keys)
        settings = cls._checked(drawn_up)
        if isinstance(settings, SettingsError):
            raise settings
        return settings

    @classmethod
    def _checked(cls, drawn_up: Draft) -> Self | SettingsError:
        # The error is raised outside of the handler: pydantic's own holds the values.
        problems = drawn_up.problems
        try:
            settings = cls.model_validate(drawn_up.tree(), by_name=True, by_alias=False)
        except ValidationError as error:
            return SettingsError((*problems, *sentences(error, cls, drawn_up.name)))
        return SettingsError(problems) if problems else settings

    @property
    def directory(self) -> Path:
        """The folder of this coordinator."""
        return self.data.directory or DEFAULT_DIRECTORY

    @property
    def at_rest_key_file(self) -> Path:
        """The file with the key that wraps the keys of the rounds."""
        return self.at_rest.key_file or self.directory / AT_REST_KEY

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        refuse(self._refusals())
        return self

    def _refusals(self) -> Iterator[Refusal]:
        if self.pet is None and not self.control.wait_for_desired:
            text = "{} is missing: give it, or set {} to be told by the control API"
            yield Refusal(text, (("pet",), ("control", "wait_for_desired")))
        if self.redis is None and self.data.directory is None:
            text = "{} is missing: give it, or {} to run without Redis"
            yield Refusal(text, (("redis", "url"), ("data", "directory")))
        initial = self.round.initial_model
        if initial and bucket_and_key(initial) and self.s3 is None:
            text = "{} is in a bucket, but {} is not given: give it, or the path of a file"
            yield Refusal(text, (("round", "initial_model"), ("s3",)))
        if self.redis is None and self.s3 is not None:
            text = "{} is given, but {} is not: S3 is used together with Redis only"
            yield Refusal(text, (("s3",), ("redis", "url")))


@cache
def keys_of_settings() -> Keys:
    """The keys of ``Settings``."""
    return Keys(Settings)
