"""Blobs of the embedded mode: one file per key in a folder.

    FOLDER/<key>      content; folders as the slashes of the key say
    FOLDER/TMP/       content on its way; no key is written in capitals

A blob is written and synced under ``TMP`` and then moved or linked to its name in one step, so a
reader, and a machine that lost power, see the old content, the new one or none, never a part.
"""

import asyncio
import fcntl
import os
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import TypeVar

from xaynet_coordinator.store import StoreUnavailable
from xaynet_coordinator.store.names import check_key, check_prefix, is_key
from xaynet_coordinator.store.threads import Threads

T = TypeVar("T")


class DirectoryBlobs:
    """``Blobs`` in a folder of one file system, readable by their owner only."""

    def __init__(self, folder: Path) -> None:
        """Nothing is touched yet. ``folder`` is made by ``open`` if it is not there."""
        self._folder = folder
        self._drafts = folder / "TMP"
        self._naming = Lock()  # delete removes empty folders that put may be about to use
        self._threads = Threads(4, "blobs")

    async def open(self) -> None:
        """Make the folder, check that it takes files, remove what a crash left in ``TMP``."""
        self._threads.start()
        try:
            await self._run(self._open)
        except BaseException:
            self._threads.stop()
            raise

    async def attach(self) -> bool:
        self._threads.start()
        return await self._run(self._folder.is_dir)

    async def close(self) -> None:
        """Take no more work."""
        self._threads.stop()

    async def put(self, key: str, data: bytes) -> None:
        target = self._target(key)
        await self._run(lambda: self._put(target, data))

    async def put_once(self, key: str, data: bytes) -> bool:
        target = self._target(key)
        return await self._run(lambda: self._put_once(target, data))

    async def get(self, key: str) -> bytes | None:
        target = self._target(key)
        return await self._run(lambda: _read(target))

    async def keys(self, prefix: str) -> list[str]:
        check_prefix(prefix)
        return await self._run(lambda: self._keys(prefix))

    async def delete(self, key: str) -> None:
        target = self._target(key)
        await self._run(lambda: self._delete(target))

    def _target(self, key: str) -> Path:
        return self._folder / check_key(key)

    async def _run(self, work: Callable[[], T]) -> T:
        try:
            return await self._threads.run(work)
        except OSError as error:
            where = error.filename or self._folder
            raise StoreUnavailable(f"{where}: {error.strerror or error}") from error

    def _open(self) -> None:
        _make_folder(self._drafts)
        for draft in self._drafts.iterdir():
            _remove_if_left(draft)
        with self._draft(b"") as draft:
            probe = draft.with_suffix(".link")
            os.link(draft, probe)  # put_once stands on hard links
            probe.unlink()

    def _put(self, target: Path, data: bytes) -> None:
        with self._draft(data) as draft, self._naming:
            _make_folder(target.parent)
            draft.replace(target)
            _sync_folder(target.parent)

    def _put_once(self, target: Path, data: bytes) -> bool:
        with self._draft(data) as draft, self._naming:
            _make_folder(target.parent)
            try:
                os.link(draft, target)
            except FileExistsError:
                taken = True
            else:
                taken = False
            _sync_folder(target.parent)  # if taken, too: whoever took it may not have got here yet
            return not taken

    def _keys(self, prefix: str) -> list[str]:
        top = self._folder / prefix.rpartition("/")[0]
        found = (
            Path(folder, name).relative_to(self._folder).as_posix()
            for folder, _, names in os.walk(top)
            for name in names
        )
        return sorted(key for key in found if key.startswith(prefix) and is_key(key))

    def _delete(self, target: Path) -> None:
        with self._naming:
            with suppress(FileNotFoundError, NotADirectoryError):
                target.unlink()
                _sync_folder(target.parent)
            with suppress(OSError):  # the first folder that is not empty, or not there, ends it
                for folder in target.parents:
                    if folder == self._folder:
                        break
                    folder.rmdir()

    @contextmanager
    def _draft(self, data: bytes) -> Generator[Path]:
        """A synced file with the content, which is gone afterwards unless it was moved."""
        file, name = tempfile.mkstemp(dir=self._drafts)  # mode 0600
        draft = Path(name)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)  # tells it from one that a crash has left
            _write(file, data)
            os.fsync(file)
            yield draft
        finally:
            os.close(file)
            draft.unlink(missing_ok=True)


class OneFile:
    """A file that others write."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def read(self, limit: int) -> bytes | None:
        """Its first bytes, one more than ``limit`` at most; None if there is no such file."""

        def work() -> bytes | None:
            try:
                with self._path.open("rb") as file:
                    return file.read(limit + 1)
            except FileNotFoundError:
                return None

        return await asyncio.to_thread(work)


def _remove_if_left(draft: Path) -> None:
    """Remove a draft unless another process, which has it locked, is writing it."""
    with suppress(FileNotFoundError, BlockingIOError):
        file = os.open(draft, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            draft.unlink()
        finally:
            os.close(file)


def _write(file: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(file, rest) :]


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        return None


def _make_folder(folder: Path) -> None:
    """Make a folder and those above it, each on the disk before anything is put into it."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk."""
    file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)
