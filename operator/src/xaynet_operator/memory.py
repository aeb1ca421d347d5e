"""What is remembered of one resource between two visits. All of it may be lost: then it is found
again."""

from dataclasses import dataclass, field
from typing import NamedTuple

from xaynet_operator.coordinator_client import ControlAddress
from xaynet_operator.coordinator_state import CoordinatorState
from xaynet_operator.facts import ObjectKey
from xaynet_operator.resource import FederatedRoundStatus


class Applied(NamedTuple):
    """A manifest as it was applied last, and the version that the object then had."""

    digest: str
    resource_version: str


class Told(NamedTuple):
    """A status as it was written last; the watch may not have shown it yet."""

    status: FederatedRoundStatus
    version: str
    """The resource's version since."""


@dataclass(slots=True)
class Memory:
    """Of one resource."""

    applied: dict[ObjectKey, Applied] = field(default_factory=dict[ObjectKey, Applied])
    secrets: dict[str, str] = field(default_factory=dict[str, str])
    """Name of each generated Secret that was found complete → its version then."""
    token: str | None = field(default=None, repr=False)
    address: ControlAddress | None = None
    """Where the coordinator's control API is, while there shall be a coordinator."""
    state: CoordinatorState | None = None
    unreachable: str | None = None
    refused: tuple[str, ...] = ()
    told: Told | None = None
