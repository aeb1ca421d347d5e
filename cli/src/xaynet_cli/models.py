"""Global models, listed and written to files.

Those of a service without a cluster lie in its folder. Of any other one we know the newest, which
its control API names and its public API serves.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from http import HTTPStatus
from io import BytesIO
from pathlib import Path
from typing import Protocol

import httpx
import numpy as np
from numpy.typing import NDArray

from xaynet_cli.control import Control
from xaynet_cli.failures import CommandFailed

NEWEST = "latest"
NPY = "application/x-npy"


@dataclass(frozen=True, slots=True)
class Entry:
    """One global model; its id begins with the number of its round."""

    id: str
    weights: int | None  # None: beyond the data type, so that there is no array of it
    time: datetime

    @property
    def round(self) -> int:
        """The round it came from."""
        return int(self.id.partition("_")[0])


class Shelf(Protocol):
    """Where global models are."""

    def entries(self) -> list[Entry]:
        """All that are known, the newest last."""
        ...

    def content(self, id: str, *, npy: bool) -> bytes:
        """A model as a numpy file, or in Xaynet's own form (bincode rationals)."""
        ...


@dataclass(frozen=True, slots=True)
class FolderShelf:
    """The models of a service without a cluster."""

    folder: Path

    def entries(self) -> list[Entry]:
        """All that are kept, whether or not the service runs."""
        if not self.folder.is_dir():
            return []
        found = [path for path in self.folder.iterdir() if path.is_file() and not path.suffix]
        return sorted(map(self._entry, found), key=lambda entry: entry.round)

    def _entry(self, path: Path) -> Entry:
        array = path.with_name(f"{path.name}.npy")
        weights = len(np.load(array, mmap_mode="r")) if array.exists() else None
        return Entry(path.name, weights, datetime.fromtimestamp(path.stat().st_mtime, UTC))

    def array(self, id: str) -> NDArray[np.generic]:
        """The weights of a model."""
        return np.load(BytesIO(self.content(id, npy=True)))

    def content(self, id: str, *, npy: bool) -> bytes:
        """The file's content; an array is held to its digest."""
        path = self.folder / (f"{id}.npy" if npy else id)
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            raise CommandFailed(f"{path} is not there") from None
        if npy and path.with_name(f"{path.name}.sha256").read_text().split()[0] != digest(content):
            raise CommandFailed(f"{path} is damaged: its digest is another one")
        return content


@dataclass(frozen=True, slots=True)
class ServedShelf:
    """The newest model of a service somewhere else; ``public`` is where participants reach it."""

    control: Control
    public: str | None

    def entries(self) -> list[Entry]:
        """The newest one."""
        model = self.control.state()["latestModel"]
        if model is None:
            return []
        return [Entry(model["id"], model["length"], datetime.fromisoformat(model["time"]))]

    def content(self, id: str, *, npy: bool) -> bytes:
        """What ``GET /model`` answers; in Xaynet's own form it is held to its digest."""
        if self.public is None:
            raise CommandFailed("give --coordinator URL, the address that participants use")
        url = f"{self.public.rstrip('/')}/model"
        try:
            answer = httpx.get(url, headers={"accept": NPY} if npy else {}, timeout=60)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise CommandFailed(f"{url} does not answer: {error}") from None
        if answer.status_code != HTTPStatus.OK:
            raise CommandFailed(f"{url} has no such model: it answered {answer.status_code}")
        model = self.control.state()["latestModel"]
        if model["id"] != id or (not npy and model["sha256"] != digest(answer.content)):
            raise CommandFailed(f"{url} served another model than {id}: try again")
        return answer.content


def chosen(entries: Iterable[Entry], wanted: str) -> Entry:
    """The model of an id, of a round's number, of the beginning of an id, or the latest one."""
    known = list(entries)
    if not known:
        raise CommandFailed("there are no global models yet: no round has succeeded")
    if wanted == NEWEST:
        return known[-1]
    found = [one for one in known if wanted in (one.id, str(one.round))]
    found = found or [one for one in known if one.id.startswith(wanted)]
    if len(found) == 1:
        return found[0]
    problem = "is not one model's alone" if found else "is no model's"
    raise CommandFailed(f"{wanted} {problem}; there are: {', '.join(one.id for one in known)}")


def digest(content: bytes) -> str:
    """SHA-256 in hex."""
    return sha256(content).hexdigest()
