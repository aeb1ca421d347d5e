"""The operator as a whole: watch always, act while leading."""

import asyncio
import os
import time
from collections.abc import Coroutine
from datetime import UTC, datetime

import httpx
import kopf
import structlog

from xaynet_operator.census import Census
from xaynet_operator.children import Children
from xaynet_operator.cluster import Cluster, ClusterRefused, ClusterUnavailable, connected
from xaynet_operator.household import Household
from xaynet_operator.lease import Clocks, LeadLost, Lease
from xaynet_operator.settings import OperatorSettings
from xaynet_operator.surroundings import Surroundings
from xaynet_operator.watching import WATCHED, kopf_settings, registry

HAND_OVER_SECONDS = 3.0
log = structlog.get_logger()


def today() -> datetime:
    """The time of day, for people to read."""
    return datetime.now(UTC)


async def operate(settings: OperatorSettings) -> None:
    """Work until a signal to end."""
    async with connected() as cluster, coordinators() as http:
        children = Children()
        around = Surroundings(
            cluster=cluster,
            http=http,
            children=children.of,
            images=settings.images,
            identity=settings.pod_name,
            random=os.urandom,
            now=today,
        )
        household = Household(around)
        census = Census(cluster, household, children, WATCHED, settings.watched)
        handlers = registry(household, children, census.due.set)
        lease = lease_of(settings, cluster)
        try:
            await either(watch(settings, handlers), lead(lease, household), census.run())
        finally:
            await hand_over(lease)


def coordinators() -> httpx.AsyncClient:
    """For all control APIs: each holds a connection all the time, and none is behind a proxy."""
    return httpx.AsyncClient(limits=httpx.Limits(max_connections=None), trust_env=False)


async def watch(settings: OperatorSettings, handlers: kopf.OperatorRegistry) -> None:
    """Let kopf watch, until it gets a signal to end."""
    await kopf.operator(
        registry=handlers,
        settings=kopf_settings(settings),
        standalone=True,
        clusterwide=not settings.watched,
        namespaces=settings.watched,
        liveness_endpoint=f"http://{settings.probe_address}/healthz",
    )


async def lead(lease: Lease, household: Household) -> None:
    """Act whenever nobody else does, and never longer than that is sure."""
    while True:
        await lease.take()
        household.lead()
        try:
            await lease.keep()
        except LeadLost as lost:
            log.warning("lead_lost", detail=str(lost))
        finally:
            await household.close()


async def either(*works: Coroutine[None, None, None]) -> None:
    """Go on until the first one ends, or fails."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()


def lease_of(settings: OperatorSettings, cluster: Cluster) -> Lease:
    """The lead among the replicas of one installation."""
    clocks = Clocks(time.monotonic, today)
    return Lease(cluster, settings.lease_namespace, settings.lease_name, settings.pod_name, clocks)


async def hand_over(lease: Lease) -> None:
    """Let the next replica begin at once, if that can still be said."""
    try:
        async with asyncio.timeout(HAND_OVER_SECONDS):
            await lease.release()
    except (ClusterUnavailable, ClusterRefused, TimeoutError) as error:
        log.warning("lease_not_released", detail=str(error))
