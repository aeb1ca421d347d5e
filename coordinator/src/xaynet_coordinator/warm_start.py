"""A warm start: the global model that the first round starts from, made by somebody else.

It is read when the first round is about to begin, and kept among the blobs of the service, so that
it is the same after a restart whatever has become of the original. The first model that a round
makes takes its place.
"""

import asyncio
import io
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from xaynet_coordinator.board import PublishedModel
from xaynet_coordinator.models import ModelShelf, model_record, publishable
from xaynet_coordinator.record import Initial, Record
from xaynet_coordinator.store import Reason, StoreUnavailable
from xaynet_pet import DataType, DecodeError, Model
from xaynet_pet.parameters import PetParameters
from xaynet_pet.weights import PRIMITIVES

NPY = b"\x93NUMPY"
MOST_BYTES_PER_WEIGHT = 512  # a rational of an F64 takes 290 at most
SPARE_BYTES = 1 << 16  # for the head of the file
INT64_BITS = 62


class InitialModelUnusable(Exception):
    """There is no initial model, or not the one that the parameters need; says why."""


class Source(Protocol):
    """Where somebody else has put one thing."""

    async def read(self, limit: int) -> bytes | None:
        """Its first bytes, one more than ``limit`` at most; None if it is not there."""
        ...


@dataclass(frozen=True, slots=True)
class WarmStart:
    """The initial model: its name in the settings, where it is, and where it is kept."""

    name: str
    source: Source
    shelf: ModelShelf

    def is_taken(self, record: Record, pet: PetParameters) -> bool:
        """Whether the record knows it already, for a model of this length and data type."""
        known = record.initial
        return known is not None and (known.source, known.data_type, known.model.length) == (
            self.name,
            pet.mask.data_type,
            pet.model.length,
        )

    async def known(self, record: Record) -> PublishedModel | None:
        """What a start shows of it, if it was taken earlier and is still there."""
        if record.initial is None or record.initial.source != self.name:
            return None
        return await self.shelf.load(record.initial.model)

    async def take(self, pet: PetParameters) -> PublishedModel:
        """Read, judge and keep it. Raises ``InitialModelUnusable`` and ``StoreUnavailable``."""
        data = await self.read(pet.model.length * MOST_BYTES_PER_WEIGHT + SPARE_BYTES)
        try:
            model = await asyncio.to_thread(judged, data, pet.model.length, pet.mask.data_type)
        except InitialModelUnusable as error:
            raise InitialModelUnusable(f"{self.name} {error}") from error
        await self.shelf.publish(model)
        return model

    async def read(self, limit: int) -> bytes:
        """The whole of it."""
        try:
            data = await self.source.read(limit)
        except OSError as error:
            raise InitialModelUnusable(f"{self.name} cannot be read: {error.strerror}") from error
        except StoreUnavailable as error:
            if error.reason is not Reason.S3_REFUSES:
                raise
            raise InitialModelUnusable(f"{self.name} cannot be read: {error}") from error
        if data is None:
            raise InitialModelUnusable(f"{self.name} is not there: put it there, or name another")
        if len(data) > limit:
            raise InitialModelUnusable(
                f"{self.name} is too large for the model: over {limit} bytes"
            )
        return data

    async def forget(self, record: Record) -> Record:
        """It is not needed any more: the record without it."""
        if record.initial is None:
            return record
        await self.shelf.remove([record.initial.model.id])
        return record.model_copy(update={"initial": None})

    def remember(
        self, record: Record, model: PublishedModel, pet: PetParameters, now: datetime
    ) -> Record:
        """The record with it."""
        initial = Initial(
            source=self.name, data_type=pet.mask.data_type, model=model_record(model, now)
        )
        return record.model_copy(update={"initial": initial})


def judged(data: bytes, length: int, data_type: DataType) -> PublishedModel:
    """The model in a file, in both its forms. Raises ``InitialModelUnusable``; the sentence goes
    on from the name of the file."""
    model = from_npy(data, data_type) if data.startswith(NPY) else from_bincode(data)
    if model.length != length:
        raise InitialModelUnusable(f"has {model.length} weights, but model.length is {length}")
    whole = publishable("", model, data_type)
    if whole.npy is None:
        raise InitialModelUnusable(f"has weights that are beyond {data_type}")
    return replace(whole, id=f"initial/{whole.digest}")


def from_bincode(data: bytes) -> Model:
    """The form of ``GET /model``."""
    try:
        return Model.from_bytes(data)
    except DecodeError as error:
        text = f"is neither a .npy file nor a model as GET /model gives it: {error}"
        raise InitialModelUnusable(text) from error


def from_npy(data: bytes, data_type: DataType) -> Model:
    """A vector of the data type, or of one whose every value is one of the data type."""
    try:
        weights = np.load(io.BytesIO(data), allow_pickle=False)
    except Exception as error:  # numpy reads the head as Python, and raises what that raises
        raise InitialModelUnusable(f"is no whole .npy file: {error}") from error
    if weights.ndim != 1:
        raise InitialModelUnusable(f"has the shape {weights.shape}, but must be one vector")
    wanted = PRIMITIVES[data_type]
    if weights.dtype.kind not in "iuf" or not np.can_cast(weights.dtype, wanted, "safe"):
        raise InitialModelUnusable(f"holds {weights.dtype}, which is not always a {data_type}")
    if not np.isfinite(weights).all():
        raise InitialModelUnusable("has weights that are NaN or infinite")
    return exact(weights.astype(wanted))


def exact(weights: NDArray[np.floating | np.integer]) -> Model:
    """The same numbers as reduced rationals; in vectors, where 64 bits hold them."""
    if weights.dtype.kind == "i":
        return Model(weights.astype(np.int64), np.ones(len(weights), np.int64))
    mantissas, exponents = np.frexp(weights.astype(np.float64))
    odd = np.ldexp(mantissas, 53).astype(np.int64)
    lowest_bit = np.where(odd == 0, 1, odd & -odd)
    zeros = np.frexp(lowest_bit.astype(np.float64))[1] - 1
    odd >>= zeros
    shifts = np.where(odd == 0, 0, exponents.astype(np.int64) - 53 + zeros)
    is_small = np.abs(weights).max(initial=0) < 2.0**INT64_BITS
    if not is_small or shifts.min(initial=0) < -INT64_BITS:
        return Model.from_fractions(map(Fraction, weights.tolist()))
    return Model(odd << np.maximum(shifts, 0), np.int64(1) << np.maximum(-shifts, 0))
