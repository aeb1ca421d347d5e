"""The stores under test: the embedded pair in the fast tier, the servers behind a mark."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from ledger_places import LedgerPlace, RedisPlace, SqlitePlace
from xaynet_coordinator.store import Ledger

LEDGERS = ["sqlite", pytest.param("redis", marks=pytest.mark.servers)]


@pytest.fixture(params=LEDGERS)
def place(request: pytest.FixtureRequest, tmp_path: Path, uid: str) -> LedgerPlace:
    """An empty place for a ledger."""
    if request.param == "sqlite":
        return SqlitePlace(tmp_path, uid)
    return RedisPlace(request.getfixturevalue("redis_server").url, uid)


@pytest.fixture
async def ledger(place: LedgerPlace) -> AsyncIterator[Ledger]:
    """An open, empty ledger in the place."""
    async with place.opened() as opened:
        yield opened
