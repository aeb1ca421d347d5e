"""What only a ledger in a file has: the folder's lock, damage, full disks, erased content."""

import asyncio
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from ledger_places import SqlitePlace
from ledger_steps import AMPLE, begin, collection, commit, enter_sums, fill, pk, receipt, update
from xaynet_coordinator.store import (
    ChunkBounds,
    Counts,
    StoreCorrupt,
    Stored,
    StoreUnavailable,
    Verdict,
)
from xaynet_coordinator.store.sqlite import SqliteLedger

PYTHON = (sys.executable, "-c")
OPENER = """
import asyncio, sys
from pathlib import Path
from xaynet_coordinator.store.sqlite import SqliteLedger

async def main():
    await SqliteLedger(Path(sys.argv[1]), sys.argv[2]).open()
    print("open", flush=True)
    sys.stdin.read()

asyncio.run(main())
"""
WRITER = """
import asyncio, sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from ledger_steps import begin, commit, enter_sums, update
from xaynet_coordinator.store.sqlite import SqliteLedger

async def main():
    ledger = SqliteLedger(Path(sys.argv[1]), sys.argv[2])
    await ledger.open()
    epoch = (await begin(ledger)).epoch
    sums = await enter_sums(ledger, epoch, 10)
    for number in range(10 ** 9):
        group = [update(10 * number + each, sums) for each in range(10)]
        await ledger.commit_updates(commit(epoch, group, member=f"m{number}"))
        print(number + 1, flush=True)

asyncio.run(main())
"""


@pytest.fixture
def place(tmp_path: Path, uid: str) -> SqlitePlace:
    return SqlitePlace(tmp_path / "data", uid)


async def test_a_ledger_that_is_not_open_says_so(place: SqlitePlace):
    ledger = place.ledger()
    for _ in range(2):
        with pytest.raises(StoreUnavailable, match="not open"):
            await ledger.head()
        await ledger.open()
        await ledger.close()


async def test_a_folder_takes_one_ledger_at_a_time(place: SqlitePlace):
    async with place.opened():
        for uid in (place.uid, "another"):
            with pytest.raises(StoreUnavailable, match=rf"{place.folder} is in use.*one process"):
                await place.ledger(uid).open()
    async with place.opened():
        pass


def test_a_folder_takes_one_process_at_a_time(place: SqlitePlace):
    command = [*PYTHON, OPENER, place.folder, place.uid]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert read_line(other) == b"open\n"
        with pytest.raises(StoreUnavailable, match="one process may use a folder"):
            asyncio.run(place.ledger().open())
        other.kill()
        other.wait()
        asyncio.run(open_and_close(place))


def read_line(process: subprocess.Popen[bytes]) -> bytes:
    assert process.stdout is not None
    return process.stdout.readline()


async def open_and_close(place: SqlitePlace) -> None:
    async with place.opened():
        pass


def test_nothing_that_was_answered_is_lost_when_the_process_is_killed(place: SqlitePlace):
    support = Path(__file__).parents[1] / "support"
    command = [*PYTHON, WRITER, place.folder, place.uid, support]
    for _ in range(3):
        with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
            answered = [int(read_line(writer)) for _ in range(20)][-1]
            writer.kill()
        counts, pointers, columns = asyncio.run(read_back(place))
        assert pointers >= answered
        assert counts == Counts(sum=10, update=10 * pointers)
        assert columns == {10 * pointers}


async def read_back(place: SqlitePlace) -> tuple[Counts, int, set[int]]:
    async with place.opened() as ledger:
        columns = {len(await ledger.seeds(sum_pk) or {}) for sum_pk in await ledger.sums()}
        return await ledger.counts(), len(await ledger.pointers()), columns


async def test_only_the_owner_reads_the_files(place: SqlitePlace):
    async with place.opened() as ledger:
        await fill(ledger)
        assert modes(place.folder) == {0o600}
    assert place.folder.stat().st_mode & 0o777 == 0o700


def modes(folder: Path) -> set[int]:
    return {path.stat().st_mode & 0o777 for path in folder.iterdir()}


@pytest.mark.parametrize("end", ["advance", "forget"])
async def test_what_was_erased_is_in_no_file(place: SqlitePlace, end: str):
    secret = b"a secret of the round " * 10
    async with place.opened() as ledger:
        head = await begin(ledger)
        await ledger.advance(head.term, head.epoch, secret, AMPLE, erase=False)
        epoch = head.epoch + 1
        bounds = ChunkBounds(1 << 20, 1 << 20)
        await ledger.add_chunk(epoch, collection(1), (0, True, secret), receipt(1), bounds)
        await ledger.add_sum_participant(epoch, pk(0), secret, secret)
        assert secret in content_of(place.folder)
        if end == "forget":
            await ledger.forget()
        else:
            await ledger.advance(head.term, epoch, b"next", AMPLE, erase=True)
        assert secret[:22] not in content_of(place.folder)


def content_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir())


@pytest.mark.parametrize("damage", [b"this is no database" * 1000, b"SQLite format 3\0" * 1000])
async def test_a_file_that_is_no_database_is_called_damaged(place: SqlitePlace, damage: bytes):
    await open_and_close(place)
    write(place.path, 0, damage)
    with pytest.raises(StoreCorrupt, match=f"{place.path} is damaged"):
        await place.ledger().open()


async def test_a_file_with_a_damaged_page_is_called_damaged(place: SqlitePlace):
    async with place.opened() as ledger:
        epoch = (await begin(ledger)).epoch
        await enter_sums(ledger, epoch, 100)
    write(place.path, 2 * 4096, os.urandom(4096))
    with pytest.raises(StoreCorrupt, match=f"{place.path} is damaged"):
        await place.ledger().open()


async def test_a_file_that_is_damaged_while_it_is_open_is_called_damaged(place: SqlitePlace):
    async with place.opened() as ledger:
        change(place.path, "DROP TABLE sums")
        with pytest.raises(StoreCorrupt, match=f"{place.path} is damaged"):
            await ledger.sums()
        change(place.path, "DELETE FROM head")
        with pytest.raises(StoreCorrupt, match="first page"):
            await ledger.head()


async def test_a_file_of_a_later_version_is_refused(place: SqlitePlace):
    await open_and_close(place)
    change(place.path, "PRAGMA user_version = 2")
    with pytest.raises(StoreCorrupt, match="layout 2"):
        await place.ledger().open()
    change(place.path, "PRAGMA user_version = 1")
    await open_and_close(place)


def write(path: Path, offset: int, content: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(content)


def change(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(statement)


async def test_a_full_disk_says_so_and_loses_nothing(small_disk: Path, uid: str):
    bounds = ChunkBounds(1 << 30, 1 << 30)
    place = SqlitePlace(small_disk, uid)
    async with place.opened() as ledger:
        head = await begin(ledger)
        sums = await enter_sums(ledger, head.epoch, 2)

        async def fill_up() -> None:
            for each in range(100):
                chunk = (each, False, bytes(100_000))
                await ledger.add_chunk(head.epoch, collection(1), chunk, receipt(1), bounds)

        with pytest.raises(StoreUnavailable, match=f"{place.path}: the disk is full"):
            await fill_up()
        group = [update(each, sums) for each in range(500)]
        with place.unchanged(), pytest.raises(StoreUnavailable, match="the disk is full"):
            await ledger.commit_updates(commit(head.epoch, group))
        stored = await ledger.chunks(collection(1))
        assert stored
        assert set(stored.values()) == {bytes(100_000)}
    async with place.opened() as ledger:
        assert await ledger.chunks(collection(1)) == stored
        assert await ledger.counts() == Counts(sum=2)


async def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreUnavailable, match=str(tmp_path / "file")):
        await SqliteLedger(tmp_path / "file" / "data", "uid").open()


async def test_other_tasks_run_while_a_verb_waits_for_the_disk(place: SqlitePlace):
    """Not even a reader that holds the file up holds the loop up."""
    async with place.opened() as ledger:
        epoch = (await begin(ledger)).epoch
        with closing(sqlite3.connect(place.path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            adding = asyncio.create_task(
                ledger.add_sum_participant(epoch, pk(0), b"key", receipt(0))
            )
            await asyncio.wait([adding], timeout=0.05)
            assert not adding.done()
            other.execute("COMMIT")
        assert await adding is Verdict.ACCEPTED


async def test_a_chunk_of_many_megabytes_is_one_commit(place: SqlitePlace):
    bounds = ChunkBounds(1 << 30, 1 << 30)
    async with place.opened() as ledger:
        epoch = (await begin(ledger)).epoch
        data = os.urandom(1 << 20) * 40
        stored = await ledger.add_chunk(epoch, collection(1), (0, True, data), receipt(1), bounds)
        assert stored == Stored(1, 0)
        assert await ledger.chunks(collection(1)) == {0: data}
