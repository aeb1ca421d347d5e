"""Blobs by key, over a folder and over two S3 servers of different make."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from xaynet_coordinator.store import Blobs, StoreUnavailable
from xaynet_coordinator.store.directory import DirectoryBlobs
from xaynet_coordinator.store.s3 import Bucket, S3Blobs

Make = Callable[[], Blobs]

STORES = [
    "directory",
    pytest.param("minio", marks=pytest.mark.servers),
    pytest.param("versity", marks=pytest.mark.servers),
]
KEYS = ["a", "rounds/1/0", "0_00ff.npy", "a.b-c_d/e", "x" * 200]
NO_KEYS = ["", "/a", "a/", "a//b", "..", "a/../b", "./a", "A", "a b", "é", "a\n", "a\0", "a%2fb"]


@pytest.fixture(params=STORES)
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Make:
    """Makes blobs that are not open yet, each time of the same place."""
    if request.param == "directory":
        return lambda: DirectoryBlobs(tmp_path / "blobs")
    server = request.getfixturevalue(f"{request.param}_server")
    bucket = Bucket(server.url, server.new_bucket(), server.access_key, server.secret_key)
    return lambda: S3Blobs(bucket)


@pytest.fixture
async def blobs(make: Make) -> AsyncIterator[Blobs]:
    opened = make()
    await opened.open()
    yield opened
    await opened.close()


@pytest.mark.parametrize("key", KEYS)
async def test_a_blob_is_found_under_its_key(blobs: Blobs, key: str):
    await blobs.put(key, bytes(range(256)))
    assert await blobs.get(key) == bytes(range(256))
    assert await blobs.keys("") == [key]


@pytest.mark.parametrize("size", [0, 1, 5 << 20, (5 << 20) + 1, 23 << 20])
async def test_blobs_of_any_size_come_back_whole(blobs: Blobs, size: int):
    data = (b"\x00\xff\r\n" * (size // 4 + 1))[:size]
    await blobs.put("put", data)
    assert await blobs.put_once("once", data)
    assert await blobs.get("put") == data
    assert await blobs.get("once") == data


async def test_nothing_is_found_where_nothing_is(blobs: Blobs):
    await blobs.put("a/b", b"")
    for key in ("b", "a", "a/b/c", "a/c"):
        assert await blobs.get(key) is None
    assert await blobs.keys("b") == []
    assert await blobs.keys("c/d") == []


async def test_a_second_put_replaces_the_first(blobs: Blobs):
    await blobs.put("a/b", b"first, and longer")
    await blobs.put("a/b", b"second")
    assert await blobs.get("a/b") == b"second"


async def test_a_write_once_blob_keeps_its_first_content(blobs: Blobs):
    assert await blobs.put_once("freeze/1", b"first")
    assert not await blobs.put_once("freeze/1", b"second")
    assert not await blobs.put_once("freeze/1", b"first")
    assert await blobs.get("freeze/1") == b"first"


async def test_what_was_put_is_not_written_once_more(blobs: Blobs):
    await blobs.put("a", b"put")
    assert not await blobs.put_once("a", b"once")
    assert await blobs.get("a") == b"put"


async def test_a_deleted_key_is_free_again(blobs: Blobs):
    assert await blobs.put_once("a/b", b"1")
    await blobs.delete("a/b")
    await blobs.delete("a/b")
    assert await blobs.get("a/b") is None
    assert await blobs.put_once("a/b", b"2")


async def test_of_many_that_write_once_one_succeeds(blobs: Blobs):
    contents = [b"%d" % each * 1000 for each in range(20)]
    for key in ("race/0", "race/1", "race/2"):
        answers = await asyncio.gather(*(blobs.put_once(key, each) for each in contents))
        assert answers.count(True) == 1
        assert await blobs.get(key) == contents[answers.index(True)]


async def test_a_reader_sees_one_content_while_others_write(blobs: Blobs):
    contents = [b"%d" % each * 50_000 for each in range(10)]
    await blobs.put("a", contents[0])
    puts = [blobs.put("a", each) for each in contents]
    reads = [blobs.get("a") for _ in range(20)]
    results = await asyncio.gather(*puts, *reads)
    assert {read for read in results if read is not None} <= set(contents)


async def test_keys_are_listed_by_prefix_in_order(blobs: Blobs):
    keys = ["a", "b/1", "b/10", "b/2", "b/sub/x", "bc", "b-", "c"]
    await asyncio.gather(*(blobs.put(key, b"") for key in keys))
    assert await blobs.keys("") == sorted(keys)
    for prefix in ("b", "b/", "b/1", "b/sub/", "a", "x", "b/sub/x", "b/sub/x/y"):
        assert await blobs.keys(prefix) == sorted(k for k in keys if k.startswith(prefix))


async def test_more_keys_than_a_page_of_a_listing_are_all_listed(blobs: Blobs):
    keys = [f"many/{number:04}" for number in range(1050)]
    await asyncio.gather(*(blobs.put(key, b"") for key in keys))
    assert await blobs.keys("many/") == keys
    await asyncio.gather(*(blobs.delete(key) for key in keys))
    assert await blobs.keys("") == []


async def test_deleting_one_leaves_its_neighbours(blobs: Blobs):
    for key in ("a/b/1", "a/b/2", "a/c"):
        await blobs.put(key, key.encode())
    await blobs.delete("a/b/1")
    assert await blobs.keys("") == ["a/b/2", "a/c"]


async def test_puts_and_deletes_in_one_folder_do_not_meet(blobs: Blobs):
    async def come_and_go(key: str) -> None:
        for _ in range(10):
            await blobs.put(key, b"")
            await blobs.delete(key)

    await asyncio.gather(*(come_and_go(f"a/b/{each}") for each in range(8)))
    assert await blobs.keys("") == []


async def test_blobs_are_there_after_opening_again(make: Make, blobs: Blobs):
    await blobs.put("a/b", b"content")
    await blobs.close()
    for _ in range(2):
        again = make()
        await again.open()
        assert await again.get("a/b") == b"content"
        assert await again.keys("") == ["a/b"]
        await again.close()


async def test_opening_leaves_no_trace(blobs: Blobs, make: Make):
    await make().open()
    assert await blobs.keys("") == []


async def test_attached_blobs_can_be_read_and_deleted(make: Make, blobs: Blobs):
    await blobs.put("a", b"content")
    attached = make()
    assert await attached.attach()
    assert await attached.keys("") == ["a"]
    assert await attached.get("a") == b"content"
    await attached.delete("a")
    await attached.close()
    assert await blobs.keys("") == []


async def test_closed_blobs_say_so_and_open_again(make: Make):
    blobs = make()
    with pytest.raises(StoreUnavailable, match="not open"):
        await blobs.get("a")
    for _ in range(2):
        await blobs.open()
        await blobs.put("a", b"")
        await blobs.close()
    with pytest.raises(StoreUnavailable, match="not open"):
        await blobs.put("a", b"")


@pytest.mark.parametrize("key", NO_KEYS)
async def test_what_is_no_key_is_refused(blobs: Blobs, key: str):
    for verb in (
        lambda: blobs.put(key, b""),
        lambda: blobs.put_once(key, b""),
        lambda: blobs.get(key),
        lambda: blobs.delete(key),
    ):
        with pytest.raises(ValueError, match="key"):
            await verb()


@pytest.mark.parametrize("prefix", ["/", "../", "a/../", "A", "a//b"])
async def test_what_no_key_begins_with_is_refused(blobs: Blobs, prefix: str):
    with pytest.raises(ValueError, match="prefix"):
        await blobs.keys(prefix)
