"""What the coordinator shows: an immutable snapshot, replaced as a whole at each phase change.

Requests read the snapshot and never the machine, so that data and phase always change together.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from xaynet_coordinator.record import Phase
from xaynet_coordinator.rounds import Round
from xaynet_pet import Tag

PHASE_OF_TAG = {Tag.SUM: Phase.SUM, Tag.UPDATE: Phase.UPDATE, Tag.SUM2: Phase.SUM2}
TAG_OF_PHASE = {phase: tag for tag, phase in PHASE_OF_TAG.items()}


@dataclass(frozen=True, slots=True)
class PublishedModel:
    """A global model as it is served: bincode (protocol §2.2) and, if it fits, ``.npy``."""

    id: str
    length: int
    digest: str  # SHA-256 of ``bincode``, hex
    bincode: bytes = field(repr=False)
    npy: bytes | None = field(repr=False, default=None)


@dataclass(frozen=True, slots=True)
class Board:
    """One phase of one epoch, as requests see it."""

    term: int = 0
    epoch: int = 0
    phase: Phase = Phase.IDLE
    round: Round | None = None
    sums: Mapping[bytes, bytes] = field(
        default_factory=dict[bytes, bytes]
    )  # from the end of Sum on
    seeds_open: bool = False  # the set of updates is frozen, durably
    params_body: bytes | None = None  # of GET /params
    sums_body: bytes | None = None  # of GET /sums; None while no sum dictionary is published
    model: PublishedModel | None = None
