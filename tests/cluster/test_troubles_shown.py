"""What keeps a service from running is told within 30 s, with what to do; mended, it is over.

Several services are applied at once, each with a trouble of its own. They store at one that has
none.
"""

from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest

from guests import NOWHERE, buckets, endpoint_of_minio, guest, url_of_redis, write_secret
from installing import NAMESPACE, operators
from mending import wait_until_well
from node.interface import Cluster
from node.manifests import manifest
from node.services import SHELL
from served import LITTLE, Served, Tree
from spaces import new_namespace
from xaynet_operator.owned import Component

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]
TOLD_WITHIN = 30.0
WRONG = "not-the-password-at-all"
NO_CLASS = "no-such-class"
WAVE = 4


@dataclass(frozen=True)
class Case:
    """A trouble: how a service comes by it, what is told, and how it is mended."""

    reason: str
    sentences: tuple[str, ...]
    mend: Callable[[Served, Served], None]
    given: Callable[[Served], dict[str, Any]] = field(default=lambda host: {})


def limits(kind: str, **values: str) -> dict[str, Any]:
    return {"coordinator": {"resources": {kind: values}}}


def enough(host: Served, service: Served) -> None:
    service.edit({"coordinator": {"resources": None, "image": None, "imagePullPolicy": None}})


def right_url(host: Served, service: Served) -> None:
    write_secret(host, f"{service.name}-redis-url", {"url": url_of_redis(host)})


def right_keys(host: Served, service: Served) -> None:
    write_secret(host, f"{service.name}-s3", host.secret(Component.MINIO))


def right_endpoint(host: Served, service: Served) -> None:
    service.edit({"models": {"external": buckets(service.name, endpoint_of_minio(host))}})


def storage_class(host: Served, service: Served) -> None:
    found = host.cluster.get("storageclass", "local-path")
    how = {"provisioner": found["provisioner"], "volumeBindingMode": found["volumeBindingMode"]}
    host.cluster.apply(manifest("storage.k8s.io/v1", "StorageClass", NO_CLASS, **how))


CASES = {
    "image": Case(
        "ImagePullFailed",
        ("registry.invalid/x:1", "spec.coordinator.image"),
        enough,
        lambda host: {"coordinator": {"image": "registry.invalid/x:1"}},
    ),
    "program": Case(
        "ContainerStartFailed",
        ("xaynet-coordinator", "Check spec.coordinator.image"),
        enough,
        lambda host: {"coordinator": {"image": SHELL}},
    ),
    "memory": Case(
        "OutOfMemory",
        ("its limit of 24Mi", "Raise spec.coordinator.resources.limits.memory."),
        enough,
        lambda host: limits("limits", memory="24Mi"),
    ),
    "node": Case(
        "Unschedulable",
        ("Insufficient cpu", "Lower spec.coordinator.resources.requests"),
        enough,
        lambda host: limits("requests", cpu="1000"),
    ),
    "settings": Case(
        "CrashLooping",
        ("must be redis://", "kubectl logs deployment/settings-coordinator"),
        right_url,
        lambda host: {"url": "redis-without-scheme"},
    ),
    "secret": Case(
        "ContainerConfigError",
        ('secret "not-there-yet" not found', "Create the Secret"),
        lambda host, service: write_secret(host, "not-there-yet", {"url": url_of_redis(host)}),
        lambda host: {"redis": {"external": {"urlSecretRef": {"name": "not-there-yet"}}}},
    ),
    "redis-nowhere": Case(
        "RedisUnreachable",
        ("Check that Redis runs, and that its URL",),
        right_url,
        lambda host: {"url": url_of_redis(host, at=NOWHERE)},
    ),
    "redis-password": Case(
        "RedisCredentials",
        ("Correct the password in the Secret",),
        right_url,
        lambda host: {"url": url_of_redis(host, WRONG)},
    ),
    "s3-nowhere": Case(
        "S3Unreachable",
        ("Check that the S3 service runs",),
        right_endpoint,
        lambda host: {"endpoint": f"http://{NOWHERE}:9000"},
    ),
    "s3-keys": Case(
        "S3Credentials",
        ("Correct the keys in the Secret",),
        right_keys,
        lambda host: {"keys": host.secret(Component.MINIO) | {"secretkey": WRONG}},
    ),
    "volume": Case(
        "VolumePending",
        (f"storage class {NO_CLASS}", "Create that StorageClass"),
        storage_class,
        lambda host: {"redis": {"managed": LITTLE | {"storageClassName": NO_CLASS}}},
    ),
}


class Guests:
    """The services with troubles. They come in waves, as the nodes of tests are small."""

    def __init__(self, host: Served, start: list[Tree], stack: ExitStack) -> None:
        self.host, self.start, self.stack = host, start, stack
        self.there: dict[str, Served] = {}

    def of(self, name: str) -> Served:
        if name not in self.there:
            names = list(CASES)
            first = names.index(name) // WAVE * WAVE
            for each in names[first : first + WAVE]:
                service = guest(self.host, each, **CASES[each].given(self.host))
                self.there[each] = self.stack.enter_context(service)
        return self.there[name]


@pytest.fixture(scope="module")
def guests(operator: Cluster) -> Iterator[Guests]:
    with new_namespace(operator) as namespace, ExitStack() as stack:
        host = stack.enter_context(Served(operator, namespace, "host"))
        start: list[Tree] = []

        def is_ready(body: Tree) -> bool:
            start.append(body)
            return host.condition("Ready", body).get("status") == "True"

        host.wait_until(is_ready)
        yield Guests(host, start, stack)
        operator.kubectl("delete", "storageclass", NO_CLASS, "--ignore-not-found")


def seconds_until(condition: Tree, body: Tree) -> float:
    """From when a resource was made to when a condition came true, by the cluster's clock."""
    began, ended = body["metadata"]["creationTimestamp"], condition["lastTransitionTime"]
    return (datetime.fromisoformat(ended) - datetime.fromisoformat(began)).total_seconds()


@pytest.mark.parametrize("name", CASES)
def test_a_trouble_is_told_in_time_with_what_to_do_and_over_once_it_is_mended(
    guests: Guests, name: str
) -> None:
    case, service = CASES[name], guests.of(name)
    told = service.wait_for_condition("Degraded", "True", case.reason)
    assert seconds_until(told, service.body()) <= TOLD_WITHIN
    for sentence in case.sentences:
        assert sentence in told["message"]
    assert service.condition("Ready")["message"] == told["message"]
    assert (case.reason, "Warning") in {(one["reason"], one["type"]) for one in service.events()}
    case.mend(guests.host, service)
    service.wait_for_condition("Ready", seconds=90)
    assert service.wait_for_condition("Degraded", "False")["reason"] == "Healthy"


def test_a_start_without_troubles_tells_of_none(guests: Guests) -> None:
    host = guests.host
    assert {host.condition("Degraded", body).get("status") for body in guests.start} <= {
        None,
        "Unknown",
        "False",
    }
    warnings = [one["message"] for one in host.events() if one["type"] == "Warning"]
    assert warnings == []


def test_a_quota_that_refuses_pods_is_named_until_it_is_raised(
    operator: Cluster, namespace: str
) -> None:
    quota = manifest("v1", "ResourceQuota", "small", namespace, spec={"hard": {"pods": "2"}})
    operator.apply(quota)
    with Served(operator, namespace, "crowd") as service:
        told = service.wait_for_condition("Degraded", "True", "ObjectRefused")
        assert seconds_until(told, service.body()) <= TOLD_WITHIN
        assert "quota" in told["message"]
        operator.apply(quota | {"spec": {"hard": {"pods": "9"}}})
        wait_until_well(service, seconds=120)


def test_no_value_of_a_secret_is_in_an_event_a_status_or_the_log_of_the_operator(
    guests: Guests,
) -> None:
    host = guests.host
    values = {WRONG} | {
        value
        for one in host.cluster.get("secrets", "-n", host.namespace)["items"]
        for value in texts(one)
    }
    assert len(values) > 20
    logs = [host.cluster.kubectl("logs", name, "-n", NAMESPACE) for name in operators(host.cluster)]
    events = host.cluster.kubectl("get", "events", "--all-namespaces", "--output=json")
    resources = host.kubectl("get", "federatedrounds", "--output=json")
    for place in (*logs, events, resources):
        assert place
        assert [value for value in values if value in place] == []


def texts(secret: Tree) -> Iterator[str]:
    """The values of a Secret that could be told by mistake."""
    for name, value in secret["data"].items():
        plain = b64decode(value)
        yield from (value, plain.hex())
        if name not in ("key", "url", "auth.conf"):
            yield plain.decode()
