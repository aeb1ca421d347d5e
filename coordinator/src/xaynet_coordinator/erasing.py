"""Erasing a service: what ``xaynet-coordinator erase`` does.

    take the term, end the phase → round keys → what else is kept of rounds → models → the ledger

The term fences whoever leads, and the end of the phase whoever commits. The keys go before what
they open. Stores that do not answer are asked again, but a time for each part is set, so that one
that is away does not keep what lies in the others. Done twice it changes nothing more.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from xaynet_coordinator.models import ModelShelf
from xaynet_coordinator.record import Record
from xaynet_coordinator.rounds import ROUNDS
from xaynet_coordinator.store import Blobs, Caps, Ledger, StoreUnavailable
from xaynet_coordinator.wiring import Stores

T = TypeVar("T")

RETRY_SECONDS = 1.0
LEDGER, BLOBS, MODELS = "the ledger", "what is kept of rounds", "the global models"


class NotErased(Exception):
    """Something is left: what, and why."""


@dataclass(slots=True)
class Erasure:
    """One run, and how far it has come."""

    uid: str
    stores: Stores
    seconds: float  # for all of it
    keys: int = 0
    blobs: int = 0
    models: int = 0
    left: dict[str, StoreUnavailable] = field(default_factory=dict[str, StoreUnavailable])

    async def run(self, *, models: bool) -> str:
        """Erase, and say in a sentence what was. Raises ``NotErased``, or ``StoreCorrupt``."""
        until = asyncio.get_running_loop().time() + self.seconds
        ledger = self.stores.ledger
        record = await self.attempt(LEDGER, until, lambda: fence(ledger))
        if record is None and self.left[LEDGER].reason is None:
            raise NotErased(self.sentence_of_what_is_left())  # another process has the folder
        await self.attempt(BLOBS, until, self.erase_blobs)
        if models and record is not None:
            await self.attempt(MODELS, until, lambda: self.erase_models(record))
        if record is not None and MODELS not in self.left:  # it alone says which they are
            await self.attempt(LEDGER, until, ledger.erase)
        if self.left:
            raise NotErased(self.sentence_of_what_is_left())
        return (
            f"erased service {self.uid}: the ledger, {number(self.keys, 'round key')}, "
            f"{number(self.blobs, 'other blob')}, {number(self.models, 'global model')}"
        )

    async def attempt(self, what: str, until: float, work: Callable[[], Awaitable[T]]) -> T | None:
        """Work until it is done, or half of the time that is left is over: None."""
        loop = asyncio.get_running_loop()
        self.left[what] = StoreUnavailable("it did not answer in time")
        try:
            async with asyncio.timeout_at((loop.time() + until) / 2):
                while True:
                    try:
                        done = await work()
                    except StoreUnavailable as error:
                        self.left[what] = error
                        await asyncio.sleep(RETRY_SECONDS)
                    else:
                        del self.left[what]
                        return done
        except TimeoutError:
            return None

    async def erase_blobs(self) -> None:
        """Remove everything of rounds, the keys first."""
        blobs = self.stores.blobs
        if not await blobs.attach():
            return
        while keys := await blobs.keys(""):
            for key in sorted(keys, key=lambda key: not is_round_key(key)):
                await blobs.delete(key)
                self.keys += is_round_key(key)
                self.blobs += not is_round_key(key)

    async def erase_models(self, record: Record) -> None:
        """Remove the global models that the record knows of."""
        blobs: Blobs = self.stores.models
        if await blobs.attach():
            await ModelShelf(blobs).remove(model.id for model in record.models)
            self.models = len(record.models)

    def sentence_of_what_is_left(self) -> str:
        """What could not be erased, and why."""
        parts = (f"{what}, because {error}" for what, error in self.left.items())
        return f"service {self.uid} is not erased: there is still {'; and '.join(parts)}"


async def fence(ledger: Ledger) -> Record:
    """Relieve whoever leads, and close the phase to all; the record as it was left."""
    await ledger.open()
    head = await ledger.take_term()
    if head.state is not None:
        closed = await ledger.advance(head.term, head.epoch, head.state, Caps(), erase=True)
        if closed is None:
            raise StoreUnavailable("a coordinator has begun to lead at this moment")
    return Record.read(head.state)


def is_round_key(key: str) -> bool:
    """Whether a blob is the wrapped key of a round."""
    return key.startswith(f"{ROUNDS}/") and key.endswith("/key")


def number(count: int, of: str) -> str:
    """``1 round key``, ``2 round keys``."""
    return f"{count} {of}" if count == 1 else f"{count} {of}s"
