"""Participants of a federated-learning service, with the names of the published xaynet_sdk.

A program either subclasses `ParticipantABC` and is asked to train (`spawn_participant`), or trains
when it likes and hands in its local model (`spawn_async_participant`). The exceptions:

    Exception
    ├── CryptoInit                      ├── LocalModelLengthMisMatch
    ├── ParticipantInit                 ├── LocalModelDataTypeMisMatch
    ├── ParticipantRestore              ├── GlobalModelUnavailable
    └── UninitializedParticipant        └── GlobalModelDataTypeMisMatch
"""

import threading
from collections.abc import Iterable, Sequence
from typing import Any

from xaynet_sdk import xaynet_sdk
from xaynet_sdk.async_participant import AsyncParticipant
from xaynet_sdk.exceptions import (
    CryptoInit,
    GlobalModelDataTypeMisMatch,
    GlobalModelUnavailable,
    LocalModelDataTypeMisMatch,
    LocalModelLengthMisMatch,
    ParticipantInit,
    ParticipantRestore,
    UninitializedParticipant,
)
from xaynet_sdk.participant import (
    InternalParticipant,
    ParticipantABC,
    TrainingInput,
    TrainingResult,
)

__all__ = [
    "AsyncParticipant",
    "CryptoInit",
    "GlobalModelDataTypeMisMatch",
    "GlobalModelUnavailable",
    "InternalParticipant",
    "LocalModelDataTypeMisMatch",
    "LocalModelLengthMisMatch",
    "ParticipantABC",
    "ParticipantInit",
    "ParticipantRestore",
    "TrainingInput",
    "TrainingResult",
    "UninitializedParticipant",
    "spawn_async_participant",
    "spawn_participant",
    "xaynet_sdk",
]


def spawn_participant(  # noqa: PLR0913 - the published arguments, and one of ours
    coordinator_url: str,
    participant: type[ParticipantABC],
    args: Iterable[Any] = (),
    kwargs: dict[str, Any] = {},  # noqa: B006 - the published default; nothing writes to it
    state: Sequence[int] | None = None,
    scalar: float = 1.0,
    max_message_size: int | None = None,
) -> InternalParticipant:
    """Start a participant in a thread of its own, and return a handle on it.

    Args:
        coordinator_url: http or https; path segments are kept (`https://host/fl`).
        participant: a class that implements `ParticipantABC`; it is instantiated in the thread.
        args: positional arguments of the class.
        kwargs: keyword arguments of the class.
        state: what `InternalParticipant.stop` returned, to go on as that participant (a list of
            integers, or bytes). The scalar and the message size then come from the state.
        scalar: the weight of this participant's models in the global model, for example its number
            of training samples over the largest such number. It is cut to the bound of the masking
            configuration (1 for B0); NaN and negative numbers count as 0.
        max_message_size: send messages in parts of at most that many bytes (at least 194);
            None: in one piece.

    Raises ParticipantInit for settings, and ParticipantRestore for a state, that cannot be used.
    An unreachable coordinator is no error: the participant waits for it.
    """
    handle = InternalParticipant(
        coordinator_url, participant, args, kwargs, state, scalar, max_message_size
    )
    handle.start()
    return handle


def spawn_async_participant(
    coordinator_url: str,
    state: Sequence[int] | None = None,
    scalar: float = 1.0,
    max_message_size: int | None = None,
) -> tuple[AsyncParticipant, threading.Event]:
    """Start a participant that is given its local models by the program, whenever it has one.

    Returns the handle, and an event that is set whenever a round has begun, so that there may be a
    new global model (there is none yet in the first round). `get_global_model` clears it.

    Arguments and errors are those of `spawn_participant`.
    """
    notifier = threading.Event()
    handle = AsyncParticipant(coordinator_url, notifier, state, scalar, max_message_size)
    handle.start()
    return handle, notifier
