"""The update participant: mask the local model, encrypt the mask seed for every sum participant."""

import logging
from dataclasses import replace

from xaynet_pet import (
    LocalSeedDict,
    PetError,
    UpdatePayload,
    encrypt_seed,
    mask_model,
    sum_signature,
    update_signature,
)
from xaynet_sdk.client import CoordinatorClient
from xaynet_sdk.local_model import fits
from xaynet_sdk.sending import sending
from xaynet_sdk.states import (
    Awaiting,
    ModelMasked,
    ModelTaken,
    Notification,
    Random,
    SeedsSealed,
    Session,
    SumsFetched,
    Transition,
    Update,
    UpdateTask,
    pending,
    progress,
)

LOG = logging.getLogger(__name__)


def update_step(
    session: Session, state: UpdateTask, client: CoordinatorClient, random: Random
) -> Transition:
    """One step of the task."""
    match state:
        case Update():
            return fetch_sums(session, client)
        case SumsFetched():
            return take_model(session, state)
        case ModelTaken():
            return mask(session, state, random)
        case ModelMasked():
            return seal_seeds(session, state)
        case SeedsSealed():
            return send_update(session, state, random)


def fetch_sums(session: Session, client: CoordinatorClient) -> Transition:
    """Wait for the sum participants' ephemeral keys."""
    sums = client.sums()
    if sums is None:
        return pending(session)
    return progress(session, SumsFetched(sums))


def take_model(session: Session, state: SumsFetched) -> Transition:
    """Take the local model, or wait until the user has given one. A model is used only once."""
    model = session.model
    if model is None:
        return pending(session)
    taken = replace(session, model=None)
    if not fits(model, session.params):
        LOG.warning("the local model was made for a round of another length or data type")
        return Transition(taken, False, (Notification.LOAD_MODEL,))
    return progress(taken, ModelTaken(state.sums, model))


def mask(session: Session, state: ModelTaken, random: Random) -> Transition:
    """Hide the weighted model under a mask that is drawn for this message only."""
    mask_seed = random(32)
    masked = mask_model(state.model, session.scalar, session.params.mask_config, mask_seed)
    return progress(session, ModelMasked(state.sums, mask_seed, masked))


def seal_seeds(session: Session, state: ModelMasked) -> Transition:
    """Encrypt the mask seed for all sum participants: the coordinator wants one entry for each."""
    try:
        seeds = {pk: encrypt_seed(state.mask_seed, ephm) for pk, ephm in state.sums.items()}
    except PetError as error:
        LOG.warning("gave up the update task of this round: %s", error)
        return progress(session, Awaiting())
    return progress(session, SeedsSealed(state.masked_model, LocalSeedDict(seeds)))


def send_update(session: Session, state: SeedsSealed, random: Random) -> Transition:
    """Send the masked model with the encrypted mask seeds."""
    round_seed = session.params.seed
    payload = UpdatePayload(
        sum_signature(session.keys, round_seed),
        update_signature(session.keys, round_seed),
        state.masked_model,
        state.seeds,
    )
    return progress(session, sending(session, payload, Awaiting(), random))
