"""The Secrets that are drawn once for a resource and then kept.

‹base›-control   token         what the operator shows at the control API
‹base›-rounds    key           wraps the keys of the rounds
‹base›-redis     password      of the managed Redis; also as ``url`` and as ``auth.conf``
‹base›-minio     accesskey, secretkey

Manifests never carry these values. Whoever writes them draws what a Secret lacks, once.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from xaynet_operator.facts import Stage
from xaynet_operator.manifests.connections import REDIS_PORT, has_minio, has_redis
from xaynet_operator.manifests.objects import name_of
from xaynet_operator.owned import Component
from xaynet_operator.resource import FederatedRound

Random = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Drawn:
    """An entry of random bytes, written as hexadecimal text unless it is raw."""

    name: str
    size: int = 32
    raw: bool = False


@dataclass(frozen=True, slots=True)
class Made:
    """An entry made from the text of another one of the same Secret."""

    name: str
    source: str
    form: str


Entry = Drawn | Made


def entries_of(cr: FederatedRound, stage: Stage = Stage.SERVING) -> dict[str, tuple[Entry, ...]]:
    """The entries of each Secret that the resource has at a stage, by the Secret's name."""
    entries = {
        Component.CONTROL: (Drawn("token"),),
        Component.ROUNDS: (Drawn("key", raw=True),),
        Component.REDIS: redis_entries(name_of(cr, Component.REDIS)),
        Component.MINIO: (Drawn("accesskey", size=10), Drawn("secretkey", size=20)),
    }
    return {name_of(cr, one): entries[one] for one in components_with_secrets(cr, stage)}


def components_with_secrets(cr: FederatedRound, stage: Stage) -> tuple[Component, ...]:
    """The components that have a Secret at a stage."""
    there = {
        Component.CONTROL: stage is not Stage.ENDED,
        Component.ROUNDS: stage is not Stage.ENDED,
        Component.REDIS: has_redis(cr, stage),
        Component.MINIO: has_minio(cr, stage),
    }
    return tuple(component for component, is_there in there.items() if is_there)


def redis_entries(host: str) -> tuple[Entry, ...]:
    """The password of Redis, for the coordinator as a URL, for Redis as a part of its settings."""
    return (
        Drawn("password"),
        Made("url", "password", f"redis://:{{}}@{host}:{REDIS_PORT}/0"),
        Made("auth.conf", "password", "requirepass {}\n"),
    )


def draw(entry: Drawn, random: Random) -> bytes:
    """A new value; ``random`` gives that many random bytes."""
    value = random(entry.size)
    return value if entry.raw else value.hex().encode()


def missing(
    entries: Iterable[Entry], present: Mapping[str, bytes], random: Random
) -> dict[str, bytes]:
    """Values of the entries that a Secret lacks; an empty one is lacking.

    What is made from a newly drawn entry is made again.
    """
    entries = tuple(entries)
    drawn = {
        entry.name: draw(entry, random)
        for entry in entries
        if isinstance(entry, Drawn) and not present.get(entry.name)
    }
    values = {**present, **drawn}
    made = {
        entry.name: entry.form.format(values[entry.source].decode()).encode()
        for entry in entries
        if isinstance(entry, Made) and (entry.source in drawn or not present.get(entry.name))
    }
    return drawn | made
