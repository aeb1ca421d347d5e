"""One transition of a participant (protocol §8.1): a pure function of where it stands.

Each asks for the round parameters first. Others than before mean a new round; the same ones mean
one step of what the participant is doing.
"""

import logging
from dataclasses import replace

from xaynet_pet import (
    EncryptionKeyPair,
    Tag,
    is_sum_participant,
    is_update_participant,
    sum_signature,
    update_signature,
)
from xaynet_sdk.client import CoordinatorClient, Unavailable
from xaynet_sdk.sending import send
from xaynet_sdk.states import (
    Awaiting,
    MaskAggregated,
    NewRound,
    Notification,
    Random,
    SeedsFetched,
    SeedsOpened,
    Sending,
    Session,
    Sum,
    Sum2,
    SumsFetched,
    Transition,
    Update,
    pending,
    progress,
)
from xaynet_sdk.sum_task import sum_step
from xaynet_sdk.update_task import update_step

LOG = logging.getLogger(__name__)


def transition(session: Session, client: CoordinatorClient, random: Random) -> Transition:
    """What a tick does. Whatever the coordinator does not give is asked for again next time."""
    try:
        params = client.params()
        if params != session.params:
            begun = replace(session, params=params)
            return progress(begun, NewRound(), Notification.NEW_ROUND)
        return _step(session, client, random)
    except Unavailable as unavailable:
        LOG.info("%s", unavailable)
        return pending(session, unavailable.retry_after)


def _step(session: Session, client: CoordinatorClient, random: Random) -> Transition:
    match session.state:
        case NewRound():
            return choose_task(session, random)
        case Awaiting():
            return pending(session)
        case Sending() as state:
            return send(session, state, client)
        case Sum() | Sum2() | SeedsFetched() | SeedsOpened() | MaskAggregated() as state:
            return sum_step(session, state, client, random)
        case state:
            return update_step(session, state, client, random)


def choose_task(session: Session, random: Random) -> Transition:
    """Sum goes before update; the two signatures decide (protocol §1.1)."""
    params = session.params
    sum_sig = sum_signature(session.keys, params.seed)
    if is_sum_participant(session.keys.public, sum_sig, params):
        return _begin_sum(session, random)
    update_sig = update_signature(session.keys, params.seed)
    if is_update_participant(session.keys.public, sum_sig, update_sig, params):
        LOG.info("selected for an update")
        return progress(session, Update(), Notification.UPDATE, Notification.LOAD_MODEL)
    LOG.info("not selected for this round")
    return progress(session, Awaiting(), Notification.IDLE)


def _begin_sum(session: Session, random: Random) -> Transition:
    if session.params.seed == session.masked_round:
        LOG.warning("a round came back whose masks were summed up before: sitting it out")
        return progress(session, Awaiting(), Notification.IDLE)
    LOG.info("selected for the sum")
    return progress(session, Sum(EncryptionKeyPair.generate(random)), Notification.SUM)


def notifications_after_restoring(session: Session) -> tuple[Notification, ...]:
    """What a restored participant has to know about where it stands.

    Unlike the published SDK it also reports the task of a message that is still to be sent.
    """
    match session.state:
        case NewRound():
            return (Notification.NEW_ROUND,)
        case Awaiting():
            return (Notification.IDLE,)
        case Sum() | Sum2() | SeedsFetched() | SeedsOpened() | MaskAggregated():
            return (Notification.SUM,)
        case Sending(tag=tag):
            return (Notification.UPDATE if tag is Tag.UPDATE else Notification.SUM,)
        case Update() | SumsFetched() if session.model is None:
            return (Notification.UPDATE, Notification.LOAD_MODEL)
        case _:
            return (Notification.UPDATE,)
