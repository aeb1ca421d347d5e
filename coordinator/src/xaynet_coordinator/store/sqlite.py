"""The ledger of the embedded mode: one SQLite file in a folder that one process has to itself.

The tables are in ``scripts/ledger.sql``. One thread owns the connection; every verb is one
transaction in it, and is on the disk before the verb returns (a write-ahead log that is synced at
each commit). What is erased is overwritten with zeros, and the log is cut after each phase.
"""

import os
import sqlite3
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from sqlite3 import Connection
from typing import TypeVar

from xaynet_coordinator.store import (
    Caps,
    ChunkBounds,
    Collection,
    Counts,
    Desired,
    Head,
    Pointer,
    PointerMoved,
    Refused,
    StoreCorrupt,
    Stored,
    StoreUnavailable,
    UpdateCommit,
    Verdict,
    tables,
)
from xaynet_coordinator.store.lock import FolderLock
from xaynet_coordinator.store.names import check_uid
from xaynet_coordinator.store.threads import Threads
from xaynet_pet import Tag

T = TypeVar("T")

_LAYOUT = 1  # `user_version` of scripts/ledger.sql
_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "fullfsync=ON", "secure_delete=ON")
_DAMAGE = {sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


class SqliteLedger:
    """A ``Ledger`` in the file ``ledger-UID.sqlite`` of a folder."""

    def __init__(self, folder: Path, uid: str) -> None:
        """Nothing is touched yet. ``folder`` is made by ``open`` if it is not there."""
        self._path = folder / f"ledger-{check_uid(uid)}.sqlite"
        self._lock = FolderLock(folder)
        self._thread = Threads(1, "ledger")
        self._connection: Connection | None = None

    @property
    def warnings(self) -> Sequence[str]:
        """None: it is always opened so that it loses nothing."""
        return ()

    async def open(self) -> None:
        """Lock the folder and open the file; may be tried again after a failure.

        Raises ``StoreUnavailable`` if another process has the folder, ``StoreCorrupt`` if the file
        is damaged or of another version.
        """
        self._thread.start()
        try:
            await self._thread.run(self._open)
        except Exception:
            self._thread.stop()
            raise

    async def close(self) -> None:
        """Close the file and let go of the folder."""
        try:
            if self._thread.are_running:
                await self._thread.run(self._close)
        finally:
            self._thread.stop()

    async def take_term(self) -> Head:
        def verb(db: Connection) -> Head:
            db.execute("UPDATE head SET term = term + 1")
            return tables.head(db)

        return await self._transaction(verb)

    async def head(self) -> Head:
        return await self._transaction(tables.head)

    async def advance(
        self, term: int, epoch: int, state: bytes, caps: Caps, *, erase: bool
    ) -> Head | None:
        def verb(db: Connection) -> Head | None:
            head = tables.head(db)
            if (head.term, head.epoch) != (term, epoch):
                return None
            tables.erase_chunks(db)
            if erase:
                tables.erase_round(db)
            db.execute("UPDATE head SET epoch = epoch + 1, state = ?, elapsed = 0.0", (state,))
            tables.set_caps(db, caps)
            return tables.head(db)

        return await self._transaction(verb, cut=True)

    async def keep_elapsed(self, term: int, epoch: int, elapsed: float) -> bool:
        update = "UPDATE head SET elapsed = ? WHERE term = ? AND epoch = ?"
        return await self._transaction(
            lambda db: db.execute(update, (elapsed, term, epoch)).rowcount == 1
        )

    async def put_desired(self, desired: Desired, caps: Caps, *, paused: bool) -> Desired:
        def verb(db: Connection) -> Desired:
            stored = tables.desired(db)
            if stored is not None and stored.generation >= desired.generation:
                return stored
            row = (desired.generation, desired.document)
            db.execute("INSERT OR REPLACE INTO desired VALUES (1, ?, ?)", row)
            db.execute("UPDATE head SET paused = ?", (paused,))
            tables.set_caps(db, caps)
            return desired

        return await self._transaction(verb)

    async def desired(self) -> Desired | None:
        return await self._transaction(tables.desired)

    async def add_sum_participant(
        self, epoch: int, participant: bytes, ephemeral: bytes, receipt: bytes
    ) -> Verdict:
        def verb(db: Connection) -> Verdict:
            refusal = tables.closed(db, epoch) or tables.seen(db, Tag.SUM, participant, receipt)
            if refusal is not None:
                return refusal
            if tables.room(db, Tag.SUM) <= 0:
                return Verdict.FULL
            db.execute("INSERT INTO sums VALUES (?, ?)", (participant, ephemeral))
            tables.keep_receipt(db, Tag.SUM, participant, receipt)
            return Verdict.ACCEPTED

        return await self._transaction(verb)

    async def sums(self) -> dict[bytes, bytes]:
        return await self._transaction(
            lambda db: dict(db.execute("SELECT participant, ephemeral FROM sums"))
        )

    async def commit_updates(self, commit: UpdateCommit) -> Counts | Refused:
        def verb(db: Connection) -> Counts | Refused:
            refusal = tables.closed(db, commit.epoch)
            if refusal is not None:
                return Refused(refusal)
            if tables.pointers(db).get(commit.member) != commit.expected:
                raise PointerMoved(f"the pointer of member {commit.member} is not the expected one")
            refused = tables.first_refused(db, commit.updates)
            if refused is not None:
                return refused
            tables.enter(db, commit)
            return tables.counts(db)

        return await self._transaction(verb)

    async def pointers(self) -> dict[str, Pointer]:
        return await self._transaction(tables.pointers)

    async def participants(self, tag: Tag) -> set[bytes]:
        query = "SELECT participant FROM receipts WHERE tag = ?"
        return await self._transaction(
            lambda db: {participant for (participant,) in db.execute(query, (tag.value,))}
        )

    async def receipt(self, tag: Tag, participant: bytes) -> bytes | None:
        return await self._transaction(lambda db: tables.receipt(db, tag, participant))

    async def seeds(self, sum_participant: bytes) -> dict[bytes, bytes] | None:
        query = "SELECT update_participant, seed FROM seeds WHERE sum_participant = ?"

        def verb(db: Connection) -> dict[bytes, bytes] | None:
            if not tables.is_sum_participant(db, sum_participant):
                return None
            return dict(db.execute(query, (sum_participant,)))

        return await self._transaction(verb)

    async def add_mask(
        self, epoch: int, participant: bytes, digest: bytes, receipt: bytes
    ) -> Verdict:
        vote = (
            "INSERT INTO votes VALUES (?, 1) ON CONFLICT (digest) DO UPDATE SET votes = votes + 1"
        )

        def verb(db: Connection) -> Verdict:
            refusal = tables.closed(db, epoch) or tables.seen(db, Tag.SUM2, participant, receipt)
            if refusal is not None:
                return refusal
            if not tables.is_sum_participant(db, participant):
                return Verdict.UNKNOWN_PARTICIPANT
            if tables.room(db, Tag.SUM2) <= 0:
                return Verdict.FULL
            db.execute(vote, (digest,))
            tables.keep_receipt(db, Tag.SUM2, participant, receipt)
            return Verdict.ACCEPTED

        return await self._transaction(verb)

    async def votes(self) -> dict[bytes, int]:
        return await self._transaction(lambda db: dict(db.execute("SELECT * FROM votes")))

    async def add_chunk(
        self,
        epoch: int,
        collection: Collection,
        chunk: tuple[int, bool, bytes],
        receipt: bytes,
        bounds: ChunkBounds,
    ) -> Stored | Verdict:
        def verb(db: Connection) -> Stored | Verdict:
            tag, participant = collection.tag, collection.participant
            refusal = tables.closed(db, epoch) or tables.seen(db, tag, participant, receipt)
            if refusal is not None:
                return refusal
            if tag is Tag.SUM2 and not tables.is_sum_participant(db, participant):
                return Verdict.UNKNOWN_PARTICIPANT
            if tables.room(db, tag) <= 0:
                return Verdict.FULL
            return tables.store_chunk(db, collection, chunk, bounds)

        return await self._transaction(verb)

    async def chunks(self, collection: Collection) -> dict[int, bytes]:
        def verb(db: Connection) -> dict[int, bytes]:
            row = tables.collection_row(db, collection)
            query = "SELECT id, data FROM chunks WHERE collection = ?"
            return {} if row is None else dict(db.execute(query, row[:1]))

        return await self._transaction(verb)

    async def drop_chunks(self, collection: Collection) -> None:
        def verb(db: Connection) -> None:
            row = tables.collection_row(db, collection)
            if row is not None:
                tables.drop_collection(db, row[0])

        await self._transaction(verb)

    async def counts(self) -> Counts:
        return await self._transaction(tables.counts)

    async def forget(self) -> None:
        def verb(db: Connection) -> None:
            head = tables.head(db)
            tables.erase(db)
            db.execute("UPDATE head SET term = ?, epoch = ?", (head.term, head.epoch + 1))

        await self._transaction(verb, cut=True)

    async def erase(self) -> None:
        await self._transaction(tables.erase, cut=True)

    async def _transaction(self, verb: Callable[[Connection], T], *, cut: bool = False) -> T:
        """What ``verb`` returns, durably; ``cut`` empties the log, which holds erased content."""

        def work() -> T:
            db = self._connection
            if db is None:
                raise StoreUnavailable(f"{self._path} is not open")
            with _failures(self._path):
                with db:
                    db.execute("BEGIN IMMEDIATE")
                    result = verb(db)
                if cut:
                    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            return result

        return await self._thread.run(work)

    def _open(self) -> None:
        if self._connection is not None:
            return
        with _failures(self._path):
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock.take()
            try:
                self._connection = _connect(self._path)
            except BaseException:
                self._lock.release()
                raise

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self._lock.release()


@contextmanager
def _failures(path: Path) -> Generator[None]:
    """Say what went wrong with which file, in the words of the store."""
    try:
        yield
    except sqlite3.ProgrammingError:
        raise
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        if code in _DAMAGE:
            raise StoreCorrupt(f"{path} is damaged: {error}") from error
        reason = "the disk is full" if code == sqlite3.SQLITE_FULL else error
        raise StoreUnavailable(f"{path}: {reason}") from error
    except OSError as error:
        raise StoreUnavailable(f"{path}: {error.strerror}") from error


def _make_file(path: Path) -> None:
    """Make the file for its owner only, so that its name is on the disk too."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _connect(path: Path) -> Connection:
    _make_file(path)
    db = sqlite3.connect(path, isolation_level=None)
    try:
        for pragma in _PRAGMAS:
            db.execute(f"PRAGMA {pragma}")
        _check(db, path)
    except BaseException:
        db.close()
        raise
    return db


def _check(db: Connection, path: Path) -> None:
    """Lay out an empty file; refuse a damaged one and one of another version."""
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if version == 0:
        tables = files("xaynet_coordinator.store").joinpath("scripts", "ledger.sql").read_text()
        db.executescript(f"BEGIN IMMEDIATE; {tables} COMMIT;")
    elif version != _LAYOUT:
        raise StoreCorrupt(f"{path} has layout {version}, this program knows layout {_LAYOUT}")
    (state,) = db.execute("PRAGMA quick_check(1)").fetchone()
    if state != "ok":
        raise StoreCorrupt(f"{path} is damaged: {state}")
