"""Listening to a coordinator, for as long as it has an address."""

import asyncio
from collections.abc import Callable

from xaynet_operator.coordinator_client import CoordinatorClient, CoordinatorUnreachable
from xaynet_operator.memory import Memory

BREATH = 1.0  # seconds between two answers, however fast updates come


async def follow(client: CoordinatorClient, memory: Memory, wake: Callable[[], None]) -> None:
    """Remember what the coordinator tells, and wake whoever looks after its resource when that
    has changed. Goes on until it is cancelled."""
    revision: int | None = None
    while True:
        try:
            state = await client.state(revision)
        except CoordinatorUnreachable as error:
            revision, silent = None, memory.unreachable is not None
            memory.unreachable = str(error)
            news = not silent
        else:
            news = state != memory.state or memory.unreachable is not None
            memory.state, memory.unreachable, revision = state, None, state.revision
        if news:
            wake()
        await asyncio.sleep(BREATH)
