"""One set of updates per round, for ever.

Two different sets unmasked under the seeds of one round would reveal single updates. So before
the first seed is handed out, a write-once object says which set it is; a ledger that was rolled
back later can no longer collect another one.
"""

import hashlib
import json

from xaynet_coordinator.machine import Machine, RoundFailed
from xaynet_coordinator.rounds import freeze_blob
from xaynet_pet import Tag


async def freeze(machine: Machine) -> None:
    """Write down the set of updates; raises ``RoundFailed`` if another one was written before."""
    label, epoch = running_label(machine), machine.board.epoch
    content = await frozen_set(machine, epoch)
    blobs = machine.around.blobs
    written = await blobs.put_once(freeze_blob(label), content)
    if not written and await blobs.get(freeze_blob(label)) != content:
        raise RoundFailed("rolled-back")


async def check_frozen(machine: Machine) -> None:
    """In the phase after: the set is still the one that was written down."""
    content = await frozen_set(machine, machine.board.epoch - 1)
    if await machine.around.blobs.get(freeze_blob(running_label(machine))) != content:
        raise RoundFailed("rolled-back")


async def frozen_set(machine: Machine, epoch: int) -> bytes:
    """Round, epoch of Sum2, number of updates, and SHA-256 of the sorted participants' keys."""
    participants = sorted(await machine.around.ledger.participants(Tag.UPDATE))
    return json.dumps(
        {
            "round": running_label(machine),
            "epoch": epoch,
            "updates": len(participants),
            "participants": hashlib.sha256(b"".join(participants)).hexdigest(),
        },
        sort_keys=True,
    ).encode()


def running_label(machine: Machine) -> str:
    """The label of the round in flight."""
    if machine.board.round is None:
        raise RoundFailed("no-round")
    return machine.board.round.label
