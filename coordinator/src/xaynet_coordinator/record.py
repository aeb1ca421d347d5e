"""What the machine must remember over a crash: the record in the ledger's head.

A record is replaced as a whole, and only by a phase change. The round's secret key in it is
sealed under the round's key, which is no part of it: that key lies wrapped beside the round's
blobs, so that an old page of the ledger never holds what opens a round.
"""

from datetime import datetime
from enum import Enum
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict

from xaynet_coordinator.desired import Wanted
from xaynet_coordinator.store import StoreCorrupt

KEPT_ROUNDS = 10


class Phase(Enum):
    """Where a service stands. Sum, update and sum2 collect messages."""

    IDLE = "Idle"
    SUM = "Sum"
    UPDATE = "Update"
    SUM2 = "Sum2"
    UNMASK = "Unmask"
    FAILURE = "Failure"
    COMPLETED = "Completed"
    TERMINATED = "Terminated"


COLLECTING = (Phase.SUM, Phase.UPDATE, Phase.SUM2)


class Page(BaseModel):
    """How the parts of a record are written: JSON, with bytes as hex."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", ser_json_bytes="hex", val_json_bytes="hex"
    )


class RoundRecord(Page):
    """A round in flight. ``params`` is the body of ``GET /params`` (protocol §2.2)."""

    id: int
    params: bytes
    sealed_secret: bytes
    wanted: Wanted  # what was wanted when it began
    started: datetime
    ended: dict[str, Wanted] = {}  # what each phase that is over went by: "sum", "update", "sum2"

    def close(self, phase: Phase, wanted: Wanted) -> Self:
        """The record once a phase is over."""
        return self.model_copy(update={"ended": {**self.ended, phase.value.lower(): wanted}})


class Finished(Page):
    """One line of the history: a round that succeeded (no reason), failed or was cut off."""

    id: int
    sum: int
    update: int
    sum2: int
    started: datetime
    ended: datetime
    reason: str | None = None


class ModelRecord(Page):
    """A global model that was published: its key in the bucket and when it was made."""

    id: str
    length: int
    digest: str  # SHA-256 of the bincode object, hex
    time: datetime


class Initial(Page):
    """The initial model as it was taken: from where, for which data type, and its copy."""

    source: str
    data_type: str
    model: ModelRecord


class Record(Page):
    """The whole of it. ``seed`` and ``round_id`` are those of the newest round (protocol §1.2)."""

    version: Literal[1] = 1
    phase: Phase = Phase.IDLE
    round_id: int = 0
    seed: bytes = bytes(32)
    params: bytes | None = None  # of the newest round: shown until the next one
    round: RoundRecord | None = None
    successful: int = 0
    failed: int = 0
    failures_in_a_row: int = 0
    finished: tuple[Finished, ...] = ()
    models: tuple[ModelRecord, ...] = ()  # newest last
    initial: Initial | None = None  # while there are no models

    @classmethod
    def read(cls, state: bytes | None) -> Self:
        """The record in a ledger's head; a new one if there is none."""
        if state is None:
            return cls()
        try:
            return cls.model_validate_json(state)
        except ValueError as error:
            raise StoreCorrupt(f"the ledger's record cannot be read: {error}") from error

    def written(self) -> bytes:
        """The bytes for the ledger's head."""
        return self.model_dump_json().encode()

    def turn(self, phase: Phase, **changes: object) -> Self:
        """The record of the next phase."""
        return self.model_copy(update={"phase": phase, **changes})

    def begin(self, round: RoundRecord, seed: bytes) -> Self:
        """The record of the first phase of a new round."""
        return self.turn(Phase.SUM, round=round, round_id=round.id, seed=seed, params=round.params)

    def finish(self, line: Finished, *, phase: Phase) -> Self:
        """The record after a round has ended, well or not; the round itself is forgotten. One
        that is cut off by the end of the service has not failed."""
        good, bad = line.reason is None, phase is Phase.FAILURE
        return self.turn(
            phase,
            round=None,
            successful=self.successful + good,
            failed=self.failed + bad,
            failures_in_a_row=0 if good else self.failures_in_a_row + bad,
            finished=(*self.finished, line)[-KEPT_ROUNDS:],
        )
