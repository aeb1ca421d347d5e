"""What belongs to a service on the cluster, and whether all of it is there, as it is wanted."""

import json
import time
from collections.abc import Callable
from typing import Any

import httpx

from node.waiting import wait_until
from served import Served, Tree
from xaynet_operator.owned import Component

MENDED_WITHIN = 15.0
WORKLOADS = (
    ("deployment", Component.COORDINATOR),
    ("statefulset", Component.REDIS),
    ("statefulset", Component.MINIO),
)
KINDS = "pods,deployments,statefulsets,services,configmaps,secrets,pvc,pdb,jobs,endpointslices"
DELETE = {"managed": {"storage": "64Mi"}, "deletionPolicy": "Delete"}
GIVEN_BY_THE_SERVER = ("clusterIP", "clusterIPs", "volumeName")


class Kept:
    """One owned object, as it was when it was first looked at."""

    def __init__(self, service: Served, kind: str, component: Component) -> None:
        self.service, self.kind, self.component = service, kind, component
        self.first = self.now()
        assert self.first is not None, f"there is no {self}"

    def __str__(self) -> str:
        return f"{self.kind}/{self.service.object_name(self.component)}"

    def now(self) -> Tree | None:
        return self.service.owned(self.kind, self.component)

    def delete(self) -> None:
        self.service.kubectl("delete", str(self), "--wait=false")

    def patch(self, patch: Any, kind: str = "merge") -> None:
        """Change it by hand."""
        words = (str(self), f"--type={kind}", f"--patch={json.dumps(patch)}")
        assert "no change" not in self.service.kubectl("patch", *words)

    def is_back(self) -> bool:
        """Whether it is another object than before, and just like that one."""
        found = self.now()
        return found is not None and self.is_younger(found) and self.is_same(found)

    def is_mended(self) -> bool:
        """Whether it is the same object, and as it was."""
        found = self.now()
        return found is not None and not self.is_younger(found) and self.is_same(found)

    def is_younger(self, found: Tree) -> bool:
        assert self.first is not None
        return found["metadata"]["uid"] != self.first["metadata"]["uid"]

    def is_same(self, found: Tree) -> bool:
        assert self.first is not None
        return essence(found) == essence(self.first)


def essence(found: Tree) -> Tree:
    """What of an object is wanted: nothing that the API server gives it, and no values."""
    spec = {k: v for k, v in found.get("spec", {}).items() if k not in GIVEN_BY_THE_SERVER}
    for container in spec.get("template", {}).get("spec", {}).get("containers", []):
        container["env"] = sorted(container.get("env", []), key=lambda one: one["name"])
    notes = spec.get("template", {}).get("metadata", {})
    notes.pop("annotations", None)  # versions of Secrets
    metadata = {name: found["metadata"].get(name) for name in ("labels", "ownerReferences")}
    secret = found["kind"] == "Secret"
    data = sorted(found.get("data", {})) if secret else found.get("data")
    leaving = "deletionTimestamp" in found["metadata"]
    return {"spec": spec, "data": data, "leaving": leaving, **metadata}


def in_time(began: float, what: Callable[[], bool], name: str) -> None:
    """Wait until something is so, at most as long after a moment as a repair may take."""
    left = began + MENDED_WITHIN - time.monotonic()
    wait_until(what, left, f"{name} mended")


def runs(service: Served) -> bool:
    """Whether all pods are those that are wanted now, and ready."""
    return all(is_rolled_out(service.owned(*workload)) for workload in WORKLOADS)


def is_rolled_out(found: Tree | None) -> bool:
    if found is None:
        return False
    if found["status"].get("observedGeneration") != found["metadata"]["generation"]:
        return False
    counts = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
    return [found["status"].get(name) for name in counts] == [1, 1, 1, 1]


def left_of(service: Served) -> list[str]:
    """All that belongs to a service and is there."""
    selector = f"--selector=app.kubernetes.io/instance={service.name}"
    found = service.kubectl("get", KINDS, selector, "--output=name")
    return found.split()


def wait_until_well(service: Served, seconds: float = 60) -> None:
    """Wait until its pods run and answer, and its status says so."""
    wait_until(lambda: runs(service), seconds, f"all pods of {service.name}")
    wait_until(lambda: answers(service), seconds, f"answers of {service.name}")
    service.wait_for_condition("Ready", seconds=seconds)
    service.wait_for_condition("Degraded", "False", seconds=seconds)


def answers(service: Served) -> bool:
    """Whether participants and the operator are served, by the addresses and secrets of now."""
    try:
        service.params()
        return service.state()["store"]["available"]
    except httpx.HTTPError:
        return False
