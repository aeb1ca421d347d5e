"""From settings to a coordinator: stores, vault, machine, and what requests talk to."""

import asyncio
import os
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import structlog

from xaynet_coordinator.at_rest import KEY_BYTES, Random, Vault
from xaynet_coordinator.clock import Clock
from xaynet_coordinator.desired import Wanted
from xaynet_coordinator.front import Front
from xaynet_coordinator.leading import run
from xaynet_coordinator.machine import Machine, Surroundings
from xaynet_coordinator.metrics import Metrics
from xaynet_coordinator.models import ModelShelf
from xaynet_coordinator.phases import PHASES
from xaynet_coordinator.settings import S3Settings, Settings, SettingsError
from xaynet_coordinator.settings.formats import bucket_and_key
from xaynet_coordinator.store import Blobs, ChunkBounds, Ledger
from xaynet_coordinator.store.directory import DirectoryBlobs, OneFile
from xaynet_coordinator.store.redis import RedisLedger
from xaynet_coordinator.store.s3 import Bucket, S3Blobs, S3Object
from xaynet_coordinator.store.sqlite import SqliteLedger
from xaynet_coordinator.warm_start import WarmStart

log = structlog.get_logger()

UID_BYTES = 16

ChooseStores = Callable[[Settings, str], "Stores"]


@dataclass(frozen=True, slots=True)
class Stores:
    """The three places where a service keeps what it knows."""

    ledger: Ledger
    blobs: Blobs  # of rounds in flight
    models: Blobs

    async def open(self) -> None:
        """Open all; may be tried again after ``StoreUnavailable``."""
        await self.ledger.open()
        await self.blobs.open()
        await self.models.open()

    async def close(self) -> None:
        """Let go of all."""
        for store in (self.models, self.blobs, self.ledger):
            await store.close()


def choose_stores(settings: Settings, uid: str) -> Stores:
    """The stores that the settings ask for, not opened yet."""
    folder = settings.directory
    ledger: Ledger = SqliteLedger(folder, uid)
    if settings.redis is not None:
        ledger = RedisLedger(settings.redis.url.get_secret_value(), uid)
    if settings.s3 is not None:
        return Stores(ledger, rounds_bucket(settings.s3, uid), models_bucket(settings.s3))
    return Stores(ledger, DirectoryBlobs(folder / "blobs" / uid), DirectoryBlobs(folder / "models"))


def rounds_bucket(s3: S3Settings, uid: str) -> Blobs:
    """The bucket of rounds in flight, with credentials of its own if there are any."""
    own = s3.rounds or s3
    bucket = Bucket(
        endpoint=endpoint(s3),
        name=s3.buckets.rounds,
        access_key=own.access_key,
        secret_key=own.secret_access_key.get_secret_value(),
        region=s3.region_name,
        prefix=f"{uid.lower()}/",
    )
    return S3Blobs(bucket)


def models_bucket(s3: S3Settings) -> Blobs:
    """The bucket of the global models."""
    return S3Blobs(as_the_models_account(s3, s3.buckets.global_models))


def as_the_models_account(s3: S3Settings, bucket: str) -> Bucket:
    """A bucket, as seen with the credentials for the global models."""
    return Bucket(
        endpoint=endpoint(s3),
        name=bucket,
        access_key=s3.access_key,
        secret_key=s3.secret_access_key.get_secret_value(),
        region=s3.region_name,
    )


def warm_start(settings: Settings, blobs: Blobs) -> WarmStart | None:
    """The initial model, which is kept among the blobs of the service."""
    name = settings.round.initial_model
    if name is None:
        return None
    parts = bucket_and_key(name)
    if parts is None or settings.s3 is None:
        return WarmStart(name, OneFile(Path(name)), ModelShelf(blobs))
    bucket, key = parts
    source = S3Object(as_the_models_account(settings.s3, bucket), key)
    return WarmStart(name, source, ModelShelf(blobs))


def endpoint(s3: S3Settings) -> str:
    """The URL of the S3 service."""
    return s3.endpoint or f"https://s3.{s3.region_name}.amazonaws.com"


def kept(path: Path, fresh: bytes) -> bytes:
    """The content of a small file that is written once, whole, at the first start."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(fresh)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    return path.read_bytes()


def service_uid(settings: Settings, random: Random) -> str:
    """The uid that names the service in its stores, drawn at the first start if not given."""
    if settings.round.uid is not None:
        return settings.round.uid
    return kept(uid_file(settings), random(UID_BYTES).hex().encode()).decode().strip()


def known_uid(settings: Settings) -> str:
    """The uid of a service that has started before. Raises ``SettingsError`` if it has not."""
    if settings.round.uid is not None:
        return settings.round.uid
    path = uid_file(settings)
    if not path.exists():
        problem = f"round.uid is not given, and no service has ever run on {path.parent}"
        raise SettingsError([problem])
    return path.read_text().strip()


def uid_file(settings: Settings) -> Path:
    """Where a uid that was drawn is kept."""
    return settings.directory / "uid"


def master_key(settings: Settings, random: Random) -> bytes:
    """The key that wraps the keys of the rounds. Raises ``SettingsError`` if it is no key."""
    path = settings.at_rest_key_file
    if settings.at_rest.key_file is not None and not path.exists():
        raise SettingsError([f"at_rest.key_file is {path}, but there is no such file"])
    key = kept(path, random(KEY_BYTES))
    if len(key) != KEY_BYTES:
        raise SettingsError([f"{path} has {len(key)} bytes, but a key has {KEY_BYTES}"])
    return key


def assemble(
    settings: Settings, stores: Stores, vault: Vault, clock: Clock, metrics: Metrics
) -> Front:
    """The machine on its stores, and the front before it; nothing runs yet."""
    around = Surroundings(
        ledger=stores.ledger,
        blobs=stores.blobs,
        models=ModelShelf(stores.models),
        vault=vault,
        clock=clock,
        random=vault.random,
    )
    machine = Machine(
        around,
        metrics,
        PHASES,
        wanted_at_start(settings),
        keep_models=settings.round.models_keep,
        warm_start=warm_start(settings, stores.blobs),
    )
    bounds = ChunkBounds(settings.chunks.max_bytes_per_participant, settings.chunks.max_bytes_total)
    return Front(machine, metrics, bounds)


def wanted_at_start(settings: Settings) -> Wanted | None:
    """What the configuration says; the control API overrides it. None: wait for that."""
    if settings.pet is None or settings.control.wait_for_desired:
        return None
    return Wanted(generation=0, rounds=settings.round.rounds, parameters=settings.pet)


async def lead(settings: Settings, stores: Stores, machine: Machine) -> None:
    """Open the stores, patiently, and let the machine run."""
    await machine.patience.insist(stores.open)
    machine.warnings = (*settings.warnings, *stores.ledger.warnings)
    for warning in machine.warnings:
        log.warning("warning", detail=warning)
    if settings.restore.enable is False:
        await machine.patience.insist(stores.ledger.forget)
    await run(machine)


@asynccontextmanager
async def running(
    settings: Settings,
    clock: Clock,
    random: Random,
    metrics: Metrics,
    choose: ChooseStores = choose_stores,
) -> AsyncGenerator[tuple[Front, asyncio.Task[None]]]:
    """A coordinator at work, without its HTTP servers, and the task that leads it.

    The task ends only with an error: ``Fenced``, or a surprise. Raises ``SettingsError``, and
    ``StoreUnavailable`` if the embedded stores cannot be opened: waiting would not mend them.
    """
    uid = service_uid(settings, random)
    stores = choose(settings, uid)
    vault = Vault(master_key(settings, random), uid, random)
    if settings.redis is None:
        await stores.open()
    front = assemble(settings, stores, vault, clock, metrics)
    leading = asyncio.create_task(lead(settings, stores, front.machine))
    try:
        yield front, leading
    finally:
        for task in (leading, *front.machine.tasks):
            task.cancel()
        await asyncio.gather(leading, *front.machine.tasks, return_exceptions=True)
        await stores.close()
