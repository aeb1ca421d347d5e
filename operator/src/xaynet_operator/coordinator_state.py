"""What a coordinator tells about itself: the document of ``GET /v1/state`` (docs/control-api.md).

Fields that a newer coordinator adds are ignored.
"""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class Told(BaseModel):
    """A part of the document."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True
    )


class Messages(Told):
    """What became of the messages of a phase."""

    accepted: int
    rejected: int
    discarded: int


class RoundMessages(Told):
    """What became of the messages of a round."""

    sum: Messages
    update: Messages
    sum2: Messages


class RunningRound(Told):
    """The round in flight; times in seconds, of the phase."""

    id: int
    elapsed: float
    time_left: float | None
    messages: RoundMessages


class Parameter(Told):
    """One parameter: the value in force, and the one that is coming."""

    active: Any
    generation: int
    pending: Any = None
    pending_generation: int | None = None


class Rounds(Told):
    """Numbers of rounds."""

    wanted: int | None
    successful: int
    failed: int
    failures_in_a_row: int


class PastRound(Told):
    """A round that is over; ``reason`` is None if it succeeded."""

    id: int
    sum: int
    update: int
    sum2: int
    started: datetime
    seconds: float
    reason: str | None


class Model(Told):
    """The newest global model."""

    id: str
    length: int
    time: datetime


class Store(Told):
    """Whether the stores answer; if not, which trouble it is, in a word and in a sentence."""

    available: bool
    message: str | None
    reason: str | None = None


class CoordinatorState(Told):
    """The whole document."""

    revision: int
    generation: int | None
    desired_state: str | None
    phase: str
    paused: bool
    waiting_for: str
    round: RunningRound | None
    parameters: dict[str, Parameter]
    rounds: Rounds
    last_rounds: tuple[PastRound, ...]
    latest_model: Model | None
    store: Store
    warnings: tuple[str, ...] = Field(default=())
