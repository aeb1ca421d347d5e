"""From the parts of an aggregate and the votes for a mask to a global model (protocol §4.6)."""

import asyncio
import hashlib
from collections.abc import Mapping

from xaynet_coordinator.at_rest import Unreadable
from xaynet_coordinator.board import PublishedModel
from xaynet_coordinator.freezing import check_frozen
from xaynet_coordinator.inbox import hyphenated
from xaynet_coordinator.machine import Machine, RoundFailed
from xaynet_coordinator.models import publishable
from xaynet_coordinator.rounds import Round
from xaynet_pet import Aggregation, MaskObject, PetError, Tag


async def unmask(machine: Machine) -> PublishedModel:
    """The global model of the round in flight. Raises ``RoundFailed`` with whatever is wrong."""
    round = machine.board.round
    if round is None:
        raise RoundFailed("no-round")
    await check_frozen(machine)
    votes = await machine.around.ledger.votes()
    machine.metrics.masks_total_number(len(votes))
    mask = await load_mask(machine, round, best_mask(votes))
    aggregation = await gather(machine, round)
    try:
        return await asyncio.to_thread(finish, aggregation, mask, round)
    except PetError as error:
        raise RoundFailed(hyphenated(type(error).__name__)) from error


def finish(aggregation: Aggregation, mask: MaskObject, round: Round) -> PublishedModel:
    """Unmask and write both forms of the model, in a worker thread."""
    aggregation.validate_unmasking(mask)
    model = aggregation.unmask(mask)
    return publishable(round.label, model, round.params.mask_config.vect.data_type)


def best_mask(votes: Mapping[bytes, int]) -> bytes:
    """The digest with the most votes; two with equally many are a tie (protocol §6.2)."""
    ranked = sorted(votes.items(), key=lambda item: item[1], reverse=True)
    if not ranked:
        raise RoundFailed("no-mask")
    if len(ranked) > 1 and ranked[0][1] == ranked[1][1]:
        raise RoundFailed("ambiguous-masks")
    return ranked[0][0]


def mask_blob(round: Round, digest: bytes) -> str:
    """Where a mask lies, whoever sent it."""
    return round.blob("mask", digest.hex())


async def load_mask(machine: Machine, round: Round, digest: bytes) -> MaskObject:
    """The chosen mask."""
    return MaskObject.from_bytes(await load(machine, round, mask_blob(round, digest), digest))


async def gather(machine: Machine, round: Round) -> Aggregation:
    """The sum of every member's partial aggregate, dead members' included."""
    params, ledger = round.params, machine.around.ledger
    whole = Aggregation(params.mask_config, params.model_length)
    pointers = await ledger.pointers()
    for pointer in pointers.values():
        data = await load(machine, round, pointer.blob, pointer.digest)
        await asyncio.to_thread(merge, whole, data, pointer.updates)
    if whole.count != len(await ledger.participants(Tag.UPDATE)):
        raise RoundFailed("updates-do-not-add-up")
    return whole


def merge(whole: Aggregation, data: bytes, updates: int) -> None:
    """Add a partial aggregate, as it was stored, to the whole."""
    whole.merge(Aggregation.restore(MaskObject.from_bytes(data), updates))


async def load(machine: Machine, round: Round, blob: str, digest: bytes) -> bytes:
    """A sealed blob of the round, opened, with the content it was stored with."""
    sealed = await machine.around.blobs.get(blob)
    if sealed is None:
        raise RoundFailed("blob-missing")
    try:
        data, found = await asyncio.to_thread(opened, round, blob, sealed)
    except Unreadable as error:
        raise RoundFailed("blob-unreadable") from error
    if found != digest:
        raise RoundFailed("blob-altered")
    return data


def opened(round: Round, blob: str, sealed: bytes) -> tuple[bytes, bytes]:
    """A blob's content and its SHA-256, in a worker thread."""
    data = round.key.open(blob, sealed)
    return data, hashlib.sha256(data).digest()
