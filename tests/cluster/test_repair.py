"""What belongs to a service and is deleted or changed by hand comes back, as it was wanted."""

import time
from collections.abc import Iterator

import pytest

from containers import kill
from mending import Kept, in_time, wait_until_well
from node.interface import Cluster
from node.manifests import manifest
from node.waiting import wait_until
from one_round import Round
from served import Served, Tree
from spaces import new_namespace
from xaynet_operator.owned import Component

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]
COORDINATOR, CONTROL, ROUNDS, REDIS, MINIO = (
    Component.COORDINATOR,
    Component.CONTROL,
    Component.ROUNDS,
    Component.REDIS,
    Component.MINIO,
)


class Flight:
    """A round that has one of its three updates while things happen to its service."""

    def __init__(self, service: Served) -> None:
        self.service = service
        self.round = Round(service)
        self.round.to_update()
        self.bodies = self.round.update_bodies()
        self.round.post(self.bodies[:1])

    def goes_on(self) -> None:
        """It is where it was, and participants are served."""
        wait_until_well(self.service)
        state = self.service.wait_for(lambda state: state["phase"] == "Update")
        assert state["round"]["id"] == 1
        assert state["round"]["messages"]["update"]["accepted"] == 1
        assert self.service.params() == self.round.params

    def ends_exactly(self) -> None:
        self.round.go_on_with(self.bodies[1:])


@pytest.fixture(scope="module")
def flight(operator: Cluster) -> Iterator[Flight]:
    with new_namespace(operator) as namespace, Served(operator, namespace, "mended") as service:
        wait_until_well(service, seconds=120)
        yield Flight(service)


@pytest.mark.parametrize(
    ("kind", "components"),
    [
        ("deployment", (COORDINATOR,)),
        ("statefulset", (REDIS, MINIO)),
        ("service", (COORDINATOR, CONTROL, REDIS, MINIO)),
        ("configmap", (COORDINATOR, REDIS)),
        ("poddisruptionbudget", (COORDINATOR, REDIS, MINIO)),
    ],
)
def test_what_is_deleted_is_back_within_15_s_and_the_round_in_flight_is_not_lost(
    flight: Flight, kind: str, components: tuple[Component, ...]
) -> None:
    before = [Kept(flight.service, kind, one) for one in components]
    began = time.monotonic()
    for one in before:
        one.delete()
    for one in before:
        in_time(began, one.is_back, str(one))
    flight.goes_on()


OTHER_IMAGE = [{"name": "coordinator", "image": "registry.example.org/x:1"}]
OTHER_PORT = [{"name": "http", "port": 80, "targetPort": "http"}]
DRIFTS: list[tuple[str, Component, Tree]] = [
    ("deployment", COORDINATOR, {"spec": {"replicas": 0}}),
    ("statefulset", MINIO, {"spec": {"template": {"spec": {"containers": OTHER_IMAGE}}}}),
    ("service", COORDINATOR, {"spec": {"ports": OTHER_PORT}}),
    ("service", REDIS, {"spec": {"selector": {"app.kubernetes.io/component": "x"}}}),
    ("configmap", COORDINATOR, {"data": {"config.toml": "log.filter = 'debug'"}}),
    ("poddisruptionbudget", REDIS, {"spec": {"maxUnavailable": 0}}),
    ("service", MINIO, {"metadata": {"labels": {"app.kubernetes.io/managed-by": None}}}),
    ("pvc", REDIS, {"metadata": {"labels": {"app.kubernetes.io/instance": "x"}}}),
    ("statefulset", REDIS, {"metadata": {"ownerReferences": None}}),
    ("secret", CONTROL, {"metadata": {"ownerReferences": None}}),
]


def test_what_is_changed_is_mended_within_15_s_and_the_round_in_flight_is_not_lost(
    flight: Flight,
) -> None:
    changed = [(Kept(flight.service, kind, one), patch) for kind, one, patch in DRIFTS]
    began = time.monotonic()
    for one, patch in changed:
        one.patch(patch)
    for one, _ in changed:
        in_time(began, one.is_mended, str(one))
    flight.goes_on()


@pytest.mark.parametrize("component", [CONTROL, REDIS, MINIO])
def test_a_secret_that_is_deleted_is_drawn_anew_and_the_pods_that_use_it_restart(
    flight: Flight, component: Component
) -> None:
    service = flight.service
    secret = Kept(service, "secret", component)
    values = service.secret(component)
    began = time.monotonic()
    secret.delete()
    in_time(began, secret.is_back, str(secret))
    renewed = service.secret(component)
    assert renewed.keys() == values.keys()
    assert not set(renewed.values()) & set(values.values())
    flight.goes_on()


def test_a_coordinator_that_is_killed_goes_on_with_its_round(flight: Flight) -> None:
    (pod,) = flight.service.pods(COORDINATOR)
    kill(pod)

    def restarted() -> bool:
        (state,) = flight.service.pods(COORDINATOR)[0]["status"]["containerStatuses"]
        return state["restartCount"] == 1 and state["ready"]

    wait_until(restarted, 30, "the coordinator restarted")
    flight.goes_on()


def test_the_round_in_flight_ends_exactly_after_all_of_that(flight: Flight) -> None:
    flight.goes_on()
    flight.ends_exactly()


def test_without_the_key_of_the_rounds_the_round_in_flight_fails_and_the_next_one_works(
    operator: Cluster, namespace: str
) -> None:
    with Served(operator, namespace, "rekeyed") as service:
        wait_until_well(service)
        first = Flight(service)
        secret = Kept(service, "secret", ROUNDS)
        began = time.monotonic()
        secret.delete()
        in_time(began, secret.is_back, str(secret))

        def has_failed(body: Tree) -> bool:
            return [one["outcome"] for one in body["status"].get("history", [])] == ["Failed"]

        (lost,) = service.wait_until(has_failed)["status"]["history"]
        assert (lost["id"], lost["update"]["accepted"]) == (1, 1)
        assert "key" in lost["reason"]
        assert lost["reason"] in notes(service, "RoundFailed")
        wait_until_well(service)
        service.wait_for_phase("Sum")
        second = Round(service, number=2)
        assert second.params.pk != first.round.params.pk
        second.to_sum2()
        second.post(second.mask_bodies())
        second.ends_with_the_exact_mean()


def notes(service: Served, reason: str) -> str:
    return "\n".join(one["message"] for one in service.events() if one["reason"] == reason)


def test_objects_of_somebody_else_with_our_names_are_left_alone_and_named(
    operator: Cluster, namespace: str
) -> None:
    service = Served(operator, namespace, "late")
    theirs = manifest("v1", "ConfigMap", service.object_name(REDIS), namespace, data={"a": "b"})
    secret = manifest("v1", "Secret", service.object_name(MINIO), namespace, stringData={"a": "b"})
    operator.apply(theirs, secret)
    names = ("configmap", REDIS), ("secret", MINIO)
    before = [service.owned(*name) for name in names]
    with service:
        told = service.wait_for_condition("Ready", "False", "ObjectRefused", seconds=30)
        assert "Secret late-minio is there already and does not belong to" in told["message"]
        assert "remove or rename it" in told["message"]
        assert service.wait_for_condition("Degraded", "True")["reason"] == "ObjectRefused"
        assert [service.owned(*name) for name in names] == before
        for kind, component in names:
            service.kubectl("delete", kind, service.object_name(component))
        wait_until_well(service)


DEFINITIONS = {
    "servicemonitors.monitoring.coreos.com": ("v1", "ServiceMonitor"),
    "httproutes.gateway.networking.k8s.io": ("v1", "HTTPRoute"),
}
OPTIONAL = {
    "metrics": {"serviceMonitor": True},
    "exposure": {
        "ingress": {"host": "fl.example.org"},
        "gateway": {"parentRef": {"name": "public"}},
    },
}


def definition(name: str, version: str, kind: str) -> Tree:
    """The smallest definition of a kind that the operator knows."""
    plural, _, group = name.partition(".")
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    served = {"served": True, "storage": True, "schema": {"openAPIV3Schema": anything}}
    spec = {
        "group": group,
        "names": {"plural": plural, "singular": kind.lower(), "kind": kind},
        "scope": "Namespaced",
        "versions": [{"name": version} | served],
    }
    whole = manifest("apiextensions.k8s.io/v1", "CustomResourceDefinition", name, spec=spec)
    if group.endswith(".k8s.io"):
        whole["metadata"]["annotations"] = {"api-approved.kubernetes.io": "unapproved, a test's"}
    return whole


@pytest.fixture
def definitions(operator: Cluster) -> Iterator[list[Tree]]:
    """Definitions of other projects, not applied; gone afterwards."""
    yield [definition(name, *words) for name, words in DEFINITIONS.items()]
    for name in DEFINITIONS:
        operator.kubectl("delete", "crd", name, "--ignore-not-found")


def test_what_is_not_wanted_any_more_goes_and_what_the_cluster_does_not_know_is_said(
    operator: Cluster, namespace: str, definitions: list[Tree]
) -> None:
    with Served(operator, namespace, "shown", **OPTIONAL) as service:
        told = service.wait_for_condition("Degraded", "True", "ObjectRefused")
        assert "install its definition" in told["message"]
        service.wait_for_condition("Ready")
        assert service.owned("ingress", COORDINATOR) is not None

        began = time.monotonic()
        operator.apply(*definitions)
        kinds = ("servicemonitor", "httproute")
        in_time(began, lambda: all(service.owned(kind, COORDINATOR) for kind in kinds), "kinds")
        service.wait_for_condition("Degraded", "False", "Healthy")
        for kind in kinds:
            Kept(service, kind, COORDINATOR).delete()
        in_time(
            time.monotonic(),
            lambda: all(service.owned(kind, COORDINATOR) for kind in kinds),
            "kinds",
        )

        service.edit({"metrics": None, "exposure": None})
        began = time.monotonic()
        for kind in ("ingress", *kinds):
            in_time(began, lambda kind=kind: service.owned(kind, COORDINATOR) is None, kind)
        service.wait_for_condition("Ready")


def test_a_volume_that_is_deleted_comes_back_empty_and_rounds_begin_anew(
    operator: Cluster, namespace: str
) -> None:
    with Served(operator, namespace, "drained") as service:
        wait_until_well(service)
        Flight(service)
        claim = Kept(service, "pvc", REDIS)
        began = time.monotonic()
        claim.delete()  # it goes once no pod uses it any more
        service.kubectl("delete", "pod", f"{service.object_name(REDIS)}-0", "--wait=false")
        in_time(began, claim.is_back, str(claim))
        wait_until_well(service)
        service.wait_for_phase("Sum")
        anew = Round(service)
        anew.to_sum2()
        anew.post(anew.mask_bodies())
        anew.ends_with_the_exact_mean()
