"""However slowly requests travel, whatever gets lost, no two candidates ever lead at a time."""

import asyncio
import random
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from tiny_cluster import TinyCluster
from virtual_loop import now, run
from xaynet_operator.cluster import REQUEST_SECONDS, ClusterUnavailable
from xaynet_operator.lease import Clocks, LeadLost, Lease

START = datetime(2026, 11, 23, tzinfo=UTC)
SECONDS = 600


def today():
    return START + timedelta(seconds=now())


class BadNetwork(TinyCluster):
    """Requests and answers travel for seconds; some are lost, each way; some come late, after
    their sender has given up or has died."""

    def __init__(self, chance):
        super().__init__()
        self.chance, self.away = chance, False

    async def _ask(self, *request, **options):
        asked = asyncio.create_task(self.travel(request, options))
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                return await asyncio.shield(asked)
        except TimeoutError:
            raise ClusterUnavailable("no answer") from None
        finally:
            asked.add_done_callback(lambda task: task.cancelled() or task.exception())

    async def travel(self, request, options):
        await asyncio.sleep(self.seconds())
        if self.away or self.chance.random() < 0.1:
            await asyncio.sleep(3600)
        answer = await super()._ask(*request, **options)
        if self.chance.random() < 0.1:
            await asyncio.sleep(3600)
        await asyncio.sleep(self.seconds())
        return answer

    def seconds(self):
        return self.chance.choice([0.01, 0.01, 0.01, 0.5, 2.0, 6.0])


class Replica:
    """Leads whenever it can; killed now and then; starts anew after each end."""

    def __init__(self, network, name, leading):
        self.network, self.name, self.leading = network, name, leading
        self.chance = network.chance
        self.pace = self.chance.uniform(0.98, 1.02)  # no two clocks run alike

    async def live(self):
        while True:
            work = asyncio.create_task(self.lead())
            await asyncio.wait([work], timeout=self.chance.choice([5, 30, 300]))
            work.cancel()
            with suppress(LeadLost, asyncio.CancelledError):
                await work
            await asyncio.sleep(self.chance.uniform(0, 5))

    async def lead(self):
        clocks = Clocks(lambda: now() * self.pace, today)
        lease = Lease(self.network, "system", "operator", self.name, clocks)
        await lease.take()
        self.leading.begin(self.name)
        try:
            await lease.keep()
        finally:
            self.leading.end(self.name)
            if self.chance.random() < 0.5:
                with suppress(ClusterUnavailable, TimeoutError):
                    async with asyncio.timeout(3):
                        await lease.release()


class Leading:
    """Who leads, and how often that has begun."""

    def __init__(self):
        self.now, self.begun = set(), 0

    def begin(self, name):
        assert not self.now, f"{name} leads, and {self.now} too"
        self.now.add(name)
        self.begun += 1

    def end(self, name):
        self.now.discard(name)


@pytest.mark.parametrize("seed", range(40))
def test_there_is_never_more_than_one_and_again_and_again_there_is_one(seed):
    async def scenario():
        network, leading = BadNetwork(random.Random(seed)), Leading()
        replicas = [asyncio.create_task(Replica(network, name, leading).live()) for name in "abc"]
        async with asyncio.timeout(SECONDS + 1):
            for _ in range(SECONDS // 50):
                await asyncio.sleep(50)
                network.away = network.chance.random() < 0.2
        for replica in replicas:
            assert not replica.done(), replica.exception()
            replica.cancel()
        return leading.begun

    assert run(scenario()) > 0


def test_where_nothing_goes_wrong_the_first_one_leads_for_ever():
    class GoodNetwork(BadNetwork):
        async def travel(self, request, options):
            await asyncio.sleep(0.01)
            return await TinyCluster._ask(self, *request, **options)

    async def scenario():
        network, leading = GoodNetwork(random.Random(0)), Leading()
        replicas = [Replica(network, name, leading) for name in "abc"]
        tasks = [asyncio.create_task(replica.lead()) for replica in replicas]
        await asyncio.sleep(3600)
        assert leading.begun == 1
        for task in tasks:
            task.cancel()

    run(scenario())
