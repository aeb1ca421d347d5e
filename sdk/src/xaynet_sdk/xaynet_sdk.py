"""The inner participant, driven tick by tick, and the exceptions.

In the published SDK this is the compiled module. `Participant` is not thread-safe: the two kinds of
participants of the package guard it with a lock.
"""

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import httpx

from xaynet_pet import (
    MIN_MESSAGE_SIZE,
    Model,
    ModelConversionError,
    RoundParameters,
    SigningKeyPair,
)
from xaynet_pet.weights import Weights
from xaynet_sdk import logs, saved_state
from xaynet_sdk.client import CoordinatorClient, Unavailable, http_client
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
from xaynet_sdk.local_model import checked
from xaynet_sdk.states import NO_PARAMETERS, Notification, Random, Session, Task
from xaynet_sdk.transition import notifications_after_restoring, transition

__all__ = [
    "CryptoInit",
    "GlobalModelDataTypeMisMatch",
    "GlobalModelUnavailable",
    "LocalModelDataTypeMisMatch",
    "LocalModelLengthMisMatch",
    "Participant",
    "ParticipantInit",
    "ParticipantRestore",
    "UninitializedParticipant",
    "init_logging",
]


def init_logging() -> None:
    """Log what the environment variable `XAYNET_CLIENT` asks for.

    Some of the published documentation calls it `XAYNET__CLIENT`; that name works too.
    """
    logs.init_logging(os.environ.get("XAYNET_CLIENT") or os.environ.get("XAYNET__CLIENT"))


@dataclass(frozen=True, slots=True)
class Flags:
    """What a participant's notifications have told so far (protocol §8.3)."""

    task: Task = Task.NONE
    should_set_model: bool = False
    new_global_model: bool = False

    def after(self, notifications: tuple[Notification, ...]) -> "Flags":
        """The flags after these notifications."""
        flags = self
        for notification in notifications:
            flags = replace(flags, **_EFFECTS[notification])
        return flags


_EFFECTS: dict[Notification, dict[str, Any]] = {
    Notification.NEW_ROUND: {"new_global_model": True, "should_set_model": False},
    Notification.SUM: {"task": Task.SUM},
    Notification.UPDATE: {"task": Task.UPDATE},
    Notification.LOAD_MODEL: {"should_set_model": True},
    Notification.IDLE: {"task": Task.NONE},
}


class Participant:
    """A participant without a thread: call `tick` again and again.

    Args:
        url: the coordinator's URL. Nothing is sent before the first tick.
        scalar: the weight of this participant's models; NaN and negative numbers count as 0.
        state: what `save` returned, to go on from there (bytes, or a sequence of integers);
            the scalar and the message size then come from the state.
        max_message_size: the most bytes of one POST, at least 194; None: no limit.
        http: the HTTP client to use, and to close in the end.
        random: where random bytes come from.

    Raises ParticipantInit for settings, and ParticipantRestore for a state, that cannot be used.
    """

    def __init__(
        self,
        url: str,
        scalar: float,
        state: Sequence[int] | None = None,
        *,
        max_message_size: int | None = None,
        http: httpx.Client | None = None,
        random: Random = os.urandom,
    ) -> None:
        if state is None:
            keys = SigningKeyPair.generate(random)
            session = _new_session(keys, scalar, max_message_size)
            self._flags = Flags()
        else:
            session = _restored_session(state)
            self._flags = Flags().after(notifications_after_restoring(session))
        error = ParticipantInit if state is None else ParticipantRestore
        self._client = _client(url, http, error)
        self._session: Session | None = session
        self._random = random
        self._made_progress = True
        self._retry_after: float | None = None

    def tick(self) -> None:
        """One transition. Whatever the network does, it raises nothing."""
        outcome = transition(self._alive("tick"), self._client, self._random)
        self._session = outcome.session
        self._flags = self._flags.after(outcome.notifications)
        self._made_progress = outcome.made_progress
        self._retry_after = outcome.retry_after

    def set_model(self, local_model: "list[Any] | Weights") -> None:
        """Keep a local model, a list or a numpy array, for the next update task.

        Raises TypeError, LocalModelLengthMisMatch, LocalModelDataTypeMisMatch.
        """
        session = self._alive("set_model")
        params = session.params
        weights = checked(local_model, params.model_length, params.mask_config.vect.data_type)
        self._session = replace(session, model=weights)
        self._flags = replace(self._flags, should_set_model=False)

    def global_model(self) -> list[Any] | None:
        """The global model as a list of floats or integers; None while there is none.

        Raises GlobalModelUnavailable, GlobalModelDataTypeMisMatch.
        """
        weights = self.global_model_array()
        return None if weights is None else weights.tolist()

    def global_model_array(self) -> Weights | None:
        """As `global_model`, but as a numpy array in the round's data type."""
        session = self._alive("global_model")
        try:
            model = self._client.model()
            params = self._client.params() if session.params == NO_PARAMETERS else session.params
        except Unavailable as error:
            raise GlobalModelUnavailable(f"failed to fetch global model: {error}") from error
        self._flags = replace(self._flags, new_global_model=False)
        return None if model is None else _primitives(model, params)

    def made_progress(self) -> bool:
        """Whether the last tick changed something, so that another one is worth while soon."""
        self._alive("made_progress")
        return self._made_progress

    def should_set_model(self) -> bool:
        """Whether an update task waits for `set_model`."""
        self._alive("should_set_model")
        return self._flags.should_set_model

    def new_global_model(self) -> bool:
        """Whether a round began since the last `global_model`: there may be a new one."""
        self._alive("new_global_model")
        return self._flags.new_global_model

    def task(self) -> int:
        """0 none, 1 sum, 2 update."""
        self._alive("task")
        return int(self._flags.task)

    def retry_after(self) -> float | None:
        """Seconds the coordinator asked to wait, if it refused something in the last tick."""
        self._alive("retry_after")
        return self._retry_after

    def save(self) -> list[int]:
        """The state, with the **secret keys**, to go on in another process; ends this one."""
        state = saved_state.save(self._alive("save"))
        self._session = None
        self._client.close()
        return list(state)

    def _alive(self, method: str) -> Session:
        if self._session is None:
            raise UninitializedParticipant(f"{method!r} was called after the participant was saved")
        return self._session


def _new_session(keys: SigningKeyPair, scalar: float, max_message_size: int | None) -> Session:
    size = max_message_size
    if size is not None and size < MIN_MESSAGE_SIZE:
        raise ParticipantInit(
            f"max_message_size is {size}: it must be at least {MIN_MESSAGE_SIZE} bytes "
            "(each part carries 192 bytes beside its data), or None for no limit"
        )
    return Session(keys, math.fsum([scalar]), size)


def _restored_session(state: Sequence[int]) -> Session:
    try:
        known_bytes = isinstance(state, bytes | bytearray | memoryview)
        return saved_state.restore(bytes(state if known_bytes else list(state)))
    except (ValueError, saved_state.UnreadableState) as error:
        raise ParticipantRestore(f"failed to restore participant: {error}") from error


def _client(
    url: str, http: httpx.Client | None, error: type[ParticipantInit | ParticipantRestore]
) -> CoordinatorClient:
    try:
        return CoordinatorClient(url, http or http_client())
    except ValueError as reason:
        raise error(f"failed to set up the participant: {reason}") from reason


def _primitives(model: Model, params: RoundParameters) -> Weights:
    try:
        return model.to_array(params.mask_config.vect.data_type)
    except ModelConversionError as error:
        raise GlobalModelDataTypeMisMatch(str(error)) from error


init_logging()
