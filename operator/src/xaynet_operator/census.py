"""Finding what has gone unnoticed.

A watch that was cut for long begins anew with a list: of what was removed meanwhile it never
tells. So once a list was read, and regularly, what is remembered is compared with what is there.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus

import structlog

from xaynet_operator.children import Children, parent_of
from xaynet_operator.cluster import Cluster, ClusterRefused, ClusterUnavailable
from xaynet_operator.facts import Manifest
from xaynet_operator.household import Household
from xaynet_operator.manifests.kinds import Kind
from xaynet_operator.owned import OURS
from xaynet_operator.telling import FEDERATED_ROUND

REGULAR_SECONDS = 60.0
SETTLING_SECONDS = 1.0  # the lists of all kinds come at about the same time
log = structlog.get_logger()


@dataclass(slots=True)
class Census:
    """What is remembered, and where it can be counted."""

    cluster: Cluster
    household: Household
    children: Children
    kinds: tuple[Kind, ...]
    namespaces: tuple[str, ...]
    """Empty for all."""
    due: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a watch has begun with a list."""

    async def run(self) -> None:
        """Count whenever it is due."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(REGULAR_SECONDS):
                    await self.due.wait()
            await asyncio.sleep(SETTLING_SECONDS)
            self.due.clear()
            try:
                await self.take()
            except (ClusterUnavailable, ClusterRefused) as error:
                log.warning("census_postponed", detail=str(error))

    async def take(self) -> None:
        """Forget what is not there any more. Uids never come again: what was known before the
        list was asked for and is not on it has gone for good."""
        children: dict[str, list[Manifest]] = defaultdict(list)
        for child in self.children.all():
            children[child["kind"]].append(child)
        bodies = tuple(self.household.bodies.values())
        for kind in self.kinds:
            for child in await self.gone(kind, children[kind.kind], OURS):
                self.children.miss(child)
                self.household.wake(*parent_of(child))
        for body in await self.gone(FEDERATED_ROUND, bodies, {}):
            self.household.miss(body)

    async def gone(
        self, kind: Kind, known: Sequence[Manifest], labels: Mapping[str, str]
    ) -> list[Manifest]:
        """Those of the known objects of a kind that are not there, or not with these labels."""
        if not known:
            return []
        there: set[str] = set()
        for namespace in self.namespaces or (None,):
            listed = await self.listed(kind, namespace, labels)
            there |= {one["metadata"]["uid"] for one in listed}
        gone = [one for one in known if one["metadata"]["uid"] not in there]
        for one in gone:
            log.info("gone_unnoticed", kind=kind.kind, object=one["metadata"]["name"])
        return gone

    async def listed(
        self, kind: Kind, namespace: str | None, labels: Mapping[str, str]
    ) -> list[Manifest]:
        """What there is of a kind; nothing of one that the cluster does not know any more."""
        try:
            return await self.cluster.all_metadata(kind, namespace, labels)
        except ClusterRefused as refusal:
            if refusal.status == HTTPStatus.NOT_FOUND:
                return []
            raise
