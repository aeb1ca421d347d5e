"""All resources that are looked after, each by its caretaker, while this replica leads."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog

from xaynet_operator.caretaker import Caretaker, ResourceKey
from xaynet_operator.cluster import is_older
from xaynet_operator.documents import in_force
from xaynet_operator.surroundings import Surroundings

log = structlog.get_logger()


@dataclass(slots=True)
class Household:
    """What is known of the resources, whoever leads; and who looks after them once we do."""

    around: Surroundings
    bodies: dict[ResourceKey, dict[str, Any]] = field(
        default_factory=dict[ResourceKey, dict[str, Any]]
    )
    caretakers: dict[ResourceKey, Caretaker] = field(default_factory=dict[ResourceKey, Caretaker])
    tasks: dict[ResourceKey, asyncio.Task[None]] = field(
        default_factory=dict[ResourceKey, asyncio.Task[None]]
    )
    leads: bool = False

    def see(self, body: dict[str, Any]) -> None:
        """A resource is there, or has changed."""
        key = key_of_body(body)
        before = self.bodies.get(key)
        if (
            before is not None
            and uid_of(before) != uid_of(body)
            and is_older(version_of(body), version_of(before))
        ):
            return  # the last words of one whose name has been taken by another
        self.bodies[key] = body
        if not self.leads:
            return
        caretaker = self.caretakers.get(key)
        if caretaker is None or uid_of(caretaker.body) != uid_of(body):
            self.begin(key)
            return
        caretaker.body = body
        if before is None or asks(before) != asks(body):
            caretaker.woken.set()

    def miss(self, body: dict[str, Any]) -> None:
        """A resource is gone."""
        key = key_of_body(body)
        known = self.bodies.get(key)
        if known is not None and uid_of(known) == uid_of(body):
            del self.bodies[key]
            self.end(key)

    def wake(self, namespace: str, name: str) -> None:
        """Something that belongs to a resource has changed."""
        caretaker = self.caretakers.get(ResourceKey(namespace, name))
        if caretaker is not None:
            caretaker.woken.set()

    def lead(self) -> None:
        """From now on this replica acts."""
        self.leads = True
        for key in self.bodies:
            self.begin(key)

    async def close(self) -> None:
        """Act no more."""
        self.leads = False
        tasks = list(self.tasks.values())
        for key in list(self.tasks):
            self.end(key)
        await asyncio.gather(*tasks, return_exceptions=True)

    def begin(self, key: ResourceKey) -> None:
        """A caretaker who knows nothing yet."""
        self.end(key)
        caretaker = Caretaker(self.bodies[key], self.around)
        self.caretakers[key] = caretaker
        self.tasks[key] = asyncio.create_task(self.care(key, caretaker))

    def end(self, key: ResourceKey) -> None:
        """Nobody looks after a resource any more."""
        self.caretakers.pop(key, None)
        if (task := self.tasks.pop(key, None)) is not None:
            task.cancel()

    async def care(self, key: ResourceKey, caretaker: Caretaker) -> None:
        """Let a caretaker work, under the name of the resource in the log."""
        with structlog.contextvars.bound_contextvars(namespace=key.namespace, round=key.name):
            await caretaker.run()


def key_of_body(body: Mapping[str, Any]) -> ResourceKey:
    """Which resource a body is of."""
    return ResourceKey(body["metadata"]["namespace"], body["metadata"]["name"])


def uid_of(body: Mapping[str, Any]) -> str:
    """What tells resources of the same name apart."""
    return body["metadata"]["uid"]


def version_of(body: Mapping[str, Any]) -> str:
    """Which write a body comes from."""
    return body["metadata"].get("resourceVersion", "")


def asks(body: Mapping[str, Any]) -> tuple[Any, ...]:
    """What of a resource is worth a visit when it changes. Its status is ours and is not, but for
    the end that is recorded there: only then may go what was kept until it was."""
    metadata, is_over = body["metadata"], in_force(dict(body), "Terminated") is not None
    kept = ("generation", "deletionTimestamp", "finalizers")
    return (*(metadata.get(name) for name in kept), is_over)
