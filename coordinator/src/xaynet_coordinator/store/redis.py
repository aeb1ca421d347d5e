"""The ledger of a cluster: Redis, one script per verb that writes.

    {uid}:head                   hash: layout, term, epoch, state, elapsed, paused, cap:<tag>
    {uid}:desired                hash: generation, document
    {uid}:sums                   hash: sum participant -> ephemeral pk
    {uid}:receipts:<tag>         hash: participant -> receipt
    {uid}:seeds:<participant>    hash of one sum participant: update participant -> encrypted seed
    {uid}:pointers               hash: member -> "<updates> <digest in hex> <blob>"
    {uid}:votes                  hash: digest -> votes
    {uid}:collections            set: <tag>:<message id>:<participant>
    {uid}:chunks:<collection>    hash: chunk id -> data, bytes, last
    {uid}:chunk-bytes            hash: of:<participant> -> bytes, total

A tag is its name in lower case; participants and digests are the bytes themselves. The braces
are part of the keys: they make the uid the hash tag. The scripts are ``scripts/*.lua``. Only
commands that Redis 5 knew are used, so Debian's 7.0 serves, and Valkey.

Nothing is sent twice: after a lost connection nobody knows what became of a verb, and whoever
asked has to look.
"""

import re
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from importlib.resources import files
from typing import Any

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

from xaynet_coordinator.store import (
    CHUNK_OVERHEAD,
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
    UpdateCommit,
    Verdict,
)
from xaynet_coordinator.store.names import check_uid
from xaynet_coordinator.store.reasons import redis_unavailable
from xaynet_pet import Tag

Argument = bytes | str | int | float

_LAYOUT = 1
_TAGS = (Tag.SUM, Tag.UPDATE, Tag.SUM2)
_DAMAGE = re.compile(r"WRONGTYPE|attempt to|not an integer|not a valid")
_RISKS = {
    "appendonly": (b"yes", "keeps no append-only file, so a restart loses what was acknowledged"),
    "appendfsync": (b"always", "syncs its file late, so a crash loses what was acknowledged last"),
    "maxmemory-policy": (b"noeviction", "may evict what was acknowledged when memory is short"),
}


class RedisLedger:
    """A ``Ledger`` under one uid of a Redis server that it may share.

    ``warnings`` says after ``open`` how the server can lose acknowledged writes.
    """

    def __init__(self, url: str, uid: str, *, timeout: float = 5.0, connections: int = 16) -> None:
        """``timeout`` in seconds bounds connecting, every answer and the wait for a connection.

        Raises ``ValueError`` for a URL that is none; it does not repeat the URL's password.
        """
        self.warnings: Sequence[str] = ()
        self._prefix = f"{{{check_uid(uid)}}}:"
        self._pool = _pool(url, timeout, connections)
        self._redis: Any = Redis.from_pool(self._pool)  # its commands are typed too loosely
        self._scripts = {
            name: self._redis.register_script(script) for name, script in _scripts().items()
        }

    async def open(self) -> None:
        """See that the server answers, that its data is of our layout, and what it may lose."""
        await self._ask("PING")
        layout = await self._ask("HGET", self._key("head"), "layout")
        if layout not in (None, b"%d" % _LAYOUT):
            raise StoreCorrupt(f"{self._server()} has layout {layout!r}, this program {_LAYOUT}")
        self.warnings = await self._risks()

    async def close(self) -> None:
        """Close all connections."""
        await self._redis.aclose()

    async def take_term(self) -> Head:
        return self._head(_pairs(await self._run("take_term", _LAYOUT)))

    async def head(self) -> Head:
        return self._head(await self._ask("HGETALL", self._key("head")))

    async def advance(
        self, term: int, epoch: int, state: bytes, caps: Caps, *, erase: bool
    ) -> Head | None:
        arguments = (term, epoch, state, int(erase), caps.sum, caps.update, caps.sum2)
        fields = await self._run("advance", *arguments)
        return None if fields is None else self._head(_pairs(fields))

    async def keep_elapsed(self, term: int, epoch: int, elapsed: float) -> bool:
        return await self._run("keep_elapsed", term, epoch, elapsed) == 1

    async def put_desired(self, desired: Desired, caps: Caps, *, paused: bool) -> Desired:
        caps_ = (caps.sum, caps.update, caps.sum2)
        arguments = (desired.generation, desired.document, int(paused), *caps_)
        return self._desired(await self._run("put_desired", *arguments))

    async def desired(self) -> Desired | None:
        fields = await self._ask("HMGET", self._key("desired"), "generation", "document")
        return None if fields == [None, None] else self._desired(fields)

    async def add_sum_participant(
        self, epoch: int, participant: bytes, ephemeral: bytes, receipt: bytes
    ) -> Verdict:
        return self._verdict(
            await self._run("add_sum_participant", epoch, participant, ephemeral, receipt)
        )

    async def sums(self) -> dict[bytes, bytes]:
        return await self._ask("HGETALL", self._key("sums"))

    async def commit_updates(self, commit: UpdateCommit) -> Counts | Refused:
        answer, *numbers = await self._run("commit_updates", *_flat(commit))
        if answer == b"moved":
            raise PointerMoved(f"the pointer of member {commit.member} is not the expected one")
        verdict = self._verdict(answer)
        return Counts(*numbers) if verdict is Verdict.ACCEPTED else Refused(verdict, *numbers)

    async def pointers(self) -> dict[str, Pointer]:
        fields = await self._ask("HGETALL", self._key("pointers"))
        with self._reading("pointers"):
            return {member.decode(): _pointer(text) for member, text in fields.items()}

    async def participants(self, tag: Tag) -> set[bytes]:
        return set(await self._ask("HKEYS", self._receipts(tag)))

    async def receipt(self, tag: Tag, participant: bytes) -> bytes | None:
        return await self._ask("HGET", self._receipts(tag), participant)

    async def seeds(self, sum_participant: bytes) -> dict[bytes, bytes] | None:
        known, seeds = await self._ask_together(
            ("HEXISTS", self._key("sums"), sum_participant),
            ("HGETALL", self._key("seeds:").encode() + sum_participant),
        )
        return seeds if known else None

    async def add_mask(
        self, epoch: int, participant: bytes, digest: bytes, receipt: bytes
    ) -> Verdict:
        return self._verdict(await self._run("add_mask", epoch, participant, digest, receipt))

    async def votes(self) -> dict[bytes, int]:
        fields = await self._ask("HGETALL", self._key("votes"))
        with self._reading("votes"):
            return {digest: int(votes) for digest, votes in fields.items()}

    async def add_chunk(
        self,
        epoch: int,
        collection: Collection,
        chunk: tuple[int, bool, bytes],
        receipt: bytes,
        bounds: ChunkBounds,
    ) -> Stored | Verdict:
        chunk_id, is_last, data = chunk
        whose = (_name(collection.tag), collection.participant, receipt, _collection(collection))
        limits = (CHUNK_OVERHEAD, bounds.participant, bounds.total)
        answer, *stored = await self._run(
            "add_chunk", epoch, *whose, chunk_id, data, int(is_last), *limits
        )
        if answer != b"stored":
            return self._verdict(answer)
        number, last = stored
        with self._reading("chunks"):
            return Stored(number, None if last is None else int(last))

    async def chunks(self, collection: Collection) -> dict[int, bytes]:
        fields = await self._ask("HGETALL", self._key("chunks:").encode() + _collection(collection))
        return {int(name): data for name, data in fields.items() if name.isdigit()}

    async def drop_chunks(self, collection: Collection) -> None:
        await self._run("drop_chunks", collection.participant, _collection(collection))

    async def counts(self) -> Counts:
        numbers = await self._ask_together(*(("HLEN", self._receipts(tag)) for tag in _TAGS))
        return Counts(*numbers)

    async def forget(self) -> None:
        await self._run("forget")

    async def erase(self) -> None:
        await self._run("erase")

    async def _run(self, script: str, *arguments: Argument) -> Any:
        """The script's answer. A server that does not know it (any more) is told it again."""
        with self._failures():
            return await self._scripts[script](keys=[self._prefix], args=arguments)

    async def _ask(self, *command: Argument) -> Any:
        """The answer to one command."""
        with self._failures():
            return await self._redis.execute_command(*command)

    async def _ask_together(self, *commands: Sequence[Argument]) -> list[Any]:
        """The answers to several commands, as of one moment."""
        with self._failures():
            async with self._redis.pipeline(transaction=True) as pipeline:
                for command in commands:
                    pipeline.execute_command(*command)
                return await pipeline.execute()

    async def _risks(self) -> list[str]:
        warnings: list[str] = []
        for setting, (safe, risk) in _RISKS.items():
            value = await self._setting(setting)
            if value is None:
                warnings.append(
                    f"{self._server()} does not tell its {setting}: unknown if it {risk}"
                )
            elif value != safe:
                warnings.append(f"{self._server()} {risk} ({setting} is {value.decode()})")
        return warnings

    async def _setting(self, name: str) -> bytes | None:
        """A setting of the server, None where asking for it is forbidden."""
        with self._failures():
            try:
                answer = await self._redis.execute_command("CONFIG GET", name)
            except ResponseError:
                return None
        return next((str(value).encode() for value in answer.values()), None)

    @contextmanager
    def _failures(self) -> Generator[None]:
        """Tell what went wrong, without the causes, whose words may hold the password."""
        try:
            yield
        except RedisError as error:
            text = self._redacted(str(error))
            if isinstance(error, ResponseError) and _DAMAGE.search(text):
                raise StoreCorrupt(f"{self._server()}: {text}") from None
            raise redis_unavailable(self._server(), error, text) from None

    @contextmanager
    def _reading(self, what: str) -> Generator[None]:
        """Reads what only this program writes."""
        try:
            yield
        except (KeyError, TypeError, ValueError) as error:
            raise StoreCorrupt(f"{self._server()} holds unreadable {what}") from error

    def _redacted(self, text: str) -> str:
        password = self._pool.connection_kwargs.get("password")
        return text.replace(password, "***") if password else text

    def _server(self) -> str:
        at = self._pool.connection_kwargs
        return f"Redis at {at.get('path') or _address(at)}"

    def _key(self, name: str) -> str:
        return self._prefix + name

    def _receipts(self, tag: Tag) -> str:
        return self._key(f"receipts:{_name(tag)}")

    def _head(self, fields: dict[bytes, bytes]) -> Head:
        with self._reading("head"):
            return Head(
                term=int(fields.get(b"term", 0)),
                epoch=int(fields.get(b"epoch", 0)),
                state=fields.get(b"state"),
                elapsed=float(fields.get(b"elapsed", 0.0)),
                paused=bool(int(fields.get(b"paused", 0))),
                caps=Caps(*(int(fields.get(f"cap:{_name(tag)}".encode(), 0)) for tag in _TAGS)),
            )

    def _desired(self, fields: list[bytes]) -> Desired:
        with self._reading("desired"):
            generation, document = fields
            return Desired(int(generation), document)

    def _verdict(self, answer: bytes) -> Verdict:
        with self._reading("verdict"):
            return Verdict(answer.decode())


def _pool(url: str, timeout: float, connections: int) -> BlockingConnectionPool:
    try:
        pool = BlockingConnectionPool.from_url(  # pyright: ignore[reportUnknownMemberType]  # **kwargs
            url,
            max_connections=connections,
            timeout=timeout,
            socket_timeout=timeout,
            socket_connect_timeout=timeout,
            retry=Retry(NoBackoff(), 0),
            protocol=2,
            driver_info=None,  # CLIENT SETINFO is of Redis 7.2
        )
        pool.connection_class(**pool.connection_kwargs)  # refuses options that it does not know
    except (TypeError, ValueError):
        raise ValueError(
            "the URL of Redis has to be redis[s]://[[user]:password@]host[:port][/number] "
            "or unix://[[user]:password@]/path, special characters written as %XX"
        ) from None
    return pool


def _address(at: dict[str, Any]) -> str:
    return f"{at.get('host', 'localhost')}:{at.get('port', 6379)}"


def _scripts() -> dict[str, str]:
    """The scripts by name, each behind what they share."""
    texts = {
        file.name.removesuffix(".lua"): file.read_text()
        for file in files("xaynet_coordinator.store").joinpath("scripts").iterdir()
        if file.name.endswith(".lua")
    }
    shared = texts.pop("ledger")
    return {name: shared + text for name, text in texts.items()}


def _name(tag: Tag) -> str:
    return tag.name.lower()


def _collection(collection: Collection) -> bytes:
    return f"{_name(collection.tag)}:{collection.message_id}:".encode() + collection.participant


def _pairs(fields: list[bytes]) -> dict[bytes, bytes]:
    return dict(zip(fields[::2], fields[1::2], strict=True))


def _text(pointer: Pointer | None) -> str:
    """One spelling per pointer, so that the script can compare."""
    return f"{pointer.updates} {pointer.digest.hex()} {pointer.blob}" if pointer else ""


def _pointer(text: bytes) -> Pointer:
    updates, digest, blob = text.decode().split(" ")
    return Pointer(blob, bytes.fromhex(digest), int(updates))


def _flat(commit: UpdateCommit) -> list[Argument]:
    """The arguments of ``commit_updates.lua``."""
    arguments: list[Argument] = [
        commit.epoch,
        commit.member,
        _text(commit.expected),
        _text(commit.pointer),
    ]
    for update in commit.updates:
        arguments += (update.participant, update.receipt, len(update.seeds))
        for pair in update.seeds.items():
            arguments += pair
    return arguments
