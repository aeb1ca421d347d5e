"""What an operator does while its API server is away, and what it finds out afterwards."""

import json
import time
from http.client import HTTPConnection

import pytest

from api_server import ApiServer, EtcdServer
from on_api_server import Resource
from operators import Operator, holder, installed, knowing_rounds
from xaynet_operator.cluster import path
from xaynet_operator.telling import FEDERATED_ROUND

pytestmark = pytest.mark.apiserver


@pytest.fixture
def etcd(launch, tmp_path):
    return launch(EtcdServer(tmp_path / "etcd"))


@pytest.fixture
def server(launch, etcd, tmp_path):
    """An API server that may die."""
    return knowing_rounds(launch(ApiServer(tmp_path / "api", etcd.url)))


@pytest.fixture
def operator(launch, server, tmp_path):
    return launch(Operator(tmp_path / "operator", installed(server), "only"))


@pytest.fixture
def resource(server, operator):
    made = Resource(server, "learning").create()
    made.wait_until_made()
    return made


def test_after_a_short_outage_it_goes_on(server, operator, resource):
    server.restart()
    resource.edit(rounds=3)
    resource.wait_until(lambda body: body["status"]["observedGeneration"] == 2)
    before = resource.remove("Service/digits-redis")["metadata"]["uid"]
    resource.wait_for_object("Service/digits-redis", lambda one: one["metadata"]["uid"] != before)
    assert operator.is_running


def test_what_was_removed_while_nobody_could_be_told_comes_back(
    server, operator, resource, launch, etcd, tmp_path
):
    """Another API server on the same etcd serves, while the operator's own is away."""
    gone = Resource(server, "learning", "gone").create()
    gone.wait_until_made()
    server.kill()
    with ApiServer(tmp_path / "other", etcd.url) as other:
        elsewhere = Resource(other, "learning")
        before = elsewhere.remove("Service/digits-redis")["metadata"]["uid"]
        Resource(other, "learning", "gone").delete()
        # Nobody here removes what belonged to it.
        left = {*Resource(other, "learning", "gone").versions()} - {""}
    server.start()
    resource.wait_for_object(
        "Service/digits-redis", lambda one: one["metadata"]["uid"] != before, 30
    )
    wait_for_log(operator, "gone_unnoticed", object="digits-redis")
    wait_for_log(operator, "gone_unnoticed", object="gone")
    key = sorted(left)[0]
    resource_left = Resource(server, "learning", "gone")
    resource_left.remove(key)
    list(server.watched(path(FEDERATED_ROUND, "learning"), 12))
    assert key not in resource_left.owned()


def test_it_goes_on_though_etcd_has_forgotten_what_it_saw_last(server, operator, resource, etcd):
    operator.freeze()
    resource.edit(rounds=2)
    resource.edit(rounds=3)
    revision = resource.body()["metadata"]["resourceVersion"]
    compact(etcd, revision)
    server.restart()
    operator.thaw()
    resource.wait_until(lambda body: body["status"]["observedGeneration"] == 3, 40)


def test_without_credentials_it_ends_and_is_not_left_hanging(server, operator, resource):
    """Whoever restarts it gives it new ones."""
    (server.folder / "service-accounts.key").unlink()
    server.restart()
    assert operator.wait(60) != 0


def test_through_a_long_outage_it_stops_acting_and_begins_anew(server, operator, resource):
    server.kill()
    wait_for_log(operator, "lead_lost")
    server.start()
    resource.edit(rounds=3)
    resource.wait_until(lambda body: body["status"]["observedGeneration"] == 2)
    before = resource.remove("Service/digits-redis")["metadata"]["uid"]
    resource.wait_for_object("Service/digits-redis", lambda one: one["metadata"]["uid"] != before)
    assert holder(server) == "only"
    assert operator.is_running


def wait_for_log(operator, event, seconds=30, **of):
    deadline = time.monotonic() + seconds
    while not any(of.items() <= one.items() for one in operator.logged(event)):
        assert time.monotonic() < deadline, f"{event} was never logged"
        assert operator.is_running
        time.sleep(0.05)


def compact(etcd, revision):
    """Forget all earlier versions, as the API server does every few minutes."""
    document = json.dumps({"revision": int(revision), "physical": True})
    connection = HTTPConnection("127.0.0.1", etcd.port, timeout=10)
    connection.request("POST", "/v3/kv/compaction", document)
    assert connection.getresponse().status == 200
    connection.close()
