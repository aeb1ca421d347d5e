"""What a FederatedRound asks for: the models behind ``spec``.

    spec
    ├── protocol, desiredState, pause, rounds
    ├── pet           xaynet_pet.parameters
    ├── coordinator   how the coordinator runs
    ├── redis         managed or external
    ├── models        managed or external; how many are kept, what becomes of them
    ├── exposure      service, ingress, gateway
    └── metrics

Everything under ``pet``, ``rounds`` and ``desiredState`` may be edited while rounds run.
"""

from typing import Literal

from pydantic import Field

from xaynet_operator.resource.exposure import Exposure
from xaynet_operator.resource.forms import Protocol, WebUrl
from xaynet_operator.resource.stores import Models, Redis
from xaynet_operator.resource.workloads import Coordinator
from xaynet_pet.parameters import EXAMPLE, Definition, PetParameters


class Pause(Definition):
    """What pausing does beside standing still."""

    scale_to_zero: bool = Field(
        default=False,
        description=(
            "Whether pausing also stops the coordinator and the managed Redis; their state stays "
            "on the volumes."
        ),
        examples=[True],
    )


class InfluxDb(Definition):
    """InfluxDB, which the phases and messages are reported to."""

    url: WebUrl = Field(description="Where InfluxDB is.", examples=["http://influxdb:8086"])
    db: str = Field(min_length=1, description="Name of the database.", examples=["metrics"])


class Metrics(Definition):
    """Who gets metrics."""

    service_monitor: bool = Field(
        default=False,
        description="Whether to make a ServiceMonitor, for the Prometheus operator.",
        examples=[True],
    )
    influxdb: InfluxDb | None = Field(
        default=None,
        description="InfluxDB, which the phases and messages are reported to.",
        examples=[{"url": "http://influxdb:8086", "db": "metrics"}],
    )


class FederatedRoundSpec(Definition):
    """One coordinator service that runs round after round."""

    protocol: Protocol = Field(
        default="PET", description="The protocol of the service. Immutable.", examples=["PET"]
    )
    desired_state: Literal["Running", "Paused", "Terminated"] = Field(
        default="Running",
        description="Paused stands still and goes on later; Terminated is final.",
        examples=["Running"],
    )
    pause: Pause = Field(
        default_factory=Pause,
        description="What pausing does beside standing still.",
        examples=[{"scaleToZero": True}],
    )
    rounds: int | None = Field(
        default=None,
        ge=1,
        le=10**12,
        description="Stop after that many successful rounds; without it go on until terminated.",
        examples=[10],
    )
    pet: PetParameters = Field(
        description="How rounds run; all of it may change while they do.",
        examples=[EXAMPLE],
    )
    coordinator: Coordinator = Field(
        default_factory=Coordinator,
        description="How the coordinator runs.",
        examples=[{"replicas": 1}],
    )
    redis: Redis = Field(
        default_factory=Redis,
        description="Redis, which holds the state of the rounds: managed unless external is given.",
        examples=[{"managed": {"storage": "1Gi"}}],
    )
    models: Models = Field(
        default_factory=Models,
        description="Where global models are kept: managed unless external is given.",
        examples=[{"managed": {"storage": "10Gi"}, "keep": 10}],
    )
    exposure: Exposure = Field(
        default_factory=Exposure,
        description="How participants reach the coordinator.",
        examples=[{"service": {"type": "LoadBalancer"}}],
    )
    metrics: Metrics = Field(
        default_factory=Metrics,
        description="Who gets metrics.",
        examples=[{"serviceMonitor": True}],
    )
