"""The cluster in memory that fast tests use answers as a real API server does."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from kubernetes.aio.client import ApiClient, Configuration
from kubernetes.aio.config import load_kube_config

from rounds_on_kubernetes import PET
from tiny_cluster import TinyCluster
from xaynet_operator.cluster import Cluster, ClusterRefused, path
from xaynet_operator.lease import LEASE
from xaynet_operator.manifests.kinds import CONFIG_MAP
from xaynet_operator.telling import FEDERATED_ROUND

pytestmark = pytest.mark.apiserver

BACKENDS = ("tiny", "real")


@pytest.fixture(params=BACKENDS)
async def cluster(request, api) -> AsyncIterator[Cluster]:
    if request.param == "tiny":
        yield TinyCluster()
        return
    configuration = Configuration()
    await load_kube_config(str(api.kubeconfig), client_configuration=configuration)
    async with ApiClient(configuration) as client:
        yield Cluster(client)


def config_map(namespace, **more):
    metadata = {"name": "a", "namespace": namespace, **more.pop("metadata", {})}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, **more}


async def refused(asked):
    with pytest.raises(ClusterRefused) as refusal:
        await asked
    return refusal.value.status


async def test_what_is_not_there_is_none_and_cannot_be_replaced(cluster, namespace):
    assert await cluster.get(CONFIG_MAP, namespace, "a") is None
    assert await refused(cluster.replace(CONFIG_MAP, config_map(namespace))) == 404
    assert await refused(cluster.merge(CONFIG_MAP, namespace, "a", {"metadata": {}}, "m")) == 404
    await cluster.delete(CONFIG_MAP, namespace, "a", "nobody")


async def test_of_two_who_make_it_one_does(cluster, namespace):
    made = [cluster.create(CONFIG_MAP, config_map(namespace), "m") for _ in range(2)]
    first, second = await asyncio.gather(*made, return_exceptions=True)
    errors = [one for one in (first, second) if isinstance(one, ClusterRefused)]
    assert [error.status for error in errors] == [409]


async def test_what_has_changed_since_it_was_read_is_not_replaced(cluster, namespace):
    await cluster.create(LEASE, lease(namespace), "m")
    first = await cluster.get(LEASE, namespace, "a")
    second = await cluster.get(LEASE, namespace, "a")
    await cluster.replace(LEASE, {**first, "spec": {"holderIdentity": "first"}})
    late = {**second, "spec": {"holderIdentity": "second"}}
    assert await refused(cluster.replace(LEASE, late)) == 409
    found = await cluster.get(LEASE, namespace, "a")
    assert found["spec"]["holderIdentity"] == "first"
    assert int(found["metadata"]["resourceVersion"]) > int(first["metadata"]["resourceVersion"])


def lease(namespace):
    kind = {"apiVersion": LEASE.api_version, "kind": LEASE.kind}
    return {**kind, "metadata": {"name": "a", "namespace": namespace}, "spec": {}}


async def test_applying_the_same_again_writes_nothing(cluster, namespace):
    document = config_map(namespace, data={"a": "1"})
    first = await cluster.apply(CONFIG_MAP, document, "m")
    second = await cluster.apply(CONFIG_MAP, document, "m")
    third = await cluster.apply(CONFIG_MAP, config_map(namespace, data={"a": "2"}), "m")
    versions = [one["metadata"]["resourceVersion"] for one in (first, second, third)]
    assert versions[0] == versions[1] != versions[2]
    assert len({one["metadata"]["uid"] for one in (first, second, third)}) == 1


@pytest.mark.parametrize(("field", "status"), [("uid", 422), ("resourceVersion", 409)])
async def test_a_patch_for_another_one_is_refused(cluster, namespace, field, status):
    await cluster.create(CONFIG_MAP, config_map(namespace), "m")
    patch = {"metadata": {field: "1"}, "data": {"a": "1"}}
    assert await refused(cluster.merge(CONFIG_MAP, namespace, "a", patch, "m")) == status


async def test_one_of_another_uid_is_not_deleted(cluster, namespace):
    made = await cluster.create(CONFIG_MAP, config_map(namespace), "m")
    await cluster.delete(CONFIG_MAP, namespace, "a", "another")
    assert await cluster.get(CONFIG_MAP, namespace, "a") is not None
    await cluster.delete(CONFIG_MAP, namespace, "a", made["metadata"]["uid"])
    assert await cluster.get(CONFIG_MAP, namespace, "a") is None


async def test_the_status_of_an_earlier_resource_is_not_written_into_a_later_one(
    cluster, namespace
):
    kind = {"apiVersion": FEDERATED_ROUND.api_version, "kind": FEDERATED_ROUND.kind}
    who = {"name": "digits", "namespace": namespace}
    document = {**kind, "metadata": who, "spec": {"pet": PET}}
    before = await cluster.create(FEDERATED_ROUND, document, "m")
    await cluster.delete(FEDERATED_ROUND, namespace, "digits", before["metadata"]["uid"])
    await cluster.create(FEDERATED_ROUND, document, "m")
    version = before["metadata"]["resourceVersion"]
    late = {**kind, "metadata": {**who, "resourceVersion": version}, "status": {"state": "Ended"}}
    applied = cluster.apply(FEDERATED_ROUND, late, "m", subresource="status")
    assert await refused(applied) == 409
    found = await cluster.all(FEDERATED_ROUND, namespace)
    assert [one.get("status") for one in found] == [None]
    assert path(FEDERATED_ROUND, namespace).endswith(f"{namespace}/federatedrounds")
