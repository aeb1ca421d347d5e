"""What the HTTP layer talks to, with values where the coordinator would be."""

import asyncio
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry

from xaynet_coordinator.board import PublishedModel
from xaynet_coordinator.changes import PutResult, PutStatus
from xaynet_coordinator.front import Unavailable
from xaynet_coordinator.metrics import Metrics
from xaynet_coordinator.outcomes import Outcome, rejected

PARAMS = bytes(range(136))


class WatchedMetrics(Metrics):
    """Metrics that can be waited for."""

    def __init__(self):
        self.registry = CollectorRegistry()
        super().__init__(self.registry)
        self.changed = asyncio.Event()
        self.held = 0
        self.open = 0
        self.ended = []

    def inflight(self, held):
        super().inflight(held)
        self.held = held
        self.tell()

    def connections(self, port, count):
        super().connections(port, count)
        self.open = count
        self.tell()

    def connection_ended(self, port, reason):
        super().connection_ended(port, reason)
        self.ended.append(reason)
        self.tell()

    def tell(self):
        self.changed.set()
        self.changed = asyncio.Event()

    async def until(self, condition):
        while not condition():
            await self.changed.wait()

    def value(self, name, **labels):
        return self.registry.get_sample_value(name, labels)


@dataclass
class StandInFront:
    """The signature of ``Front``; what it answers is set by the test."""

    outcome: Outcome = field(default_factory=lambda: rejected("decrypt"))
    params_body: bytes = PARAMS
    sums_body: bytes | None = None
    seeds_of: dict[bytes, bytes] = field(default_factory=dict)
    published: PublishedModel | None = None
    outage: Unavailable | None = None
    alive: bool = True
    put_result: PutResult = field(default_factory=lambda: PutResult(PutStatus.STORED, 1))
    observed: dict = field(default_factory=lambda: {"revision": 7, "phase": "Sum"})
    metrics: WatchedMetrics = field(default_factory=WatchedMetrics)
    bodies: list[bytes] = field(default_factory=list)
    refused: list[Outcome] = field(default_factory=list)
    documents: list[object] = field(default_factory=list)
    polls: list[tuple[int | None, float]] = field(default_factory=list)
    polling: asyncio.Event = field(default_factory=asyncio.Event)
    open_gate: asyncio.Event = field(default_factory=asyncio.Event)
    hold: bool = False  # submissions wait for open_gate
    held: asyncio.Event = field(default_factory=asyncio.Event)
    error: Exception | None = None

    async def submit(self, body):
        self.bodies.append(body)
        if self.error is not None:
            raise self.error
        if self.hold:
            self.held.set()
            await self.open_gate.wait()
        return self.outcome

    def refuse(self, outcome):
        self.refused.append(outcome)

    def reachable(self):
        if self.outage is not None:
            raise self.outage

    async def params(self):
        self.reachable()
        return self.params_body

    async def sums(self):
        self.reachable()
        return self.sums_body

    async def seeds(self, participant):
        self.reachable()
        return self.seeds_of.get(participant)

    def model(self):
        return self.published

    def healthy(self):
        return self.alive

    def ready(self):
        return self.alive

    async def put_desired(self, document):
        self.reachable()
        self.documents.append(document)
        return self.put_result

    async def state(self, after, seconds):
        self.reachable()
        self.polls.append((after, seconds))
        if after == self.observed["revision"]:
            self.polling.set()
            try:
                async with asyncio.timeout(seconds):
                    await self.open_gate.wait()
            except TimeoutError:
                pass
        return self.observed
