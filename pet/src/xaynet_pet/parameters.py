"""The parameters of PET: one definition for the resource, settings, control API and docs.

    model.length
    mask    group_type, data_type, bound_type, model_type
    sum     prob, count {min, max}, time {min, max}
    update  prob, count {min, max}, time {min, max}
    sum2          count {min, max}, time {min, max}

Documents may write the names in snake case (configuration files) or camel case (manifests).
Counts are messages; times are seconds during which the phase can accept messages. The bounds
stand at the fields, what holds between fields in ``RULES`` (protocol §7.1). The release's check
for starvation, 0 < sum + update - sum * update <= 1, follows from the bounds of the two.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from xaynet_pet.mask_config import (
    BoundType,
    DataType,
    GroupType,
    MaskConfig,
    MaskConfigPair,
    ModelType,
)
from xaynet_pet.sentences import Refusal, refuse

LARGEST_LENGTH = 2**32 - 1  # mask objects count their elements in 32 bits (protocol §4.2)
LARGEST_COUNT = 10**12  # what the widest masks, M12, can add up
LONGEST_SECONDS = 10**12

EXAMPLE: dict[str, Any] = {
    "model": {"length": 55117},
    "mask": {"groupType": "Prime", "dataType": "F32", "boundType": "B0", "modelType": "M3"},
    "sum": {"prob": 0.01, "count": {"min": 1, "max": 100}, "time": {"min": 5, "max": 3600}},
    "update": {"prob": 0.1, "count": {"min": 3, "max": 1000}, "time": {"min": 10, "max": 3600}},
    "sum2": {"count": {"min": 1, "max": 100}, "time": {"min": 5, "max": 3600}},
}


class Definition(BaseModel):
    """A part of a document: frozen, complete, and without a place for unknown fields."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        populate_by_name=True,
        hide_input_in_errors=True,
    )


class ModelParameters(Definition):
    """The model that is trained."""

    length: int = Field(
        ge=1,
        le=LARGEST_LENGTH,
        description="Number of weights of the model; their type is the data type of the mask.",
        examples=[55117],
    )


class MaskParameters(Definition):
    """How updates are masked: the same for the weights and for the scalar."""

    group_type: GroupType = Field(
        description="Kind of the finite group that masked numbers are added in.",
        examples=["Prime"],
    )
    data_type: DataType = Field(description="Type of the weights.", examples=["F32"])
    bound_type: BoundType = Field(
        description=(
            "Largest absolute value of a weight times its scalar, and of a scalar: B0 1, B2 100, "
            "B4 10000, B6 1000000, Bmax all of the data type. What is beyond is cut off."
        ),
        examples=["B0"],
    )
    model_type: ModelType = Field(
        description="How many updates one round can add up: M3 at most 10^3, M6 10^6, and so on.",
        examples=["M3"],
    )


class SumCount(Definition):
    """How many sum messages a round takes."""

    min: int = Field(
        default=1,
        ge=1,
        le=LARGEST_COUNT,
        description="Fewest sum participants a round goes on with.",
        examples=[1],
    )
    max: int = Field(
        ge=1,
        le=LARGEST_COUNT,
        description="Most sum participants a round takes; later ones are turned away.",
        examples=[100],
    )


class SumTime(Definition):
    """How long the sum phase accepts messages, in seconds."""

    min: int = Field(
        default=5,
        ge=0,
        le=LONGEST_SECONDS,
        description="Seconds the sum phase lasts at least, however many have come.",
        examples=[5],
    )
    max: int = Field(
        ge=0,
        le=LONGEST_SECONDS,
        description="Seconds after which the round fails if too few sum participants have come.",
        examples=[3600],
    )


class SumParameters(Definition):
    """The sum phase: who collects the masks of the others."""

    prob: float = Field(
        gt=0,
        lt=1,
        allow_inf_nan=False,
        description="Probability with which a participant is selected for the sum task.",
        examples=[0.01],
    )
    count: SumCount = Field(
        description="How many sum messages a round takes.", examples=[{"min": 1, "max": 100}]
    )
    time: SumTime = Field(
        description="How long the sum phase accepts messages, in seconds.",
        examples=[{"min": 5, "max": 3600}],
    )


class UpdateCount(Definition):
    """How many update messages a round takes."""

    min: int = Field(
        default=3,
        ge=3,
        le=LARGEST_COUNT,
        description="Fewest updates a global model is made of; fewer would reveal each other.",
        examples=[3],
    )
    max: int = Field(
        ge=3,
        le=LARGEST_COUNT,
        description="Most updates a round takes; at most what the mask's model type can add up.",
        examples=[1000],
    )


class UpdateTime(Definition):
    """How long the update phase accepts messages, in seconds."""

    min: int = Field(
        default=10,
        ge=0,
        le=LONGEST_SECONDS,
        description="Seconds the update phase lasts at least, however many have come.",
        examples=[10],
    )
    max: int = Field(
        ge=0,
        le=LONGEST_SECONDS,
        description="Seconds after which the round fails if too few updates have come.",
        examples=[3600],
    )


class UpdateParameters(Definition):
    """The update phase: who trains."""

    prob: float = Field(
        gt=0,
        le=1,
        allow_inf_nan=False,
        description=(
            "Probability with which a participant that has no sum task is selected to train."
        ),
        examples=[0.1],
    )
    count: UpdateCount = Field(
        description="How many update messages a round takes.", examples=[{"min": 3, "max": 1000}]
    )
    time: UpdateTime = Field(
        description="How long the update phase accepts messages, in seconds.",
        examples=[{"min": 10, "max": 3600}],
    )


class Sum2Count(Definition):
    """How many sum2 messages a round takes."""

    min: int = Field(
        default=1,
        ge=1,
        le=LARGEST_COUNT,
        description="Fewest sum participants that must hand in the sum of the masks.",
        examples=[1],
    )
    max: int = Field(
        ge=1,
        le=LARGEST_COUNT,
        description="Most sums of masks a round takes; at most the most sum participants.",
        examples=[100],
    )


class Sum2Time(Definition):
    """How long the sum2 phase accepts messages, in seconds."""

    min: int = Field(
        default=5,
        ge=0,
        le=LONGEST_SECONDS,
        description="Seconds the sum2 phase lasts at least, however many have come.",
        examples=[5],
    )
    max: int = Field(
        ge=0,
        le=LONGEST_SECONDS,
        description="Seconds after which the round fails if too few sums of masks have come.",
        examples=[3600],
    )


class Sum2Parameters(Definition):
    """The sum2 phase: the sum participants hand in the sum of the masks."""

    count: Sum2Count = Field(
        description="How many sum2 messages a round takes.", examples=[{"min": 1, "max": 100}]
    )
    time: Sum2Time = Field(
        description="How long the sum2 phase accepts messages, in seconds.",
        examples=[{"min": 5, "max": 3600}],
    )


@dataclass(frozen=True, slots=True)
class Rule:
    """Two fields that stand in an order: ``field`` is ``relation`` ``other``."""

    field: str
    relation: Literal["at least", "at most"]
    other: str

    def broken_by(self, parameters: object) -> Refusal | None:
        """The refusal of parameters that break the rule."""
        value: int = attrgetter(self.field)(parameters)
        limit: int = attrgetter(self.other)(parameters)
        if value >= limit if self.relation == "at least" else value <= limit:
            return None
        text = f"{{}} is {value}, but must be {self.relation} {{}}, which is {limit}"
        return Refusal(text, (location(self.field), location(self.other)))


def location(path: str) -> tuple[str, ...]:
    """``sum.count.max`` as pydantic locates it."""
    return tuple(path.split("."))


RULES = (
    Rule("sum.count.max", "at least", "sum.count.min"),
    Rule("sum.time.max", "at least", "sum.time.min"),
    Rule("update.count.max", "at least", "update.count.min"),
    Rule("update.time.max", "at least", "update.time.min"),
    Rule("sum2.count.max", "at least", "sum2.count.min"),
    Rule("sum2.time.max", "at least", "sum2.time.min"),
    Rule("sum2.count.min", "at most", "sum.count.max"),
    Rule("sum2.count.max", "at most", "sum.count.max"),
)


class PetParameters(Definition):
    """Everything that says how rounds run; all of it may change while they do."""

    model: ModelParameters = Field(
        description="The model that is trained.", examples=[EXAMPLE["model"]]
    )
    mask: MaskParameters = Field(description="How updates are masked.", examples=[EXAMPLE["mask"]])
    sum: SumParameters = Field(
        description="The sum phase: who collects the masks of the others.",
        examples=[EXAMPLE["sum"]],
    )
    update: UpdateParameters = Field(
        description="The update phase: who trains.", examples=[EXAMPLE["update"]]
    )
    sum2: Sum2Parameters = Field(
        description="The sum2 phase: the sum participants hand in the sum of the masks.",
        examples=[EXAMPLE["sum2"]],
    )

    @property
    def mask_config(self) -> MaskConfigPair:
        """The masking configuration of the weights and of the scalar."""
        mask = self.mask
        return MaskConfigPair.uniform(
            MaskConfig(mask.group_type, mask.data_type, mask.bound_type, mask.model_type)
        )

    @model_validator(mode="after")
    def _obey_rules(self) -> Self:
        refuse(self._refusals())
        return self

    def _refusals(self) -> Iterator[Refusal]:
        for rule in RULES:
            if refusal := rule.broken_by(self):
                yield refusal
        most = self.mask_config.vect.max_models
        if self.update.count.max > most:
            text = (
                f"{{}} is {self.update.count.max}, but must be at most {most}, "
                f"the most that {{}} {self.mask.model_type.name} can add up"
            )
            yield Refusal(text, (location("update.count.max"), location("mask.model_type")))
