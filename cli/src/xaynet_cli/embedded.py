"""From a FederatedRound to the settings of a coordinator without a cluster. Pure."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from xaynet_coordinator.settings import Settings
from xaynet_operator.resource import FederatedRound, FederatedRoundSpec

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a service is: its folder, its addresses (port 0: any free one), its token."""

    data: Path
    address: str
    control: str
    token: str = field(repr=False)
    log: str = "warn"


def settings_of(manifest: FederatedRound, place: Place) -> Settings:
    """The settings of a coordinator on SQLite and a directory.

    What may change while it runs comes through the control API, so it waits for that. Raises
    pydantic's ``ValidationError`` for a place that cannot be.
    """
    spec = manifest.spec
    influxdb = spec.metrics.influxdb
    return Settings.model_validate(
        {
            "api": {"bind_address": place.address},
            "control": {
                "bind_address": place.control,
                "token": place.token,
                "wait_for_desired": True,
            },
            "data": {"directory": place.data},
            "round": {"models_keep": spec.models.keep},
            "log": {"filter": place.log},
            "metrics": {"influxdb": influxdb and {"url": influxdb.url, "db": influxdb.db}},
            "warnings": tuple(without_effect(spec)),
        }
    )


def without_effect(spec: FederatedRoundSpec) -> Iterator[str]:
    """One sentence for all that was given and means nothing without a cluster."""
    models = spec.models
    given = {
        "spec.pause.scaleToZero": spec.pause.scale_to_zero,
        "spec.coordinator": "coordinator" in spec.model_fields_set,
        "spec.redis": "redis" in spec.model_fields_set,
        "spec.models.managed": models.managed is not None,
        "spec.models.external": models.external is not None,
        "spec.models.initial": models.initial is not None,
        "spec.models.deletionPolicy": models.deletion_policy == "Delete",
        "spec.exposure": "exposure" in spec.model_fields_set,
        "spec.metrics.serviceMonitor": spec.metrics.service_monitor,
    }
    fields = [name for name, is_given in given.items() if is_given]
    if fields:
        yield f"without a cluster these fields have no effect: {', '.join(fields)}"


def needs_restart(old: FederatedRound, new: FederatedRound) -> list[str]:
    """The fields of an edit that count from the next start on."""
    parts: dict[str, Callable[[FederatedRoundSpec], object]] = {
        "spec.models.keep": lambda spec: spec.models.keep,
        "spec.metrics.influxdb": lambda spec: spec.metrics.influxdb,
    }
    return [name for name, part in parts.items() if part(old.spec) != part(new.spec)]
