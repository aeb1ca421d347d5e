"""A participant that trains when it is asked to: subclass `ParticipantABC`, then spawn it."""

import logging
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from xaynet_sdk.exceptions import (
    GlobalModelDataTypeMisMatch,
    GlobalModelUnavailable,
    LocalModelDataTypeMisMatch,
    LocalModelLengthMisMatch,
)
from xaynet_sdk.threads import ParticipantThread
from xaynet_sdk.xaynet_sdk import Participant

LOG = logging.getLogger("participant")

TrainingResult = TypeVar("TrainingResult")
TrainingInput = TypeVar("TrainingInput")


class ParticipantABC(ABC):
    """What a participant does when the protocol asks for it. All methods run in its thread.

    An exception out of any of them ends the participant.
    """

    # Set to True to be given global models as numpy arrays instead of lists.
    global_model_as_array = False

    @abstractmethod
    def train_round(self, training_input: Any) -> Any:
        """Train, starting from the deserialized global model; return the updated weights.

        Args:
            training_input: what `deserialize_training_input` returned, or None while there is no
                global model (usually in the first round): then start from initial weights.
        """
        raise NotImplementedError

    @abstractmethod
    def serialize_training_result(self, training_result: Any) -> Any:
        """The local model: a list (or a one-dimensional numpy array) of the round's data type.

        Args:
            training_result: what `train_round` returned.
        """
        raise NotImplementedError

    @abstractmethod
    def deserialize_training_input(self, global_model: list[Any]) -> Any:
        """The input for `train_round`. Not called while there is no global model.

        Args:
            global_model: a list of floats or integers, by the round's data type
                (a numpy array, if `global_model_as_array` is True).
        """
        raise NotImplementedError

    def participate_in_update_task(self) -> bool:
        """Whether to train now. Asked whenever the participant is selected for an update.

        After False it is asked again, after every tick of the same round.
        """
        return True

    # Not abstract: a participant that does not care leaves the callbacks out.
    def on_new_global_model(self, global_model: Any) -> None:  # noqa: B027 - optional callback
        """Called when a round begins.

        Args:
            global_model: the deserialized global model, or None while there is none.
        """

    def on_stop(self) -> None:  # noqa: B027 - optional callback
        """Called by `InternalParticipant.stop`, in the caller's thread, after the last tick."""


class InternalParticipant(ParticipantThread):
    """A handle on a participant that runs in its own thread; see `spawn_participant`."""

    def __init__(  # noqa: PLR0913 - the published arguments, and one of ours
        self,
        coordinator_url: str,
        participant: type[ParticipantABC],
        p_args: Iterable[Any],
        p_kwargs: Mapping[str, Any],
        state: Sequence[int] | None,
        scalar: float,
        max_message_size: int | None = None,
        *,
        inner: Participant | None = None,
    ) -> None:
        super().__init__(
            inner or Participant(coordinator_url, scalar, state, max_message_size=max_message_size)
        )
        args, kwargs = tuple(p_args), dict(p_kwargs)
        self._make_participant = lambda: participant(*args, **kwargs)
        self._participant: ParticipantABC | None = None
        self._global_model: Any = None
        # A restored participant may be asked to train in the middle of a round: it has to fetch
        # the model of that round first, as its notification came to the process before.
        self._fetch_is_due = state is not None

    def tick(self) -> None:
        """One transition, then the user's part: fetch a new global model, train if asked to."""
        participant = self._user_participant()
        super().tick()
        if self._inner.new_global_model() or self._fetch_is_due:
            self._fetch_global_model(participant)
        if (
            self._inner.should_set_model()
            and participant.participate_in_update_task()
            and not self._fetch_is_due
        ):
            self._train(participant)

    def _user_participant(self) -> ParticipantABC:
        # Made here, in the thread that uses it: some machine learning libraries insist on that.
        if self._participant is None:
            self._participant = self._make_participant()
        return self._participant

    def _fetch_global_model(self, participant: ParticipantABC) -> None:
        LOG.debug("fetch global model")
        self._fetch_is_due = True
        try:
            weights = self._inner.global_model_array()
        except (GlobalModelUnavailable, GlobalModelDataTypeMisMatch) as error:
            LOG.warning("failed to get global model: %s", error)
            return
        self._fetch_is_due = False
        if weights is not None:
            given: Any = weights if participant.global_model_as_array else weights.tolist()
            self._global_model = participant.deserialize_training_input(given)
        else:
            self._global_model = None
        participant.on_new_global_model(self._global_model)

    def _train(self, participant: ParticipantABC) -> None:
        LOG.debug("train model")
        result = participant.train_round(self._global_model)
        try:
            self._inner.set_model(participant.serialize_training_result(result))
        except (LocalModelLengthMisMatch, LocalModelDataTypeMisMatch) as error:
            LOG.warning("failed to set local model: %s", error)

    def stop(self) -> list[int]:
        """Stop, call `on_stop`, and return the state, from which `spawn_participant` goes on.

        The participant is consumed: a second call raises UninitializedParticipant.
        The state contains **private keys**, unencrypted: keep it safe.
        """
        LOG.debug("stopping participant")
        state = self._save()
        LOG.debug("participant stopped")
        if self._participant is not None:
            self._call_on_stop(self._participant)
        return state

    def _call_on_stop(self, participant: ParticipantABC) -> None:
        try:
            participant.on_stop()
        except Exception as error:
            # The state exists nowhere else any more: an error here must not cost the keys.
            LOG.exception("on_stop failed: %s", error)
