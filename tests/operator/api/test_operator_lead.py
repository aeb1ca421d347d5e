"""Two operators on a real API server: one acts, and when it ends, however it ends, the other."""

import time

import pytest

from on_api_server import Resource
from operators import LEASE, Operator, holder
from xaynet_operator.cluster import path
from xaynet_operator.manifests.kinds import CONFIG_MAP

pytestmark = pytest.mark.apiserver

LEASES = LEASE.rpartition("/")[0]
TAKEN_OVER = 20  # seconds
LOST = "the lease could not be renewed in time"


@pytest.fixture
def two(rights, launch, tmp_path, api):
    """The one that leads, and the one that waits."""
    first = launch(Operator(tmp_path / "a", rights, "a"))
    wait_for_holder(api, "a")
    return first, launch(Operator(tmp_path / "b", rights, "b"))


def wait_for_holder(api, name, seconds=TAKEN_OVER):
    """How many seconds it took."""
    began = time.monotonic()
    for _, lease in api.watched(LEASES, seconds):
        if lease["spec"].get("holderIdentity") == name:
            return time.monotonic() - began
    raise AssertionError(f"{name} does not lead after {seconds} s, but {holder(api)}")


def test_only_the_holder_acts(two, api, namespace):
    Resource(api, namespace).create().wait_until_made()
    acted = [bool(one.logged("applied")) for one in two]
    assert acted == [True, False]


def test_when_the_holder_is_killed_the_other_one_acts(two, api, namespace):
    resource = Resource(api, namespace).create()
    resource.wait_until_made()
    first, second = two
    began = time.monotonic()
    first.kill()
    before = resource.remove("ConfigMap/digits-redis")["metadata"]["uid"]
    left = TAKEN_OVER - (time.monotonic() - began)
    resource.wait_for_object(
        "ConfigMap/digits-redis", lambda one: one["metadata"]["uid"] != before, left
    )
    assert holder(api) == "b"
    assert second.logged("lead_taken")


def test_when_the_holder_is_told_to_end_the_other_one_acts_at_once(two, api, namespace):
    resource = Resource(api, namespace).create()
    resource.wait_until_made()
    first, _ = two
    began = time.monotonic()
    first.stop(timeout=30)
    ended = time.monotonic() - began
    assert wait_for_holder(api, "b", 5) < 3
    assert ended < 3
    assert not first.logged("lease_not_released")


def test_a_holder_that_was_frozen_acts_no_more_when_it_wakes_up(two, api, namespace):
    resource = Resource(api, namespace).create()
    resource.wait_until_made()
    first, second = two
    first.freeze()
    wait_for_holder(api, "b")
    resource.edit(rounds=7)
    resource.wait_until(lambda body: body["status"]["observedGeneration"] == 2)
    before, applied = resource.versions(), len(first.logged("applied"))
    first.thaw()
    list(api.watched(LEASES, 5))
    assert [one["detail"] for one in first.logged("lead_lost")] == [LOST]
    assert len(first.logged("applied")) == applied
    assert resource.versions() == before
    assert holder(api) == "b"
    second.stop()
    assert wait_for_holder(api, "a", 5) < 3


def test_whoever_waits_has_seen_everything_when_its_turn_comes(two, api, namespace):
    """It makes nothing anew, and says nothing twice."""
    resource = Resource(api, namespace).create()
    resource.wait_until_made()
    first, _ = two
    objects, events = resource.owned(), resource.events()
    first.stop(timeout=30)
    wait_for_holder(api, "b")
    resource.patch({"metadata": {"labels": {"a": "b"}}})
    resource.edit(rounds=5)
    resource.wait_until(lambda body: body["status"]["observedGeneration"] == 2)
    after = resource.owned()
    changed = {key for key, one in objects.items() if after[key] != one}
    assert changed <= {"PersistentVolumeClaim/digits-minio", "PersistentVolumeClaim/digits-redis"}
    told = [one["metadata"]["name"] for one in resource.events()]
    assert [one["metadata"]["name"] for one in events] == told[: len(events)]
    assert len({one["note"] for one in resource.events()}) == len(told)


def test_without_a_right_to_the_lease_nothing_is_done(api, namespace, launch, tmp_path):
    """The lease of another namespace, to which the account has no right."""
    account = {"metadata": {"name": "stranger"}}
    api.ask("POST", f"/api/v1/namespaces/{namespace}/serviceaccounts", account)
    kubeconfig = api.kubeconfig_of(namespace, "stranger")
    stranger = launch(
        Operator(tmp_path, kubeconfig, "stranger", system=namespace, namespaces=namespace)
    )
    resource = Resource(api, namespace).create()
    list(api.watched(path(CONFIG_MAP, namespace), 3))
    assert stranger.logged("lease_refused")
    assert resource.owned() == {}
