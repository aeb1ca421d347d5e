"""Before a resource with an external store goes, its rounds are erased there; within a minute."""

from datetime import UTC, timedelta

import pytest

from reconciled import START, around, body, stored
from rounds_on_kubernetes import EXTERNAL_MODELS, EXTERNAL_REDIS
from tiny_cluster import TinyCluster
from virtual_loop import run
from xaynet_operator.children import Children
from xaynet_operator.erasing import FINALIZER, keep_finalizer, leave, left_behind
from xaynet_operator.memory import Memory
from xaynet_operator.owned import Component, labels
from xaynet_operator.resource import FederatedRound

WHERE = "/apis/xaynet.dev/v1alpha1/namespaces/learning/federatedrounds/digits"
JOB = "/apis/batch/v1/namespaces/learning/jobs/digits-erase"
OUTSIDE = {"redis": EXTERNAL_REDIS, "models": EXTERNAL_MODELS}


def at(moment):
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


class Leaving:
    """A resource that was deleted so many seconds ago, on a tiny cluster."""

    def __init__(self, seconds=0.0, finalizers=(FINALIZER,), spec=OUTSIDE):
        self.cluster, self.children = TinyCluster(), Children()
        deleted = at(START - timedelta(seconds=seconds))
        marks = {"deletionTimestamp": deleted, "finalizers": [*finalizers]}
        made = stored(self.cluster, body(spec=spec, **marks))
        self.cr = FederatedRound.read(made)

    async def leave(self):
        await leave(self.cr, around(self.cluster, self.children), Memory())

    def see_job(self, outcome=None):
        ended = [{"type": outcome, "status": "True"}] if outcome else []
        self.see("Job", Component.ERASE, status={"conditions": ended})

    def see(self, kind, component, **more):
        owner = {"kind": "FederatedRound", "name": "digits", "uid": self.cr.metadata.uid}
        metadata = {
            "name": f"digits-{component}",
            "namespace": "learning",
            "uid": f"{kind}-{component}",
            "resourceVersion": "1",
            "labels": labels("digits", component),
            "ownerReferences": [{**owner, "controller": True}],
        }
        self.children.see({"kind": kind, "metadata": metadata, **more})

    @property
    def finalizers(self):
        return self.cluster.objects[WHERE]["metadata"]["finalizers"]

    @property
    def events(self):
        return [one["reason"] for path, one in self.cluster.objects.items() if "/events/" in path]


def test_first_the_job_that_erases_is_made_and_the_coordinator_goes():
    async def scenario():
        leaving = Leaving()
        leaving.see("Deployment", Component.COORDINATOR)
        await leaving.leave()
        assert JOB in leaving.cluster.objects
        (deleted,) = leaving.cluster.asked("DELETE")
        assert deleted[2].endswith("/deployments/digits-coordinator")
        assert leaving.finalizers == [FINALIZER]

    run(scenario())


@pytest.mark.parametrize(("outcome", "told"), [("Complete", []), ("Failed", ["ErasureIncomplete"])])
def test_when_the_job_has_ended_the_resource_may_go(outcome, told):
    async def scenario():
        leaving = Leaving(finalizers=("theirs", FINALIZER))
        leaving.see_job(outcome)
        await leaving.leave()
        assert leaving.finalizers == ["theirs"]
        assert leaving.events == told

    run(scenario())


@pytest.mark.parametrize(("seconds", "goes"), [(59, False), (61, True)])
def test_after_a_minute_it_goes_in_any_case_and_what_is_left_is_told(seconds, goes):
    async def scenario():
        leaving = Leaving(seconds)
        leaving.see_job()
        await leaving.leave()
        assert leaving.finalizers == ([] if goes else [FINALIZER])
        assert leaving.events == (["ErasureIncomplete"] if goes else [])

    run(scenario())


def test_without_the_finalizer_nothing_is_done():
    async def scenario():
        leaving = Leaving(finalizers=())
        await leaving.leave()
        assert leaving.cluster.requests == []

    run(scenario())


@pytest.mark.parametrize(
    ("spec", "has", "wanted"),
    [
        (OUTSIDE, [], True),
        ({"redis": EXTERNAL_REDIS}, [], True),
        ({}, [], False),
        ({}, ["theirs", FINALIZER], False),
        (OUTSIDE, [FINALIZER], True),
    ],
)
def test_the_finalizer_is_there_while_a_store_is_external(spec, has, wanted):
    async def scenario():
        cluster = TinyCluster()
        cr = FederatedRound.read(stored(cluster, body(spec=spec, finalizers=has)))
        await keep_finalizer(cr, cluster)
        kept = cluster.objects[WHERE]["metadata"]["finalizers"]
        assert (FINALIZER in kept) is wanted
        assert [one for one in kept if one != FINALIZER] == has[:1] * ("theirs" in has)
        assert len(cluster.asked("PATCH")) == ((FINALIZER in has) is not wanted)

    run(scenario())


def test_what_may_be_left_is_named_where_it_lies():
    cr = FederatedRound.read(body(spec=OUTSIDE, uid="u-1"))
    assert left_behind(cr) == (
        "not all could be erased; what may be left: keys {u-1}:* in the Redis of Secret "
        "redis-elsewhere and objects u-1/* in bucket digits-rounds"
    )
