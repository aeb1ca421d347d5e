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
        self._seen_at = self._renewed = clocks.monotonic()

    async def take(self) -> None:
        """Wait until this candidate leads."""
        while True:
            self._renewed = self._clocks.monotonic()
            if await self._try() and self._left() > 0:
                break
            await asyncio.sleep(self._terms.retry)
        log.info("lead_taken", lease=self._name, identity=self._identity)

    async def keep(self) -> None:
        """Renew for ever; raises ``LeadLost``."""
        while True:
            await asyncio.sleep(min(self._terms.retry, self._left()))
            began = self._clocks.monotonic()
            try:
                async with asyncio.timeout(self._left()):
                    held = await self._try()
            except TimeoutError as error:
                raise LeadLost("the lease could not be renewed in time") from error
            if held:
                self._renewed = began
            elif self._seen_holder() not in (None, self._identity):
                raise LeadLost(f"{self._seen_holder()} has taken the lease")

    async def release(self) -> None:
        """Let the next one begin at once. A renewal that was cut off may still come in between:
        then what it wrote is read again."""
        while True:
            lease = await self._cluster.get(LEASE, self._namespace, self._name)
            if lease is None or spec_of(lease).get("holderIdentity") != self._identity:
                return
            free = {**spec_of(lease), "holderIdentity": "", "leaseDurationSeconds": 1}
            try:
                await self._cluster.replace(LEASE, {**lease, "spec": free})
            except ClusterRefused as refusal:
                if refusal.status != HTTPStatus.CONFLICT:
                    raise
            else:
                return

    def _left(self) -> float:
        """Seconds until the holder gives up."""
        return max(self._renewed + self._terms.renew_within - self._clocks.monotonic(), 0.0)

    async def _try(self) -> bool:
        """Take or renew it, if that may be; False if not, or if the API server does not answer."""
        try:
            lease = await self._cluster.get(LEASE, self._namespace, self._name)
            if lease is not None:
                self._look_at(lease)
            if not self._is_free():
                return False
            if lease is None:
                await self._cluster.create(LEASE, self._lease(None), MANAGER)
            else:
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
        if spec_of(lease) != self._seen:
            self._seen, self._seen_at = spec_of(lease), self._clocks.monotonic()

    def _seen_holder(self) -> str | None:
        return self._seen.get("holderIdentity") or None

    def _is_free(self) -> bool:
        """Whether nobody else can hold what was seen last, even if it has been removed since."""
        if self._seen_holder() in (None, self._identity):
            return True
        lasts = self._seen.get("leaseDurationSeconds") or self._terms.duration
        return self._clocks.monotonic() - self._seen_at > lasts

    def _lease(self, found: Manifest | None) -> Manifest:
        """The lease as this candidate writes it."""
        now = self._clocks.today().isoformat(timespec="microseconds").replace("+00:00", "Z")
        lease: Manifest = found or {
            "apiVersion": LEASE.api_version,
            "kind": LEASE.kind,
            "metadata": {"namespace": self._namespace, "name": self._name},
        }
        before = spec_of(lease)
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


def spec_of(lease: Manifest) -> dict[str, Any]:
    """What a lease says; one made by hand may say nothing."""
    return lease.get("spec") or {}
