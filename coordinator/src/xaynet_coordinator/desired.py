"""What the coordinator is wanted to do: the document of ``PUT /v1/desired``."""

from enum import Enum
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from xaynet_coordinator.store import Caps, Desired, StoreCorrupt
from xaynet_pet import MaskConfigPair
from xaynet_pet.parameters import PetParameters
from xaynet_pet.sentences import sentences


class DesiredState(Enum):
    """``spec.desiredState`` of a FederatedRound."""

    RUNNING = "Running"
    PAUSED = "Paused"
    TERMINATED = "Terminated"


class Wanted(BaseModel):
    """Everything that may change while a round runs.

    Generation 0 is the configuration file of a coordinator run alone; it counts only from the
    next round on, while what the control API was told counts at once.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True
    )

    generation: int = Field(ge=0)
    desired_state: DesiredState = DesiredState.RUNNING
    rounds: int | None = Field(default=None, ge=1)
    parameters: PetParameters

    @classmethod
    def parse(cls, document: object) -> Self | tuple[str, ...]:
        """The document, or one sentence for each thing that is wrong with it."""
        try:
            return cls.model_validate(document)
        except ValidationError as error:
            return sentences(error, cls)

    @classmethod
    def restore(cls, desired: Desired) -> Self:
        """Read back what the ledger holds."""
        try:
            return cls.model_validate_json(desired.document)
        except ValidationError as error:
            raise StoreCorrupt(f"what is wanted cannot be read: {error}") from error

    def stored(self) -> Desired:
        """The form that the ledger holds."""
        return Desired(self.generation, self.model_dump_json(by_alias=True).encode())

    @property
    def paused(self) -> bool:
        """Whether messages are to wait."""
        return self.desired_state is DesiredState.PAUSED

    @property
    def terminated(self) -> bool:
        """Whether this is the end."""
        return self.desired_state is DesiredState.TERMINATED

    def caps(self, running: MaskConfigPair) -> Caps:
        """The counts that close each phase. ``running`` is the masking of the round in flight:
        no more models than it can carry are ever summed."""
        models = min(running.vect.max_models, running.unit.max_models)
        counts = self.parameters
        return Caps(
            counts.sum.count.max, min(counts.update.count.max, models), counts.sum2.count.max
        )
