"""The sum participant: announce an ephemeral key, collect mask seeds, return the sum of the masks.

Whoever sums up the masks of a chosen pair of update participants helps to reveal single models.
So this participant sums up one set per round only, and never fewer than three masks.
"""

import logging
from collections.abc import Iterable
from dataclasses import replace

from xaynet_pet import (
    Aggregation,
    EncryptionKeyPair,
    PetError,
    Sum2Payload,
    SumPayload,
    decrypt_seed,
    derive_mask,
    sum_signature,
)
from xaynet_sdk.client import CoordinatorClient
from xaynet_sdk.sending import sending
from xaynet_sdk.states import (
    Awaiting,
    MaskAggregated,
    Random,
    SeedsFetched,
    SeedsOpened,
    Session,
    Sum,
    Sum2,
    SumTask,
    Transition,
    pending,
    progress,
)

LOG = logging.getLogger(__name__)

FEWEST_SEEDS = 3


def sum_step(
    session: Session, state: SumTask, client: CoordinatorClient, random: Random
) -> Transition:
    """One step of the task."""
    match state:
        case Sum():
            return announce(session, state, random)
        case Sum2():
            return fetch_seeds(session, state, client)
        case SeedsFetched():
            return open_seeds(session, state)
        case SeedsOpened():
            return aggregate_masks(session, state)
        case MaskAggregated():
            return return_mask(session, state, random)


def announce(session: Session, state: Sum, random: Random) -> Transition:
    """Send the ephemeral public key, for which the mask seeds will be encrypted."""
    signature = sum_signature(session.keys, session.params.seed)
    payload = SumPayload(signature, state.ephemeral.public)
    return progress(session, sending(session, payload, Sum2(state.ephemeral), random))


def fetch_seeds(session: Session, state: Sum2, client: CoordinatorClient) -> Transition:
    """Wait for the encrypted mask seeds; fetched once, they are never asked for again."""
    seeds = client.seeds(session.keys.public)
    if seeds is None:
        return pending(session)
    return progress(session, SeedsFetched(state.ephemeral, seeds))


def open_seeds(session: Session, state: SeedsFetched) -> Transition:
    """Decrypt the seeds. One that does not open makes every sum wrong: give up the round."""
    try:
        opened = _open_all(state.seeds.values(), state.ephemeral)
    except PetError as error:
        return _give_up(session, f"a mask seed cannot be opened: {error}")
    if len(set(opened)) < FEWEST_SEEDS:
        return _give_up(session, f"a sum of {len(set(opened))} masks would reveal too much")
    return progress(session, SeedsOpened(opened))


def _open_all(encrypted: Iterable[bytes], ephemeral: EncryptionKeyPair) -> tuple[bytes, ...]:
    return tuple(decrypt_seed(seed, ephemeral) for seed in encrypted)


def _give_up(session: Session, reason: str) -> Transition:
    LOG.warning("gave up the sum task of this round: %s", reason)
    return progress(session, Awaiting())


def aggregate_masks(session: Session, state: SeedsOpened) -> Transition:
    """Derive every mask from its seed and sum them up."""
    params = session.params
    total = Aggregation(params.mask_config, params.model_length)
    try:
        for mask_seed in state.mask_seeds:
            total.add(derive_mask(mask_seed, params.mask_config, params.model_length))
    except PetError as error:
        return _give_up(session, str(error))
    masked = replace(session, masked_round=params.seed)
    return progress(masked, MaskAggregated(total.total))


def return_mask(session: Session, state: MaskAggregated, random: Random) -> Transition:
    """Send the sum of the masks."""
    signature = sum_signature(session.keys, session.params.seed)
    payload = Sum2Payload(signature, state.mask)
    return progress(session, sending(session, payload, Awaiting(), random))
