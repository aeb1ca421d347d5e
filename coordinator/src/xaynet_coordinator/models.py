"""Global models in their bucket: the object of Xaynet v0.11, and a form people can read.

‹round id›_‹seed›             bincode rationals (protocol §6.4)
‹round id›_‹seed›.npy         the same weights as a numpy array, if they fit the data type
‹round id›_‹seed›.npy.sha256  its digest, as ``sha256sum -c`` reads it
"""

import asyncio
import hashlib
import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import structlog

from xaynet_coordinator.board import PublishedModel
from xaynet_coordinator.record import ModelRecord
from xaynet_coordinator.store import Blobs
from xaynet_pet import DataType, Model, ModelConversionError

log = structlog.get_logger()


class ModelTaken(Exception):
    """The key of a model holds another one."""


def publishable(id: str, model: Model, data_type: DataType) -> PublishedModel:
    """Both forms of a model; a weight beyond the data type leaves it without ``.npy``."""
    bincode = model.to_bytes()
    digest = hashlib.sha256(bincode).hexdigest()
    return PublishedModel(id, model.length, digest, bincode, npy_bytes(model, data_type))


def npy_bytes(model: Model, data_type: DataType) -> bytes | None:
    """The model as a ``.npy`` file of the data type."""
    try:
        array = model.to_array(data_type)
    except ModelConversionError:
        return None
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


@dataclass(frozen=True, slots=True)
class ModelShelf:
    """The bucket of the global models."""

    blobs: Blobs

    async def publish(self, model: PublishedModel) -> None:
        """Write a model's objects. The same content again is success, another is ``ModelTaken``:
        unmasking once more after a crash gives the same bytes."""
        written = await self.blobs.put_once(model.id, model.bincode)
        if not written and await self.blobs.get(model.id) != model.bincode:
            raise ModelTaken(f"the bucket holds another model under {model.id}")
        if model.npy is not None:
            name = f"{model.id}.npy"
            digest = hashlib.sha256(model.npy).hexdigest()
            await self.blobs.put(name, model.npy)
            await self.blobs.put(f"{name}.sha256", f"{digest}  {name}\n".encode())

    async def load(self, record: ModelRecord) -> PublishedModel | None:
        """A model that was published, if it is still there, and still the same."""
        bincode = await self.blobs.get(record.id)
        if bincode is None:
            log.warning("model_missing", id=record.id)
            return None
        digest = await asyncio.to_thread(lambda: hashlib.sha256(bincode).hexdigest())
        if digest != record.digest:
            log.warning("model_altered", id=record.id)
            return None
        npy = await self.blobs.get(f"{record.id}.npy")
        return PublishedModel(record.id, record.length, digest, bincode, npy)

    async def remove(self, ids: Iterable[str]) -> None:
        """Delete models, each with what lies beside it."""
        for id in ids:
            for suffix in ("", ".npy", ".npy.sha256"):
                await self.blobs.delete(f"{id}{suffix}")


def model_record(model: PublishedModel, now: datetime) -> ModelRecord:
    """What the record keeps of a model."""
    return ModelRecord(id=model.id, length=model.length, digest=model.digest, time=now)
