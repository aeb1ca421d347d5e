"""From settings to a coordinator: the stores, the vault, the machine and what requests talk to."""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog

from xaynet_coordinator.at_rest import KEY_BYTES, Random, Vault
from xaynet_coordinator.clock import Clock
from xaynet_coordinator.desired import Wanted
from xaynet_coordinator.front import Front
from xaynet_coordinator.machine import Machine, Surroundings
from xaynet_coordinator.metrics import Metrics
from xaynet_coordinator.models import ModelShelf
from xaynet_coordinator.phases import PHASES
from xaynet_coordinator.rounds import ROUNDS
from xaynet_coordinator.settings import Settings, SettingsError
from xaynet_coordinator.store import Blobs, ChunkBounds, Ledger, StoreUnavailable
from xaynet_coordinator.store.directory import DirectoryBlobs
from xaynet_coordinator.store.redis import RedisLedger
from xaynet_coordinator.store.s3 import S3Blobs
from xaynet_coordinator.store.sqlite import SqliteLedger

log = structlog.get_logger()

START_RETRY_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class OpenStores:
    """The three places where a service keeps what it knows."""

    ledger: Ledger
    blobs: Blobs
    models: Blobs


def stores_of(settings: Settings, uid: str) -> OpenStores:
    """The stores that the settings ask for, not opened yet."""
    folder = settings.directory
    ledger = (
        RedisLedger(settings.redis.url.get_secret_value(), uid)
        if settings.redis
        else SqliteLedger(folder, uid)
    )
    if settings.s3 is None:
        return OpenStores(
            ledger, DirectoryBlobs(folder / "blobs" / uid), DirectoryBlobs(folder / "models")
        )
    return OpenStores(ledger, rounds_bucket(settings.s3, uid), models_bucket(settings.s3))
