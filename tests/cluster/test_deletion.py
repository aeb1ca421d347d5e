"""A resource that is deleted goes with all that it owned, whoever is there to help."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from guests import NOWHERE, guest, url_of_redis
from installing import scale
from mending import DELETE, left_of, wait_until_well
from node.interface import Cluster
from node.waiting import wait_until
from one_round import Round
from served import Served
from spaces import new_namespace
from xaynet_operator.owned import Component

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]
GONE_WITHIN = 60.0
REDIS, MINIO, COORDINATOR = Component.REDIS, Component.MINIO, Component.COORDINATOR
PATCH = '[{"op":"remove","path":"/metadata/finalizers"}]'  # as docs/operations.md says it


@contextmanager
def without_operator(cluster: Cluster) -> Iterator[None]:
    scale(cluster, 0)
    try:
        yield
    finally:
        scale(cluster, 1)


def goes(service: Served, began: float, kept: tuple[str, ...] = ()) -> None:
    """The resource and what it owned are gone a minute after it was deleted."""

    def gone() -> bool:
        found = service.cluster.try_kubectl(
            "get", "federatedround", service.name, f"--namespace={service.namespace}"
        )
        return "NotFound" in found.stderr and left_of(service) == list(kept)

    wait_until(gone, began + GONE_WITHIN - time.monotonic(), f"the end of {service.name}")


def delete(service: Served, *options: str) -> float:
    """Delete it; when that was."""
    began = time.monotonic()
    service.kubectl("delete", "federatedround", service.name, "--wait=false", *options)
    return began


def trained(service: Served) -> str:
    """The name of the model of its first round."""
    round = Round(service)
    round.to_sum2()
    round.post(round.mask_bodies())
    round.ends_with_the_exact_mean()
    return service.state()["latestModel"]["id"]


def test_models_are_retained_and_found_again_by_a_resource_of_the_same_name(
    operator: Cluster, namespace: str
) -> None:
    with Served(operator, namespace, "again") as service:
        wait_until_well(service)
        model = trained(service)
        bytes_of_model = service.kept_model(model)
        uid = service.body()["metadata"]["uid"]
        claim = service.owned("pvc", MINIO)
        assert claim is not None
        goes(service, delete(service), kept=("persistentvolumeclaim/again-minio",))

        service.apply()
        wait_until_well(service)
        assert service.body()["metadata"]["uid"] != uid
        adopted = service.owned("pvc", MINIO)
        assert adopted is not None
        assert adopted["metadata"]["uid"] == claim["metadata"]["uid"]
        assert service.kept_model(model) == bytes_of_model


def test_applied_again_at_once_it_waits_for_nobody(operator: Cluster, namespace: str) -> None:
    with Served(operator, namespace, "hasty", models=DELETE) as service:
        wait_until_well(service)
        first = service.body()["metadata"]["uid"]
        service.delete()
        service.apply()
        wait_until_well(service)
        assert service.body()["metadata"]["uid"] != first
        assert trained(service)


def test_nothing_is_left_where_models_are_to_be_deleted_in_the_foreground_too(
    operator: Cluster, namespace: str
) -> None:
    with Served(operator, namespace, "brief", models=DELETE) as service:
        wait_until_well(service)
        goes(service, delete(service, "--cascade=foreground"))


def test_without_an_operator_everything_goes_all_the_same(
    operator: Cluster, namespace: str
) -> None:
    with (
        new_namespace(operator) as second,
        Served(operator, namespace, "orphan", models=DELETE) as service,
        Served(operator, second, "orphan", models=DELETE) as other,
    ):
        wait_until_well(service)
        wait_until_well(other)
        with without_operator(operator):
            began = delete(service)
            operator.kubectl("delete", "namespace", second, "--timeout=60s", timeout=70)
            goes(service, began)


def test_with_an_operator_a_namespace_goes_with_its_services(operator: Cluster) -> None:
    with new_namespace(operator) as namespace, Served(operator, namespace, "inmate") as service:
        wait_until_well(service)
        operator.kubectl("delete", "namespace", namespace, "--timeout=60s", timeout=70)


# External stores


@pytest.fixture(scope="module")
def host(operator: Cluster) -> Iterator[Served]:
    with new_namespace(operator) as namespace, Served(operator, namespace, "host") as service:
        wait_until_well(service, seconds=120)
        yield service


def in_flight(service: Served) -> str:
    """Its uid, once a round of it has left something in both stores."""
    service.wait_for_condition("Ready")
    round = Round(service)
    round.to_update()
    round.post(round.update_bodies()[:1])
    return service.body()["metadata"]["uid"]


def stored(host: Served, service: Served, uid: str) -> list[str]:
    """What there is of a service in the stores of another one, but for its models."""
    keys = [key.decode("latin-1") for key in host.redis().scan_iter(f"*{uid}*")]
    blobs = host.minio().list_objects(f"{service.name}-models-rounds", recursive=True)
    return [*keys, *(one.object_name or "" for one in blobs)]


def test_external_stores_are_erased_first_and_left_behind_if_they_do_not_answer(
    host: Served,
) -> None:
    with (
        guest(host, "visitor") as service,
        guest(host, "lost", url_of_redis(host, at=NOWHERE)) as lost,
    ):
        lost.wait_for_condition("Ready", "False", "RedisUnreachable")
        uid = in_flight(service)
        assert stored(host, service, uid)
        with ThreadPoolExecutor() as both:
            ends = [both.submit(service.delete), both.submit(lost.delete, timeout=120)]
            began = time.monotonic()
            ends[0].result()
            assert time.monotonic() - began < GONE_WITHIN
            assert stored(host, service, uid) == []
            ends[1].result()
            assert time.monotonic() - began < GONE_WITHIN + 15
        (told,) = [one for one in lost.events() if one["reason"] == "ErasureIncomplete"]
        assert told["type"] == "Warning"
        assert "in the Redis of Secret lost-redis-url" in told["message"]
        assert "in bucket lost-models-rounds" in told["message"]


def test_without_an_operator_the_finalizer_of_an_external_store_is_taken_off_by_hand(
    host: Served,
) -> None:
    with guest(host, "stuck") as service:
        uid = in_flight(service)
        assert service.body()["metadata"]["finalizers"] == ["xaynet.dev/erase"]
        with without_operator(host.cluster):
            service.delete(wait=False)
            assert "deletionTimestamp" in service.body()["metadata"]
            began = time.monotonic()
            service.kubectl("patch", "fr", service.name, "--type=json", f"--patch={PATCH}")
            goes(service, began)
            assert stored(host, service, uid), "the recipe says that it stays"
