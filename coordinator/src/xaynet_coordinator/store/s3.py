"""Blobs in a bucket of any S3 server: PUT, GET, DELETE and LIST of whole objects, nothing more.

Every object is written by a single PUT, which S3 makes visible whole or not at all. A write-once
object is that with ``If-None-Match: *``: answered 412 where the key is taken.
"""

import re
import secrets
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, TypeVar
from urllib.parse import urlsplit
from xml.etree.ElementTree import ParseError

import urllib3
from minio import Minio
from minio.error import MinioException, S3Error
from urllib3.exceptions import HTTPError

from xaynet_coordinator.store import Reason, StoreUnavailable
from xaynet_coordinator.store.names import check_key, check_prefix
from xaynet_coordinator.store.reasons import s3_unavailable
from xaynet_coordinator.store.threads import Threads

T = TypeVar("T")

_ENDPOINT = re.compile(r"https?://[^/?#@]+/?")
_LEAST_PART = 5 << 20  # bytes; the client refuses a smaller part size
_TRIES = 5  # of a PUT that meets another one
_THREADS = 8
_TAKEN = 412  # there is an object under the key
# A write met another write or a delete nearby; MinIO says 403 when its folder is just going away.
_MET = (403, 409)


@dataclass(frozen=True, slots=True)
class Bucket:
    """Where the blobs lie, and as whom to get there. ``prefix`` stands in front of every key."""

    endpoint: str  # http[s]://host[:port]
    name: str
    access_key: str
    secret_key: str = field(repr=False)
    region: str = "us-east-1"
    prefix: str = ""


class S3Blobs:
    """``Blobs`` in a bucket, which ``open`` makes if it is not there."""

    def __init__(self, bucket: Bucket, *, timeout: float = 30.0) -> None:
        """``timeout`` in seconds bounds each wait for the server; connecting has 5 at most.

        Raises ``ValueError`` for an endpoint or a prefix that is none.
        """
        self._bucket = bucket
        self._prefix = check_prefix(bucket.prefix)
        self._threads = Threads(_THREADS, "s3")
        # A write-once PUT is never sent twice: the second would be refused because of the first.
        self._pools = (
            urllib3.PoolManager(**_pool_options(timeout, repeats=1)),
            _WriteOnce(**_pool_options(timeout, repeats=0)),
        )
        self._client, self._once = (_client(bucket, pool) for pool in self._pools)

    async def open(self) -> None:
        """Make the bucket if it is not there, and see that it takes objects, and some only once.

        A server that overlooks ``If-None-Match`` is refused: the freeze of a round stands on it.
        """
        self._threads.start()
        try:
            await self._run(self._make_bucket)
            await self._try_out(f"probe/{secrets.token_hex(8)}")
        except BaseException:
            self._threads.stop()
            raise

    async def attach(self) -> bool:
        self._threads.start()
        return await self._run(self._can_be_listed)

    async def close(self) -> None:
        """Take no more work, and close the idle connections."""
        self._threads.stop()
        for pool in self._pools:
            pool.clear()

    async def put(self, key: str, data: bytes) -> None:
        name = self._name(key)
        await self._run(lambda: self._put(self._client, name, data))

    async def put_once(self, key: str, data: bytes) -> bool:
        name = self._name(key)
        return await self._run(lambda: self._put_once(name, data))

    async def get(self, key: str) -> bytes | None:
        name = self._name(key)
        return await self._run(lambda: _get(self._client, self._bucket.name, name))

    async def keys(self, prefix: str) -> list[str]:
        start = self._prefix + check_prefix(prefix)
        return await self._run(lambda: self._keys(start))

    async def delete(self, key: str) -> None:
        name = self._name(key)
        await self._run(lambda: self._client.remove_object(self._bucket.name, name))

    def _name(self, key: str) -> str:
        return self._prefix + check_key(key)

    async def _run(self, work: Callable[[], T]) -> T:
        with _failures(self._bucket):
            return await self._threads.run(work)

    def _make_bucket(self) -> None:
        if self._is_there():
            return
        try:
            self._client.make_bucket(self._bucket.name)
        except S3Error:  # servers differ in what they answer when somebody else was faster
            if not self._client.bucket_exists(self._bucket.name):
                raise

    def _is_there(self) -> bool:
        try:
            return self._client.bucket_exists(self._bucket.name)
        except S3Error:
            self._keys(self._prefix)  # a HEAD is refused without a word, this one says why
            raise

    def _can_be_listed(self) -> bool:
        """Whether the bucket is there: by a GET, for a HEAD is also answered 404 to strangers."""
        try:
            self._keys(self._prefix)
        except S3Error as error:
            if error.code != "NoSuchBucket":
                raise
            return False
        return True

    async def _try_out(self, key: str) -> None:
        try:
            if not await self.put_once(key, b"") or await self.put_once(key, b""):
                raise StoreUnavailable(
                    f"{self._bucket.endpoint} overlooks If-None-Match, so nothing in bucket "
                    f"{self._bucket.name} can be written once only",
                    Reason.S3_REFUSES,
                )
        finally:
            await self.delete(key)

    def _put(self, client: Minio, name: str, data: bytes) -> None:
        """One PUT, however long the data, again when it met another write or delete nearby."""
        whole = max(len(data), _LEAST_PART)
        for left in reversed(range(_TRIES)):
            content = BytesIO(data)
            try:
                client.put_object(self._bucket.name, name, content, len(data), part_size=whole)
            except S3Error as error:
                if error.response.status not in _MET or not left:
                    raise
            else:
                return

    def _put_once(self, name: str, data: bytes) -> bool:
        try:
            self._put(self._once, name, data)
        except S3Error as error:
            if error.response.status != _TAKEN:
                raise
            return False
        return True

    def _keys(self, start: str) -> list[str]:
        found = self._client.list_objects(self._bucket.name, prefix=start, recursive=True)
        names = (each.object_name for each in found if not each.is_dir)
        return sorted(name.removeprefix(self._prefix) for name in names if name)


class S3Object:
    """One object of a bucket that others write, under any key."""

    def __init__(self, bucket: Bucket, key: str, *, timeout: float = 30.0) -> None:
        """The same as for ``S3Blobs``; the bucket's prefix does not count."""
        self._bucket = bucket
        self._key = key
        self._timeout = timeout

    async def read(self, limit: int) -> bytes | None:
        """Its first bytes, one more than ``limit`` at most; None if there is no such object."""
        bucket, threads = self._bucket, Threads(1, "s3-object")
        pool = urllib3.PoolManager(**_pool_options(self._timeout, repeats=1))
        client = _client(bucket, pool)
        threads.start()
        try:
            with _failures(bucket):
                return await threads.run(lambda: _get(client, bucket.name, self._key, limit + 1))
        finally:
            threads.stop()
            pool.clear()


class _WriteOnce(urllib3.PoolManager):
    """Puts the condition on every request, for which the client has no argument."""

    def urlopen(self, method: str, url: str, redirect: bool = True, **kw: Any) -> Any:
        headers = urllib3.HTTPHeaderDict(kw.pop("headers", None) or {})
        headers["If-None-Match"] = "*"
        return super().urlopen(method, url, redirect, headers=headers, **kw)


@contextmanager
def _failures(bucket: Bucket) -> Generator[None]:
    """Say which bucket, and what it answered."""
    try:
        yield
    except (MinioException, HTTPError, ParseError, OSError) as error:
        raise s3_unavailable(f"bucket {bucket.name} at {bucket.endpoint}", error) from error


def _get(client: Minio, bucket: str, name: str, most: int | None = None) -> bytes | None:
    """The object, or its first bytes; None if it is not there."""
    try:
        response = client.get_object(bucket, name)
    except S3Error as error:
        if error.code == "NoSuchKey":
            return None
        raise
    try:
        return response.read(most)
    finally:
        response.close()
        response.release_conn()


def _client(bucket: Bucket, pool: urllib3.PoolManager) -> Minio:
    endpoint = urlsplit(bucket.endpoint)
    if not _ENDPOINT.fullmatch(bucket.endpoint):
        raise ValueError("the endpoint of S3 has to be http[s]://host[:port]")
    return Minio(
        endpoint.netloc,
        bucket.access_key,
        bucket.secret_key,
        secure=endpoint.scheme == "https",
        region=bucket.region,
        http_client=pool,
    )


def _pool_options(timeout: float, repeats: int) -> dict[str, Any]:
    """Connecting may be tried again, for nothing was sent; what was sent, ``repeats`` times."""
    return {
        "maxsize": _THREADS,
        "timeout": urllib3.Timeout(connect=min(timeout, 5.0), read=timeout),
        "retries": urllib3.Retry(2, connect=2, read=repeats, redirect=0, status=0, other=0),
    }
