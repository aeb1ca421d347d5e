"""The lead among operators: taken when it is free, kept by renewing, given up in time."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from tiny_cluster import TinyCluster
from virtual_loop import now, run
from xaynet_operator.cluster import ClusterRefused, ClusterUnavailable
from xaynet_operator.lease import Clocks, LeadLost, Lease, Terms

WHERE = "/apis/coordination.k8s.io/v1/namespaces/xaynet-system/leases/operator"
START = datetime(2026, 11, 23, tzinfo=UTC)
TERMS = Terms()


def today():
    return START + timedelta(seconds=now())


def candidate(cluster, identity="a"):
    return Lease(cluster, "xaynet-system", "operator", identity, Clocks(now, today))


def holder(cluster):
    return cluster.objects[WHERE]["spec"]["holderIdentity"]


def unavailable(*_):
    return ClusterUnavailable("away")


async def seconds_to_take(lease):
    began = now()
    await lease.take()
    return now() - began


def test_what_nobody_holds_is_taken_at_once():
    async def scenario():
        cluster = TinyCluster()
        assert await seconds_to_take(candidate(cluster)) == 0
        assert holder(cluster) == "a"
        assert cluster.objects[WHERE]["spec"]["leaseTransitions"] == 1

    run(scenario())


def test_a_lease_that_was_made_by_hand_and_says_nothing_is_taken():
    async def scenario():
        cluster = TinyCluster()
        metadata = {"name": "operator", "namespace": "xaynet-system"}
        cluster.do("POST", WHERE.rpartition("/")[0], {"metadata": metadata})
        assert await seconds_to_take(candidate(cluster)) == 0
        assert holder(cluster) == "a"

    run(scenario())


def test_what_a_dead_holder_has_left_is_taken_after_its_whole_duration():
    async def scenario():
        cluster = TinyCluster()
        await candidate(cluster, "dead").take()
        seconds = await seconds_to_take(candidate(cluster, "b"))
        assert TERMS.duration < seconds <= TERMS.duration + 2 * TERMS.retry
        assert cluster.objects[WHERE]["spec"]["leaseTransitions"] == 2

    run(scenario())


def test_who_comes_back_under_the_same_name_goes_on_at_once():
    async def scenario():
        cluster = TinyCluster()
        await candidate(cluster).take()
        assert await seconds_to_take(candidate(cluster)) == 0
        assert cluster.objects[WHERE]["spec"]["leaseTransitions"] == 1

    run(scenario())


def test_while_the_holder_renews_nobody_else_takes_it():
    async def scenario():
        cluster = TinyCluster()
        first, second = candidate(cluster, "a"), candidate(cluster, "b")
        await first.take()
        keeping = asyncio.create_task(first.keep())
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3600):
                await second.take()
        keeping.cancel()

    run(scenario())


def test_what_is_released_is_taken_at_the_next_try():
    async def scenario():
        cluster = TinyCluster()
        first = candidate(cluster, "a")
        await first.take()
        taking = asyncio.create_task(seconds_to_take(candidate(cluster, "b")))
        await asyncio.sleep(1)
        await first.release()
        assert await taking <= TERMS.retry

    run(scenario())


def test_a_release_that_crosses_a_renewal_is_done_again():
    async def scenario():
        cluster = TinyCluster()
        lease = candidate(cluster)
        await lease.take()

        def renew_in_between(method, path):
            if method == "PUT" and len(cluster.asked("PUT")) == 1:
                late = cluster.objects[WHERE] | {
                    "metadata": dict(cluster.objects[WHERE]["metadata"])
                }
                cluster.do("PUT", WHERE, late)

        cluster.fault = renew_in_between
        await lease.release()
        assert holder(cluster) == ""
        assert len(cluster.asked("PUT")) == 2

    run(scenario())


def test_only_the_holder_releases():
    async def scenario():
        cluster = TinyCluster()
        await candidate(cluster, "a").take()
        await candidate(cluster, "b").release()
        assert holder(cluster) == "a"

    run(scenario())


@pytest.mark.parametrize("answers", ["refused", "hangs"])
def test_a_holder_that_cannot_renew_gives_up_before_anybody_may_take_over(answers):
    async def scenario():
        cluster = TinyCluster()
        lease = candidate(cluster)
        await lease.take()
        began = now()
        if answers == "refused":
            cluster.fault = unavailable
        else:
            cluster.delay = lambda: 60.0
        with pytest.raises(LeadLost, match="renewed in time"):
            await lease.keep()
        assert now() - began == pytest.approx(TERMS.renew_within)

    run(scenario())
    assert TERMS.renew_within + 3 < TERMS.duration


def test_an_outage_that_is_shorter_than_that_is_survived():
    async def scenario():
        cluster = TinyCluster()
        lease = candidate(cluster)
        await lease.take()
        keeping = asyncio.create_task(lease.keep())
        for _ in range(20):
            cluster.fault = unavailable
            await asyncio.sleep(TERMS.renew_within - 2 * TERMS.retry - 0.1)
            cluster.fault = lambda *_: None
            await asyncio.sleep(TERMS.retry + 0.1)
        assert not keeping.done()
        keeping.cancel()

    run(scenario())


def test_a_holder_that_finds_another_name_in_it_says_whose():
    async def scenario():
        cluster = TinyCluster()
        lease = candidate(cluster)
        await lease.take()
        cluster.objects[WHERE]["spec"]["holderIdentity"] = "usurper"
        with pytest.raises(LeadLost, match="usurper has taken the lease"):
            await lease.keep()

    run(scenario())


def test_a_lease_that_somebody_removes_stays_with_its_holder():
    async def scenario():
        cluster = TinyCluster()
        first, second = candidate(cluster, "a"), candidate(cluster, "b")
        await first.take()
        keeping = asyncio.create_task(first.keep())
        taking = asyncio.create_task(second.take())
        await asyncio.sleep(5.5)  # right before the second one asks
        del cluster.objects[WHERE]
        await asyncio.sleep(30)
        assert holder(cluster) == "a"
        assert not keeping.done()
        assert not taking.done()
        keeping.cancel()
        taking.cancel()

    run(scenario())


def test_a_lead_that_took_too_long_to_be_confirmed_is_confirmed_again():
    async def scenario():
        cluster = TinyCluster()
        delays = iter([5.0, 5.0])
        cluster.delay = lambda: next(delays, 0.0)
        assert await seconds_to_take(candidate(cluster)) == 10 + TERMS.retry
        assert len(cluster.asked("PUT")) == 1

    run(scenario())


def test_a_refusal_for_good_is_no_reason_to_end_while_waiting():
    async def scenario():
        cluster = TinyCluster()
        cluster.fault = lambda *_: ClusterRefused(403, "Forbidden", "no right to leases")
        taking = asyncio.create_task(seconds_to_take(candidate(cluster)))
        await asyncio.sleep(61)
        cluster.fault = lambda *_: None
        assert await taking == 62

    run(scenario())
