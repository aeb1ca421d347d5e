"""What was found in the cluster and at the coordinator: plain data that decisions are made from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NamedTuple

from xaynet_operator.coordinator_state import CoordinatorState

Manifest = dict[str, Any]
"""An object of Kubernetes, as it is sent to the API server or handed out by it."""


class ObjectKey(NamedTuple):
    """What tells the objects of one namespace apart."""

    kind: str
    name: str


def key_of(manifest: Manifest) -> ObjectKey:
    """The key of an object."""
    return ObjectKey(manifest["kind"], manifest["metadata"]["name"])


class Stage(Enum):
    """Which objects a resource has."""

    SERVING = "Serving"  # all of them run
    ASLEEP = "Asleep"  # paused and scaled to zero: neither coordinator nor Redis
    ERASING = "Erasing"  # the stores, and the Job that erases the rounds
    ENDED = "Ended"  # nothing but the models, if they are retained


@dataclass(frozen=True, slots=True)
class Images:
    """What runs where a resource names no image of its own."""

    coordinator: str
    redis: str
    minio: str
    pull_policy: str | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that the objects of a resource are made from, beside the resource itself."""

    stage: Stage
    images: Images
    secret_versions: Mapping[str, str] = field(default_factory=dict[str, str])
    """Name of each existing Secret that pods use → its version; a new one restarts them."""
    served: frozenset[str] = frozenset()
    """Optional kinds that the cluster knows: HTTPRoute, ServiceMonitor."""


@dataclass(frozen=True, slots=True)
class Problem:
    """An object that the API server did not take, and what it said."""

    key: ObjectKey
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Found:
    """What reconciling has found, after everything was applied."""

    stage: Stage
    objects: Mapping[ObjectKey, Manifest]
    """Owned objects and their pods, as the API server hands them out; of Secrets the metadata."""
    state: CoordinatorState | None = None
    """What the coordinator told last; None if it has never been reached."""
    unreachable: str | None = None
    """Why the coordinator's control API does not answer now; None if it does."""
    refused: tuple[str, ...] = ()
    """What the coordinator said against the newest parameters."""
    problems: tuple[Problem, ...] = ()
