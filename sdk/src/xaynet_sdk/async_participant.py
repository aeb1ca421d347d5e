"""A participant to which a program may give a local model at any time.

"Async" has the published meaning: the local model can be set at any time,
not only while the participant is asked for one.
"""

import logging
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np

from xaynet_pet.weights import Weights
from xaynet_sdk.threads import ParticipantThread
from xaynet_sdk.xaynet_sdk import Participant

LOG = logging.getLogger("participant")


class AsyncParticipant(ParticipantThread):
    """A handle on a participant that runs in its own thread; see `spawn_async_participant`."""

    def __init__(
        self,
        coordinator_url: str,
        notifier: threading.Event,
        state: Sequence[int] | None,
        scalar: float,
        max_message_size: int | None = None,
        *,
        inner: Participant | None = None,
    ) -> None:
        super().__init__(
            inner or Participant(coordinator_url, scalar, state, max_message_size=max_message_size)
        )
        self._notifier = notifier

    def tick(self) -> None:
        """One transition; the notifier stays set while there is a new global model to fetch."""
        super().tick()
        if self._inner.new_global_model() and not self._notifier.is_set():
            LOG.debug("notify that a new global model is available")
            self._notifier.set()

    def get_global_model(self) -> list[Any] | None:
        """The current global model as a list of floats or integers, by the round's data type.

        None while the coordinator has no global model (usually in the first round).
        May be called at any time. Clears the notifier.

        Raises GlobalModelUnavailable if the coordinator cannot be reached or understood,
        GlobalModelDataTypeMisMatch if a weight is out of the data type's range,
        UninitializedParticipant after `stop`.
        """
        weights = self.get_global_model_array()
        return None if weights is None else weights.tolist()

    def get_global_model_array(self) -> Weights | None:
        """As `get_global_model`, but as a numpy array in the round's data type."""
        LOG.debug("get global model")
        # Cleared under the lock: a tick between would set it again for the model fetched here.
        with self._tick_lock:
            self._notifier.clear()
            return self._inner.global_model_array()

    def set_local_model(self, local_model: "list[Any] | np.ndarray[Any, Any]") -> None:
        """Keep a local model until the participant is selected for an update.

        May be called at any time; a model that is still kept is replaced. A kept model is used
        once: without a new one the participant sits out its next update task.

        Args:
            local_model: a list, or a one-dimensional numpy array, of the round's data type.

        Raises LocalModelLengthMisMatch, LocalModelDataTypeMisMatch (also for weights that are not
        finite), TypeError for other objects, UninitializedParticipant after `stop`.
        Before the first contact with the coordinator the length is 0.
        """
        LOG.debug("set local model in model store")
        with self._tick_lock:
            self._inner.set_model(local_model)

    def stop(self) -> list[int]:
        """Stop and return the state, from which `spawn_async_participant` goes on.

        The participant is consumed: every further call raises UninitializedParticipant.
        The state contains **private keys**, unencrypted: keep it safe.
        """
        LOG.debug("stop participant")
        state = self._save()
        self._notifier.clear()
        return state
