"""Where the ledgers of the contract suite live, and everything that lies there, byte by byte."""

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import Any

from redis import Redis

from xaynet_coordinator.store import Ledger
from xaynet_coordinator.store.redis import RedisLedger
from xaynet_coordinator.store.sqlite import SqliteLedger

Content = dict[str, Any]


class LedgerPlace(ABC):
    """One uid of one store, which ledgers are opened on."""

    uid: str

    @abstractmethod
    def ledger(self, uid: str | None = None) -> Ledger:
        """A ledger that is not open yet, of this uid or of another."""

    @abstractmethod
    def content(self) -> Content:
        """All that is stored under the uid, read past the ledger."""

    @asynccontextmanager
    async def opened(self, uid: str | None = None) -> AsyncIterator[Ledger]:
        ledger = self.ledger(uid)
        await ledger.open()
        try:
            yield ledger
        finally:
            await ledger.close()

    @contextmanager
    def unchanged(self) -> Iterator[None]:
        """Fails unless what is stored afterwards is what was stored before."""
        before = self.content()
        yield
        assert self.content() == before


class SqlitePlace(LedgerPlace):
    def __init__(self, folder: Path, uid: str) -> None:
        self.folder = folder
        self.uid = uid

    @property
    def path(self) -> Path:
        return self.folder / f"ledger-{self.uid}.sqlite"

    def ledger(self, uid: str | None = None) -> SqliteLedger:
        return SqliteLedger(self.folder, uid or self.uid)

    def content(self) -> Content:
        with closing(sqlite3.connect(self.path)) as db:
            tables = db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            return {
                name: sorted(db.execute(f"SELECT * FROM {name}").fetchall()) for (name,) in tables
            }


class RedisPlace(LedgerPlace):
    def __init__(self, url: str, uid: str) -> None:
        self.url = url
        self.uid = uid

    def ledger(self, uid: str | None = None) -> RedisLedger:
        return RedisLedger(self.url, uid or self.uid)

    def content(self) -> Content:
        with Redis.from_url(self.url) as redis:
            keys = redis.keys(f"{{{self.uid}}}:*")
            return {key: self._value(redis, key) for key in keys}

    def _value(self, redis: Redis, key: bytes) -> Any:
        readers = {b"hash": redis.hgetall, b"set": redis.smembers, b"string": redis.get}
        return readers[redis.type(key)](key)
