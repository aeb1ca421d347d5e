"""Where a participant stands: frozen values, so that a step either happened or did not.

    NewRound ─ sum ────► Sum ► Sending ► Sum2 ► SeedsFetched ► SeedsOpened ► MaskAggregated
             │           ► Sending ► Awaiting
             ├ update ─► Update ► SumsFetched ► ModelTaken ► ModelMasked ► SeedsSealed
             │           ► Sending ► Awaiting
             └ none ───► Awaiting

Other round parameters lead from every state to NewRound, and nothing of the old state is kept.
Everything here can be saved (`saved_state`); a field's type decides how.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import IntEnum, StrEnum
from typing import TypeAlias

from xaynet_pet import (
    EncryptionKeyPair,
    LocalSeedDict,
    MaskConfig,
    MaskConfigPair,
    MaskObject,
    RoundParameters,
    SeedDict,
    SigningKeyPair,
    SumDict,
    Tag,
)
from xaynet_pet.weights import Weights

# So many random bytes: os.urandom, except where a test wants to know them.
Random: TypeAlias = Callable[[int], bytes]

# Before the first contact with a coordinator (protocol §8.1).
NO_PARAMETERS = RoundParameters(
    pk=bytes(32),
    sum=0.0,
    update=0.0,
    seed=bytes(32),
    mask_config=MaskConfigPair.uniform(MaskConfig("Integer", "F32", "B0", "M3")),
    model_length=0,
)


class Task(IntEnum):
    """What the participant does in this round, with the numbers of the published SDK."""

    NONE = 0
    SUM = 1
    UPDATE = 2


@dataclass(frozen=True, slots=True)
class NewRound:
    """A round has begun; its task is not known yet."""


@dataclass(frozen=True, slots=True)
class Awaiting:
    """Nothing to do until the next round."""


@dataclass(frozen=True, slots=True)
class Sum:
    """Selected as sum participant, with a new ephemeral key pair."""

    ephemeral: EncryptionKeyPair


@dataclass(frozen=True, slots=True)
class Sum2:
    """Announced; waits for the mask seeds."""

    ephemeral: EncryptionKeyPair


@dataclass(frozen=True, slots=True)
class SeedsFetched:
    """Has the encrypted mask seeds of all update participants."""

    ephemeral: EncryptionKeyPair
    seeds: SeedDict


@dataclass(frozen=True, slots=True)
class SeedsOpened:
    """Has the mask seeds."""

    mask_seeds: tuple[bytes, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class MaskAggregated:
    """Has the sum of all masks."""

    mask: MaskObject = field(repr=False)


@dataclass(frozen=True, slots=True)
class Update:
    """Selected as update participant; waits for the sum participants' keys."""


@dataclass(frozen=True, slots=True)
class SumsFetched:
    """Has the sum participants' keys; waits for a local model."""

    sums: SumDict


@dataclass(frozen=True, slots=True)
class ModelTaken:
    """Has a local model."""

    sums: SumDict
    model: Weights = field(repr=False)


@dataclass(frozen=True, slots=True)
class ModelMasked:
    """Has masked the model with a new mask seed."""

    sums: SumDict
    mask_seed: bytes = field(repr=False)
    masked_model: MaskObject = field(repr=False)


@dataclass(frozen=True, slots=True)
class SeedsSealed:
    """Has encrypted the mask seed for every sum participant."""

    masked_model: MaskObject = field(repr=False)
    seeds: LocalSeedDict


@dataclass(frozen=True, slots=True)
class Sending:
    """A message is on its way, in one part or many.

    `sealed` is the part that is posted until it is answered, always the same bytes: sealed before
    the first attempt, so that neither a failure nor a restored state can make it another message.
    None: everything was answered. `parts`: the signed parts that follow. `then`: what comes next.
    """

    tag: Tag
    sealed: bytes | None = field(repr=False)
    parts: tuple[bytes, ...] = field(repr=False)
    then: "Awaiting | Sum2"


SumTask: TypeAlias = Sum | Sum2 | SeedsFetched | SeedsOpened | MaskAggregated
UpdateTask: TypeAlias = Update | SumsFetched | ModelTaken | ModelMasked | SeedsSealed
State: TypeAlias = NewRound | Awaiting | SumTask | UpdateTask | Sending


@dataclass(frozen=True, slots=True)
class Session:
    """A participant: who it is, how it takes part, and where it stands.

    `model`: the local model that waits for the next update task.
    `masked_round`: seed of the last round whose masks this participant has summed up.
    """

    keys: SigningKeyPair
    scalar: float
    max_message_size: int | None
    params: RoundParameters = NO_PARAMETERS
    state: State = Awaiting()
    masked_round: bytes = b""
    model: Weights | None = field(default=None, repr=False)


class Notification(StrEnum):
    """What a participant is told by a transition."""

    NEW_ROUND = "new round"
    SUM = "sum"
    UPDATE = "update"
    LOAD_MODEL = "load model"
    IDLE = "idle"


@dataclass(frozen=True, slots=True)
class Transition:
    """What a tick did: the session after it, and whether another one is worth while at once.

    `retry_after`: seconds the coordinator asked to wait, if it refused something for now.
    """

    session: Session
    made_progress: bool
    notifications: tuple[Notification, ...] = ()
    retry_after: float | None = None


def progress(session: Session, state: State, *notifications: Notification) -> Transition:
    """The step was made."""
    return Transition(replace(session, state=state), True, notifications)


def pending(session: Session, retry_after: float | None = None) -> Transition:
    """The step cannot be made yet."""
    return Transition(session, False, retry_after=retry_after)
