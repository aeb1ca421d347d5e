"""Values that are drawn once: a version that changes with the content, and nothing else."""

import base64

import pytest

from reconciled import body, stored
from tiny_cluster import TinyCluster
from virtual_loop import run
from xaynet_operator.cluster import ClusterRefused
from xaynet_operator.facts import Stage
from xaynet_operator.memory import Memory
from xaynet_operator.resource import FederatedRound
from xaynet_operator.secrets_kept import SecretKeeper, version

SECRETS = "/api/v1/namespaces/learning/secrets"


def secret(*writes, uid="u", **metadata):
    fields = [
        {
            "manager": f"m{number}",
            "time": time,
            "fieldsV1": {"f:data": {f"f:{name}": {} for name in names}},
        }
        for number, (time, names) in enumerate(writes)
    ]
    labels = {"manager": "l", "time": "9999", "fieldsV1": {"f:metadata": {}}}
    return {"metadata": {"uid": uid, "managedFields": [*fields, labels], **metadata}}


FIRST = version(secret(("2026-11-23T20:00:00Z", ["a", "b"])))


def test_what_is_not_content_does_not_change_the_version():
    same = secret(("2026-11-23T20:00:00Z", ["a", "b"]), resourceVersion="7", labels={"a": "b"})
    assert version(same) == FIRST


@pytest.mark.parametrize(
    "other",
    [
        secret(("2026-11-23T20:00:00Z", ["a", "b"]), uid="another"),
        secret(("2026-11-23T20:00:00Z", ["a"]), ("2026-11-23T20:00:01Z", ["b"])),
        secret(("2026-11-23T20:00:00Z", ["a"])),
        secret(("2026-11-23T20:00:00Z", ["a", "b"]), ("2026-11-23T20:00:00Z", ["c"])),
        secret(("2026-11-23T20:00:00Z", ["a"]), ("2026-11-23T20:00:00Z", ["b"])),
        secret(),
    ],
    ids=[
        "made anew",
        "written again",
        "an entry is gone",
        "an entry in the same second",
        "by somebody else in the same second",
        "empty",
    ],
)
def test_what_is_content_does(other):
    assert version(other) != FIRST


def test_what_was_applied_as_text_is_content_too():
    def applied(time):
        fields = {"manager": "kubectl", "time": time, "fieldsV1": {"f:stringData": {"f:url": {}}}}
        return version({"metadata": {"uid": "u", "managedFields": [fields]}})

    assert applied("2026-11-23T20:00:00Z") != applied("2026-11-23T20:00:01Z")


class Kept:
    """The Secrets of a resource on a tiny cluster; what is drawn are numbers that grow."""

    def __init__(self):
        self.cluster, self.memory, self.drawn = TinyCluster(), Memory(), 0
        self.cr = FederatedRound.read(stored(self.cluster, body()))
        self.keeper = SecretKeeper(self.cluster, self.draw)

    def draw(self, size):
        self.drawn += 1
        return self.drawn.to_bytes(size, "big")

    async def complete(self):
        found = {one["metadata"]["name"]: one for one in await self.keeper.found(self.cr)}
        await self.keeper.complete(self.cr, Stage.SERVING, found, self.memory)

    def values(self):
        objects = self.cluster.objects.items()
        return {key: dict(one["data"]) for key, one in objects if key.startswith(SECRETS)}


def test_values_are_drawn_once_and_looked_at_no_more():
    async def scenario():
        kept = Kept()
        await kept.complete()
        before = kept.values()
        assert len(before) == 4
        token = base64.b64decode(before[f"{SECRETS}/digits-control"]["token"]).decode()
        assert kept.memory.token == token
        asked = len(kept.cluster.requests)
        await kept.complete()
        assert kept.values() == before
        assert len(kept.cluster.requests) == asked + 1, "only the list without what is in them"

    run(scenario())


def test_an_operator_that_remembers_nothing_finds_the_same_values():
    async def scenario():
        kept = Kept()
        await kept.complete()
        before, token = kept.values(), kept.memory.token
        kept.memory = Memory()
        await kept.complete()
        assert kept.values() == before
        assert kept.memory.token == token

    run(scenario())


def test_what_somebody_else_has_written_meanwhile_is_not_written_over():
    async def scenario():
        kept = Kept()
        await kept.complete()
        where = f"{SECRETS}/digits-control"
        uid = kept.cr.metadata.uid
        owner = {"kind": "FederatedRound", "name": "digits", "uid": uid, "controller": True}
        kept.cluster.objects[where]["metadata"]["ownerReferences"] = [owner]
        kept.cluster.objects[where]["data"] = {}
        kept.memory = Memory()

        def rotate(method, path):
            if method == "PATCH":
                kept.cluster.do("PATCH", where, {"metadata": {}, "data": {"token": "dGhlaXJz"}})

        kept.cluster.fault = rotate
        await kept.complete()
        assert kept.values()[where] == {"token": "dGhlaXJz"}
        kept.cluster.fault = lambda method, path: None
        await kept.complete()
        assert kept.memory.token == "theirs"

    run(scenario())


def test_one_that_is_refused_keeps_nobody_from_the_others():
    async def scenario():
        kept = Kept()

        def refuse(method, path):
            if method == "POST" and len(kept.cluster.asked("POST")) == 1:
                return ClusterRefused(403, "Forbidden", "exceeded quota")
            return None

        kept.cluster.fault = refuse
        await kept.complete()
        assert len(kept.values()) == 3
        kept.cluster.fault = lambda method, path: None
        await kept.complete()
        assert len(kept.values()) == 4

    run(scenario())
