"""How the operator itself was installed: environment variables with the prefix XAYNET_OPERATOR_."""

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from xaynet_operator.facts import Images

PREFIX = "XAYNET_OPERATOR_"


class SettingsError(Exception):
    """A setting that is missing or wrong, in a sentence each."""


class OperatorSettings(BaseModel):
    """Everything that an installation chooses."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    coordinator_image: str = Field(min_length=1, description="Image of coordinators.")
    redis_image: str = Field(min_length=1, description="Image of managed Redis.")
    minio_image: str = Field(min_length=1, description="Image of managed MinIO.")
    image_pull_policy: Literal["Always", "IfNotPresent", "Never"] | None = Field(
        default=None, description="When these images are pulled."
    )
    namespaces: str = Field(
        default="",
        pattern=r"^[a-z0-9, -]*$",
        description="Namespaces to look after, with commas; without any all of them.",
    )
    pod_name: str = Field(min_length=1, description="What this replica calls itself in the Lease.")
    lease_namespace: str = Field(min_length=1, description="Namespace of the Lease.")
    lease_name: str = Field(default="xaynet-operator", description="Name of the Lease.")
    probe_address: str = Field(default="0.0.0.0:8080", description="Where /healthz is served.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least important events that are logged."
    )

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Self:
        """The settings of this process; raises ``SettingsError``."""
        given = {
            name: environment[PREFIX + name.upper()]
            for name in cls.model_fields
            if PREFIX + name.upper() in environment
        }
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            problems = (
                f"{PREFIX}{'.'.join(map(str, one['loc'])).upper()}: {one['msg']}"
                for one in error.errors(include_input=False)
            )
            raise SettingsError("\n".join(problems)) from None

    @property
    def images(self) -> Images:
        """What runs where a resource names no image of its own."""
        return Images(
            self.coordinator_image, self.redis_image, self.minio_image, self.image_pull_policy
        )

    @property
    def watched(self) -> tuple[str, ...]:
        """Namespaces to look after; empty for all."""
        return tuple(part.strip() for part in self.namespaces.split(",") if part.strip())
