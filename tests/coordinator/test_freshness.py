"""Many requests share a read of the head, but only one that began after each of them."""

import asyncio

from xaynet_coordinator.freshness import Freshness
from xaynet_coordinator.store import Caps, Head


class CountingLedger:
    """Answers a read with the number of reads begun so far, when the test lets it."""

    def __init__(self) -> None:
        self.begun = 0
        self.go = asyncio.Event()

    async def head(self) -> Head:
        self.begun += 1
        mine = self.begun
        await self.go.wait()
        return Head(term=mine, epoch=0, state=None, elapsed=0, paused=False, caps=Caps())


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_requests_that_come_during_a_read_share_the_next_one():
    ledger = CountingLedger()
    freshness = Freshness(ledger)
    first = asyncio.create_task(freshness.head())
    await settle()
    later = [asyncio.create_task(freshness.head()) for _ in range(100)]
    await settle()
    assert ledger.begun == 1
    ledger.go.set()
    assert (await first).term == 1
    assert {head.term for head in await asyncio.gather(*later)} == {2}


async def test_a_request_that_is_given_up_does_not_take_the_read_from_the_others():
    ledger = CountingLedger()
    freshness = Freshness(ledger)
    given_up, other = (asyncio.create_task(freshness.head()) for _ in range(2))
    await settle()
    given_up.cancel()
    ledger.go.set()
    assert (await other).term == 1
    assert (await freshness.head()).term == 2
