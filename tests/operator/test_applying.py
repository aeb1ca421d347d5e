"""An object is applied when it is not what it shall be, and else left in peace."""

import pytest

from reconciled import body
from tiny_cluster import TinyCluster
from virtual_loop import run
from xaynet_operator.applying import apply, apply_all
from xaynet_operator.cluster import ClusterRefused
from xaynet_operator.facts import ObjectKey, Problem, key_of
from xaynet_operator.manifests.kinds import CONFIG_MAP, JOB
from xaynet_operator.manifests.objects import owned_object
from xaynet_operator.memory import Memory
from xaynet_operator.owned import Component
from xaynet_operator.resource import FederatedRound

CR = FederatedRound.read(body())
EARLIER = FederatedRound.read(body(uid="uid-of-before"))
WANTED = owned_object(CR, CONFIG_MAP, Component.REDIS, data={"a": "1"})
WHERE = "/api/v1/namespaces/learning/configmaps/digits-redis"


class Applied:
    """One object on a tiny cluster, as it is seen there."""

    def __init__(self):
        self.cluster, self.memory = TinyCluster(), Memory()

    async def apply(self, manifest=WANTED, seen=True):
        """How many writes that took, and what was found to be wrong."""
        live = self.cluster.objects.get(WHERE) if seen else None
        before = len(self.cluster.asked("PATCH"))
        outcome = await apply(CR, manifest, live, self.cluster, self.memory)
        problem = outcome.reason if isinstance(outcome, Problem) else None
        return len(self.cluster.asked("PATCH")) - before, problem


def test_it_is_applied_once_and_again_when_either_side_changes():
    async def scenario():
        one = Applied()
        assert await one.apply() == (1, None)
        assert await one.apply() == (0, None)
        one.cluster.do("PATCH", WHERE, {"metadata": {}, "data": {"a": "2"}})
        assert await one.apply() == (1, None)
        assert one.cluster.objects[WHERE]["data"] == {"a": "1"}
        assert await one.apply({**WANTED, "data": {"a": "3"}}) == (1, None)
        del one.cluster.objects[WHERE]
        assert await one.apply() == (1, None)

    run(scenario())


@pytest.mark.parametrize("seen", [True, False], ids=["seen", "not seen yet"])
@pytest.mark.parametrize(
    ("there", "problem"),
    [
        ({"metadata": {"name": "digits-redis"}}, "NameTaken"),
        (owned_object(EARLIER, CONFIG_MAP, Component.REDIS), None),
    ],
    ids=["somebody else's", "of an earlier resource"],
)
def test_what_is_not_ours_is_not_touched(there, problem, seen):
    async def scenario():
        one = Applied()
        one.cluster.do("POST", WHERE.rpartition("/")[0], {"kind": "ConfigMap", **there})
        before = dict(one.cluster.objects[WHERE])
        assert await one.apply(seen=seen) == (0, problem)
        assert one.cluster.objects[WHERE] == before

    run(scenario())


def test_a_job_that_is_there_is_left_as_it_is():
    async def scenario():
        cluster, memory = TinyCluster(), Memory()
        job = owned_object(CR, JOB, Component.ERASE, spec={"backoffLimit": 1})
        await apply(CR, job, None, cluster, memory)
        (live,) = cluster.objects.values()
        await apply(CR, {**job, "spec": {"backoffLimit": 2}}, live, cluster, memory)
        assert len(cluster.asked("PATCH")) == 1

    run(scenario())


def test_what_is_refused_keeps_nothing_else_from_being_applied():
    async def scenario():
        cluster, memory = TinyCluster(), Memory()
        other = owned_object(CR, CONFIG_MAP, Component.COORDINATOR)

        def refuse(method, path):
            redis = method == "PATCH" and path == WHERE
            return ClusterRefused(403, "Forbidden", "exceeded quota") if redis else None

        cluster.fault = refuse
        _, (problem,) = await apply_all(CR, [WANTED, other], {}, cluster, memory)
        assert problem.key == ObjectKey("ConfigMap", "digits-redis")
        assert (problem.reason, problem.message) == ("Forbidden", "exceeded quota")
        assert {*memory.applied} == {key_of(other)}

    run(scenario())


def test_an_object_is_known_as_it_was_applied_before_a_watch_tells_of_it():
    async def scenario():
        cluster, memory = TinyCluster(), Memory()
        first, _ = await apply_all(CR, [WANTED], {}, cluster, memory)
        edited = {**WANTED, "data": {"a": "2"}}
        for _ in range(2):  # also at the next visit, if the watch is that late
            second, _ = await apply_all(CR, [edited], first, cluster, memory)
            assert second == {key_of(WANTED): cluster.objects[WHERE]}
            assert second[key_of(WANTED)]["data"] == {"a": "2"}

    run(scenario())
