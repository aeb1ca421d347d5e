"""The lead among several operators: a Lease, of which only one is the holder at a time.

Whoever holds it renews it; whoever finds it unchanged for its whole duration, by its own monotonic
clock, takes it. Clocks of different machines are never compared. The holder stops acting before
the others may begin: it gives up ``renew_within`` seconds after its last success.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any

import structlog

from xaynet_operator.cluster import Cluster, ClusterRefused, ClusterUnavailable
from xaynet_operator.facts import Manifest
from xaynet_operator.manifests.kinds import Kind

LEASE = Kind("coordination.k8s.io/v1", "Lease", "leases")
MANAGER = "xaynet-operator-lease"
log = structlog.get_logger()


class LeadLost(Exception):
    """The lease could not be renewed in time; somebody else may lead from now on."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How long a lease lasts, in seconds."""

    duration: int = 12  # after which others take it
    renew_within: float = 8.0  # after which the holder gives up
    retry: float = 2.0


@dataclass(frozen=True, slots=True)
class Clocks:
    """Time, of which the monotonic one decides and the other is for people to read."""

    monotonic: Callable[[], float]
    today: Callable[[], datetime]


class Lease:
    """One candidate's view of the lease."""

    def __init__(
        self,
        cluster: Cluster,
        namespace: str,
        name: str,
        identity: str,
        clocks: Clocks,
        terms: Terms | None = None,
    ) -> None:
        self._cluster, self._namespace, self._name = cluster, namespace, name
        self._identity, self._clocks, self._terms = identity, clocks, terms or Terms()
        self._seen: dict[str, Any] = {}
        self._seen_at = clocks.monotonic()

    async def take(self) -> None:
        """Wait until this candidate leads."""
        while True:
            if await self._try():
                break
            await asyncio.sleep(self._terms.retry)
        log.info("lead_taken", lease=self._name, identity=self._identity)

    async def keep(self) -> None:
        """Renew for ever; raises ``LeadLost``."""
        renewed = self._clocks.monotonic()
        while True:
            await asyncio.sleep(self._terms.retry)
            left = renewed + self._terms.renew_within - self._clocks.monotonic()
            began = self._clocks.monotonic()
            try:
                async with asyncio.timeout(max(left, 0.0)):
                    held = await self._try()
            except TimeoutError as error:
                raise LeadLost("the lease could not be renewed in time") from error
            if held:
                renewed = began
            elif self._seen_holder() not in (None, self._identity):
                raise LeadLost(f"{self._seen_holder()} has taken the lease")

    async def release(self) -> None:
        """Let the next one begin at once."""
        lease = await self._cluster.get(LEASE, self._namespace, self._name)
        if lease is not None and lease["spec"].get("holderIdentity") == self._identity:
            lease["spec"] |= {"holderIdentity": "", "leaseDurationSeconds": 1}
            await self._cluster.replace(LEASE, lease)

    async def _try(self) -> bool:
        """Take or renew it, if that may be; False if not, or if the API server does not answer."""
        try:
            lease = await self._cluster.get(LEASE, self._namespace, self._name)
            if lease is None:
                await self._cluster.create(LEASE, self._lease(None), MANAGER)
                return True
            self._look_at(lease)
            if not self._is_free(lease):
                return False
            await self._cluster.replace(LEASE, self._lease(lease))
        except ClusterUnavailable as error:
            log.warning("lease_unavailable", detail=str(error))
            return False
        except ClusterRefused as refusal:
            if refusal.status != HTTPStatus.CONFLICT:  # another one was faster
                log.error("lease_refused", detail=refusal.message)
            return False
        return True

    def _look_at(self, lease: Manifest) -> None:
        """Note when the lease was last seen to change."""
        if lease["spec"] != self._seen:
            self._seen, self._seen_at = lease["spec"], self._clocks.monotonic()

    def _seen_holder(self) -> str | None:
        return self._seen.get("holderIdentity") or None

    def _is_free(self, lease: Manifest) -> bool:
        holder = lease["spec"].get("holderIdentity")
        if not holder or holder == self._identity:
            return True
        lasts = lease["spec"].get("leaseDurationSeconds") or self._terms.duration
        return self._clocks.monotonic() - self._seen_at > lasts

    def _lease(self, found: Manifest | None) -> Manifest:
        """The lease as this candidate writes it."""
        now = self._clocks.today().isoformat(timespec="microseconds").replace("+00:00", "Z")
        lease: Manifest = found or {
            "apiVersion": LEASE.api_version,
            "kind": LEASE.kind,
            "metadata": {"namespace": self._namespace, "name": self._name},
            "spec": {},
        }
        before = lease["spec"]
        spec: dict[str, Any] = {
            "holderIdentity": self._identity,
            "leaseDurationSeconds": self._terms.duration,
            "acquireTime": now,
            "renewTime": now,
            "leaseTransitions": before.get("leaseTransitions", 0),
        }
        if before.get("holderIdentity") == self._identity:
            spec["acquireTime"] = before.get("acquireTime", now)
        else:
            spec["leaseTransitions"] += 1
        return {**lease, "spec": spec}
