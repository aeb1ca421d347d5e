"""A coordinator in the test's own process: real stores, real machine, virtual time."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from prometheus_client import CollectorRegistry

from federation import Participant, drawn, read_params, read_seeds, read_sums
from virtual_clock import VirtualClock
from xaynet_coordinator.front import Front
from xaynet_coordinator.metrics import Metrics
from xaynet_coordinator.record import Phase
from xaynet_coordinator.settings import Settings
from xaynet_coordinator.wiring import ChooseStores, choose_stores, running
from xaynet_pet import Message, RoundParameters, Tag

T = TypeVar("T")

PET = {
    "model": {"length": 4},
    "mask": {
        "group_type": "Prime",
        "data_type": "F32",
        "bound_type": "B0",
        "model_type": "M3",
    },
    "sum": {"prob": 0.4, "count": {"min": 1, "max": 10}, "time": {"min": 5, "max": 3600}},
    "update": {"prob": 0.9, "count": {"min": 3, "max": 100}, "time": {"min": 10, "max": 3600}},
    "sum2": {"count": {"min": 1, "max": 10}, "time": {"min": 5, "max": 3600}},
}

MODELS = [
    ([0.5, -0.25, 1.0, 0.125], 1.0),
    ([-1.0, 0.75, 0.0, 0.3], 0.5),
    ([0.1, 0.2, 0.3, 2.0], 0.25),
]


def settings_in(folder: Path, **sections: object) -> Settings:
    """Settings of an embedded coordinator; sections given replace the usual ones."""
    return Settings.model_validate({"data": {"directory": folder}, "pet": PET} | sections)


class Service:
    """What a test does with a coordinator."""

    def __init__(self, front: Front, clock: VirtualClock, leading: asyncio.Task[None]) -> None:
        self.front = front
        self.machine = front.machine
        self.clock = clock
        self.leading = leading

    async def until(self, condition: Callable[[], bool]) -> None:
        """Let time pass, as fast as the machine can use it, until something is so."""
        async with asyncio.timeout(30):
            while not condition():
                if self.leading.done():
                    self.leading.result()
                await asyncio.sleep(0.001)
                self.clock.skip()

    async def until_gone(self, prefix: str) -> None:
        """Until there are no blobs below a prefix."""
        async with asyncio.timeout(30):
            while await self.machine.around.blobs.keys(prefix):
                self.clock.skip()

    async def reach(self, phase: Phase, round_id: int | None = None) -> None:
        """Until the board shows a phase (of a round), and its seeds where it has any."""
        await self.until(lambda: self._shows(phase, round_id))

    def _shows(self, phase: Phase, round_id: int | None) -> bool:
        board = self.machine.board
        if round_id is not None and self.machine.record.round_id != round_id:
            return False
        return board.phase is phase and (phase is not Phase.SUM2 or board.seeds_open)

    async def params(self) -> RoundParameters:
        return read_params(await self.front.params())

    async def sums(self) -> dict[bytes, bytes]:
        body = await self.front.sums()
        assert body is not None, "no sum dictionary is published"
        return read_sums(body)

    async def seeds(self, participant: Participant) -> dict[bytes, bytes]:
        body = await self.front.seeds(participant.pk)
        assert body is not None, "no seeds are published"
        return read_seeds(body)

    async def send_to_the_end(self, participant: Participant, message: Message) -> str:
        """Post the same bytes until the outcome is final, as participants do."""
        body = participant.sealed(message)
        while not (outcome := await self.meanwhile(self.front.submit(body))).is_final:
            self.clock.skip()
        return outcome.header

    async def meanwhile(self, asked: Coroutine[object, object, T]) -> T:
        """What somebody answers, while time passes."""
        task = asyncio.create_task(asked)
        await self.until(task.done)
        return task.result()

    async def send(self, participant: Participant, message: Message) -> str:
        """Post a message; the outcome as the header says it."""
        return (await self.front.submit(participant.sealed(message))).header

    async def sum_phase(self, many: int = 2) -> list[Participant]:
        """Reach Sum and have so many sum participants accepted."""
        await self.reach(Phase.SUM)
        params = await self.params()
        participants = drawn(params, Tag.SUM, many)
        for one in participants:
            assert await self.send(one, one.sum(params)) == "accepted"
        return participants

    async def update_phase(self, models: list[tuple[list[float], float]]) -> list[Participant]:
        """Reach Update and have one update accepted for each model and scalar."""
        await self.reach(Phase.UPDATE)
        params, sums = await self.params(), await self.sums()
        participants = drawn(params, Tag.UPDATE, len(models))
        for one, (weights, scalar) in zip(participants, models, strict=True):
            assert await self.send(one, one.update(params, sums, weights, scalar)) == "accepted"
        return participants

    async def sum2_phase(self, participants: list[Participant]) -> None:
        """Reach Sum2 and have everyone's mask accepted."""
        await self.reach(Phase.SUM2)
        params = await self.params()
        for one in participants:
            assert await self.send(one, one.sum2(params, await self.seeds(one))) == "accepted"


@asynccontextmanager
async def service(
    settings: Settings, choose: ChooseStores = choose_stores
) -> AsyncIterator[Service]:
    """A coordinator that runs until the end of the block."""
    clock = VirtualClock()
    async with running(settings, clock, os.urandom, Metrics(CollectorRegistry()), choose) as (
        front,
        leading,
    ):
        yield Service(front, clock, leading)
