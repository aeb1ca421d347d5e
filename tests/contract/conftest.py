"""The stores under test: the embedded pair in the fast tier, the servers behind a mark."""

import subprocess
from collections.abc import AsyncIterator, Iterator
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


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MiB; making one takes rights that not every machine gives."""
    disk = tmp_path / "small"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("a file system cannot be mounted here")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)
