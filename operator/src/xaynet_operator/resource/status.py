"""What a FederatedRound tells: the models behind ``status``.

Fields that a newer operator wrote are ignored when read.
"""

from datetime import datetime
from typing import Literal, get_args

from pydantic import ConfigDict, Field
from pydantic.alias_generators import to_camel

from xaynet_pet.parameters import Definition

Phase = Literal["Idle", "Sum", "Update", "Sum2", "Unmask", "Failure"]
PHASES: tuple[Phase, ...] = get_args(Phase)
Summary = Literal[
    "Starting",
    "Running",
    "Pausing",
    "Paused",
    "Completed",
    "Degraded",
    "Terminating",
    "Terminated",
]

# All of them are set at the first visit, Unknown where nothing is known yet.
CONDITION_TYPES = (
    "Ready",
    "Progressing",
    "Paused",
    "ParametersApplied",
    "Degraded",
    "Completed",
    "Terminated",
)
HISTORY_LENGTH = 10

# Of the examples.
MOMENT = "2026-11-23T20:00:00Z"
CONDITION = {
    "type": "Ready",
    "status": "True",
    "lastTransitionTime": MOMENT,
    "reason": "CoordinatorReady",
}


class Observed(Definition):
    """A part of a status."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True
    )


class Condition(Observed):
    """One condition, by the conventions of Kubernetes."""

    type: str = Field(description="Name of the condition.", examples=["Ready"])
    status: Literal["True", "False", "Unknown"] = Field(
        description="Whether it holds.", examples=["True"]
    )
    observed_generation: int | None = Field(
        default=None, ge=0, description="Generation of the spec it speaks of.", examples=[3]
    )
    last_transition_time: datetime = Field(
        description="When its status changed last.", examples=[MOMENT]
    )
    reason: str = Field(
        pattern=r"^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$",
        description="Why, in one word.",
        examples=["CoordinatorReady"],
    )
    message: str = Field(
        default="",
        description="Why, in a sentence.",
        examples=["The coordinator answers, and its stores too."],
    )


class MessageCounts(Observed):
    """What became of the messages of one phase."""

    accepted: int = Field(default=0, ge=0, description="Messages that count.", examples=[37])
    rejected: int = Field(default=0, ge=0, description="Messages that were wrong.", examples=[1])
    discarded: int = Field(
        default=0, ge=0, description="Messages beyond what the phase takes.", examples=[0]
    )


class PhaseCounts(Observed):
    """What became of the messages of a round."""

    sum: MessageCounts = Field(
        default_factory=MessageCounts, description="Sum messages.", examples=[{"accepted": 3}]
    )
    update: MessageCounts = Field(
        default_factory=MessageCounts, description="Update messages.", examples=[{"accepted": 37}]
    )
    sum2: MessageCounts = Field(
        default_factory=MessageCounts, description="Sum2 messages.", examples=[{"accepted": 3}]
    )


class CurrentRound(PhaseCounts):
    """The round in flight."""

    id: int = Field(ge=0, description="Number of the round.", examples=[7])
    phase: Phase = Field(description="Phase it is in.", examples=["Update"])
    seconds_left: int | None = Field(
        default=None, ge=0, description="Seconds until the phase times out.", examples=[12]
    )
    waiting_for: str = Field(
        default="",
        description="What the phase waits for.",
        examples=["Update 37/100, 12 s left, min 50"],
    )


class FinishedRound(PhaseCounts):
    """A round that is over."""

    id: int = Field(ge=0, description="Number of the round.", examples=[6])
    outcome: Literal["Succeeded", "Failed", "Terminated"] = Field(
        description="How it ended; Terminated if the service was, during the round.",
        examples=["Succeeded"],
    )
    reason: str = Field(
        default="", description="Why it failed.", examples=["PhaseTimeout: Update 2, min 3"]
    )
    finished_at: datetime = Field(description="When it ended.", examples=[MOMENT])
    duration_seconds: int | None = Field(
        default=None, ge=0, description="How long it took, if that is known.", examples=[31]
    )


class Totals(Observed):
    """All rounds of the service."""

    successful: int = Field(
        default=0, ge=0, description="Rounds that made a global model.", examples=[6]
    )
    failed: int = Field(default=0, ge=0, description="Rounds that did not.", examples=[1])


class LatestModel(Observed):
    """The newest global model."""

    id: str = Field(description="Its id.", examples=["6_5ef7c9"])
    time: datetime = Field(description="When it was made.", examples=[MOMENT])
    uri: str = Field(
        default="", description="Where it is.", examples=["s3://global-models/6_5ef7c9"]
    )


class ParameterStatus(Observed):
    """One parameter: what is in force, what is coming, and from which generation each is."""

    field: str = Field(description="Path of the field.", examples=["spec.pet.update.count.max"])
    active: str = Field(description="The value in force, as JSON.", examples=["100"])
    active_generation: int = Field(
        ge=0, description="Generation of the spec that the active value is from.", examples=[2]
    )
    pending: str | None = Field(
        default=None, description="The value that is coming, as JSON.", examples=["200"]
    )
    pending_generation: int | None = Field(
        default=None,
        ge=0,
        description="Generation of the spec that the pending value is from.",
        examples=[3],
    )
    takes_effect: str | None = Field(
        default=None,
        description="When the pending value comes into force.",
        examples=["NextRound"],
    )


class FederatedRoundStatus(Observed):
    """Everything a FederatedRound tells about itself."""

    observed_generation: int | None = Field(
        default=None, ge=0, description="Generation of the spec that was acted on.", examples=[3]
    )
    state: Summary | None = Field(
        default=None,
        description="The conditions in one word, for people; programs read the conditions.",
        examples=["Running"],
    )
    conditions: tuple[Condition, ...] = Field(
        default=(),
        description="All known conditions, one of each type.",
        examples=[[CONDITION]],
        json_schema_extra={
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["type"],
        },
    )
    round: CurrentRound | None = Field(
        default=None, description="The round in flight.", examples=[{"id": 7, "phase": "Update"}]
    )
    history: tuple[FinishedRound, ...] = Field(
        default=(),
        max_length=HISTORY_LENGTH,
        description="The last rounds, the newest first.",
        examples=[[{"id": 6, "outcome": "Succeeded", "finishedAt": MOMENT, "durationSeconds": 31}]],
    )
    totals: Totals = Field(
        default_factory=Totals,
        description="All rounds of the service.",
        examples=[{"successful": 6, "failed": 1}],
    )
    latest_model: LatestModel | None = Field(
        default=None,
        description="The newest global model.",
        examples=[{"id": "6_5ef7c9", "time": MOMENT}],
    )
    endpoint: str | None = Field(
        default=None,
        description="Where participants reach the service.",
        examples=["https://fl.example.org"],
    )
    parameters: tuple[ParameterStatus, ...] = Field(
        default=(),
        description="Each parameter: what is in force, and what is coming.",
        examples=[[{"field": "spec.pet.sum.prob", "active": "0.01", "activeGeneration": 2}]],
    )

    def condition(self, kind: str) -> Condition | None:
        """The condition of a type, if there is one."""
        return next((one for one in self.conditions if one.type == kind), None)

    def holds(self, kind: str) -> bool:
        """Whether the condition of a type is True."""
        one = self.condition(kind)
        return one is not None and one.status == "True"
