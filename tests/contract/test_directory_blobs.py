"""What only blobs in a folder have: files, their rights, and disks that end."""

import asyncio
import os
import resource
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from xaynet_coordinator.store import StoreUnavailable
from xaynet_coordinator.store.directory import DirectoryBlobs

PYTHON = (sys.executable, "-c")
HOLDER = """
import fcntl, sys
with open(sys.argv[1], "w") as draft:
    fcntl.flock(draft, fcntl.LOCK_EX)
    print("locked", flush=True)
    sys.stdin.read()
"""
WRITER = """
import asyncio, sys
from pathlib import Path
from xaynet_coordinator.store.directory import DirectoryBlobs

async def write():
    blobs = DirectoryBlobs(Path(sys.argv[1]))
    await blobs.open()
    for number in range(10 ** 9):
        await blobs.put("a", b"%d " % (number % 10) * 100_000)
        if number == 10:
            print("writing", flush=True)

asyncio.run(write())
"""


@pytest.fixture
async def blobs(tmp_path: Path) -> AsyncIterator[DirectoryBlobs]:
    opened = DirectoryBlobs(tmp_path / "data" / "blobs")
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data" / "blobs"


def modes(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mode & 0o777 for path in folder.rglob("*")}


def read_line(process: subprocess.Popen[bytes]) -> bytes:
    assert process.stdout is not None
    return process.stdout.readline()


@contextmanager
def open_elsewhere(draft: Path) -> Iterator[None]:
    """Another process has a draft open, as if it were writing it."""
    with subprocess.Popen(
        [*PYTHON, HOLDER, draft], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        read_line(holder)
        yield


@contextmanager
def files_no_longer_than(size: int) -> Iterator[None]:
    """Every write beyond that many bytes of a file fails, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_only_the_owner_reads_files_and_folders(blobs: DirectoryBlobs, folder: Path):
    await blobs.put("a/b", b"")
    await blobs.put_once("a/c", b"")
    assert modes(folder) == {"TMP": 0o700, "a": 0o700, "b": 0o600, "c": 0o600}


@pytest.mark.parametrize("verb", ["put", "put_once"])
async def test_content_and_name_are_synced_before_the_answer(
    blobs: DirectoryBlobs, folder: Path, verb: str, monkeypatch: pytest.MonkeyPatch
):
    synced: list[tuple[str, list[str]]] = []
    sync = os.fsync

    def record(file: int) -> None:
        path = os.readlink(f"/proc/self/fd/{file}")
        synced.append((Path(path).name, os.listdir(path) if os.path.isdir(path) else []))
        sync(file)

    monkeypatch.setattr(os, "fsync", record)
    await getattr(blobs, verb)("a/b", b"content")
    (draft, _), *names = synced
    assert draft.startswith("tmp")
    assert names == [("blobs", ["TMP", "a"]), ("a", ["b"])]


async def test_a_deleted_blob_takes_its_empty_folders_along(blobs: DirectoryBlobs, folder: Path):
    await blobs.put("rounds/1/0", b"")
    await blobs.put("rounds/2/0", b"")
    await blobs.delete("rounds/1/0")
    assert os.listdir(folder / "rounds") == ["2"]
    await blobs.delete("rounds/2/0")
    assert os.listdir(folder) == ["TMP"]


async def test_what_a_crash_left_is_removed_at_open(blobs: DirectoryBlobs, folder: Path):
    await blobs.close()
    (folder / "TMP" / "left").write_bytes(b"half of a blob")
    await blobs.open()
    assert os.listdir(folder / "TMP") == []


async def test_what_another_process_is_writing_is_left_alone(blobs: DirectoryBlobs, folder: Path):
    draft = folder / "TMP" / "draft"
    with open_elsewhere(draft):
        await DirectoryBlobs(folder).open()
        assert os.listdir(folder / "TMP") == ["draft"]
    await DirectoryBlobs(folder).open()
    assert os.listdir(folder / "TMP") == []


async def test_a_write_that_fails_says_where_and_leaves_the_old_content(
    blobs: DirectoryBlobs, folder: Path
):
    await blobs.put("a", b"old")
    with files_no_longer_than(1 << 16):
        with pytest.raises(StoreUnavailable, match=str(folder)):
            await blobs.put("a", bytes(1 << 20))
        with pytest.raises(StoreUnavailable, match=str(folder)):
            await blobs.put_once("b", bytes(1 << 20))
    assert await blobs.get("a") == b"old"
    assert await blobs.keys("") == ["a"]
    assert os.listdir(folder / "TMP") == []
    await blobs.put("a", bytes(1 << 20))


async def test_a_full_disk_says_so(small_disk: Path):
    blobs = DirectoryBlobs(small_disk)
    await blobs.open()
    with pytest.raises(StoreUnavailable, match=f"{small_disk}.*No space left"):
        await blobs.put("a", bytes(4 << 20))
    await blobs.put("a", b"there is room for this")
    assert await blobs.keys("") == ["a"]
    await blobs.close()


async def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path):
    (tmp_path / "file").write_bytes(b"")
    blobs = DirectoryBlobs(tmp_path / "file" / "blobs")
    with pytest.raises(StoreUnavailable, match=str(tmp_path)):
        await blobs.open()
    with pytest.raises(StoreUnavailable, match="not open"):
        await blobs.get("a")


async def test_a_folder_that_went_away_is_no_crash(blobs: DirectoryBlobs, folder: Path):
    (folder / "TMP").rmdir()
    with pytest.raises(StoreUnavailable, match=str(folder)):
        await blobs.put("a", b"")
    await blobs.open()
    assert await blobs.get("a") is None


async def test_files_of_others_are_no_blobs(blobs: DirectoryBlobs, folder: Path):
    (folder / "TMP" / "draft").write_bytes(b"")
    (folder / "LOCK").write_bytes(b"")
    await blobs.put("a", b"")
    assert await blobs.keys("") == ["a"]


def test_a_killed_writer_leaves_old_or_new_content(tmp_path: Path):
    for _ in range(3):
        with subprocess.Popen([*PYTHON, WRITER, tmp_path], stdout=subprocess.PIPE) as writer:
            read_line(writer)
            writer.kill()
        content = asyncio.run(content_of(tmp_path, "a"))
        assert content == content[:2] * 100_000
        assert os.listdir(tmp_path / "TMP") == []


async def content_of(folder: Path, key: str) -> bytes:
    blobs = DirectoryBlobs(folder)
    await blobs.open()
    content = await blobs.get(key)
    await blobs.close()
    assert content is not None
    return content


async def test_attaching_makes_no_folder(tmp_path: Path):
    blobs = DirectoryBlobs(tmp_path / "nowhere")
    assert not await blobs.attach()
    await blobs.close()
    assert os.listdir(tmp_path) == []
