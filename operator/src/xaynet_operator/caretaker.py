"""One caretaker for each resource: visits it whenever something has changed, and regularly.

Visits to one resource follow each other and never overlap; those to different ones do.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import structlog

from xaynet_operator.cluster import ClusterRefused, ClusterUnavailable
from xaynet_operator.coordinator_client import ControlAddress, CoordinatorClient
from xaynet_operator.erasing import leave, let_go
from xaynet_operator.following import follow
from xaynet_operator.memory import Memory
from xaynet_operator.reconcile import reconcile
from xaynet_operator.resource import FederatedRound, ResourceError
from xaynet_operator.surroundings import Surroundings
from xaynet_operator.unreadable import tell_unreadable

REGULAR_SECONDS = 10.0  # what no watch tells of is found that soon: a Secret that is gone
BREATH = 0.5  # seconds between two visits, however much happens
LONGEST_RETRY = 60.0
log = structlog.get_logger()


class ResourceKey(NamedTuple):
    """Which resource."""

    namespace: str
    name: str


@dataclass(slots=True)
class Caretaker:
    """Looks after one resource, until it is cancelled."""

    body: dict[str, Any]
    """The resource as it was seen last."""
    around: Surroundings
    memory: Memory = field(default_factory=Memory)
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    failures: int = 0
    following: asyncio.Task[None] | None = None
    followed: ControlAddress | None = None

    async def run(self) -> None:
        """Visit again and again."""
        try:
            while True:
                self.woken.clear()
                wait = await self.attempt()
                self.follow()
                await asyncio.sleep(BREATH)
                with suppress(TimeoutError):
                    async with asyncio.timeout(wait):
                        await self.woken.wait()
        finally:
            self.listen_to(None)

    async def attempt(self) -> float:
        """One visit; how many seconds to wait for the next one if nothing happens."""
        try:
            await self.visit()
        except ClusterUnavailable as error:
            log.warning("visit_postponed", detail=str(error))
        except ClusterRefused as refusal:
            log.warning("visit_refused", reason=refusal.reason, detail=refusal.message)
        except Exception:
            log.exception("visit_failed")
        else:
            self.failures = 0
            return REGULAR_SECONDS
        self.failures += 1
        return min(2.0 ** min(self.failures, 10), LONGEST_RETRY)

    async def visit(self) -> None:
        """Do for the resource what it needs."""
        try:
            cr = FederatedRound.read(self.body)
        except ResourceError as error:
            await self.visit_unread(error)
            return
        if is_deleted(self.body):
            await leave(cr, self.around, self.memory)
        else:
            await reconcile(cr, self.around, self.memory)

    async def visit_unread(self, error: ResourceError) -> None:
        """Do what can be done for a resource that cannot be read."""
        cluster = self.around.cluster
        if is_deleted(self.body):
            await let_go(self.body["metadata"], cluster)
        else:
            await tell_unreadable(self.body, error.sentences, cluster, self.around.now())

    def follow(self) -> None:
        """Listen to the coordinator where it is now."""
        ended = self.following is not None and self.following.done()
        if self.following is not None and ended:
            log.error("following_failed", exc_info=self.following.exception())
        if ended or self.memory.address != self.followed:
            self.listen_to(self.memory.address)

    def listen_to(self, address: ControlAddress | None) -> None:
        """Listen there instead of where it was."""
        if self.following is not None:
            self.following.cancel()
        self.followed, self.following = address, None
        if address is not None:
            client = CoordinatorClient(self.around.http, address)
            self.following = asyncio.create_task(follow(client, self.memory, self.woken.set))


def is_deleted(body: dict[str, Any]) -> bool:
    """Whether a resource is on its way out."""
    return "deletionTimestamp" in body["metadata"]
