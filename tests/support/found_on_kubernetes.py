"""What an operator finds: objects as API servers hand them out, and what a coordinator tells."""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import yaml

from federated_rounds import MINIMAL
from xaynet_operator.coordinator_state import CoordinatorState
from xaynet_operator.facts import Found, Manifest, ObjectKey, Stage, key_of
from xaynet_operator.owned import Component, labels, object_name
from xaynet_operator.parameter_status import flat
from xaynet_operator.resource import Condition, FederatedRound, FederatedRoundStatus
from xaynet_operator.status import status_document, status_of

NOW = datetime(2026, 11, 23, 20, 0, 0, 123456, UTC)
LATER = datetime(2026, 11, 23, 21, 0, 0, tzinfo=UTC)
NAME = "digits"
REDIS, MINIO, COORDINATOR, ERASE = (
    Component.REDIS,
    Component.MINIO,
    Component.COORDINATOR,
    Component.ERASE,
)


def resource(
    status: FederatedRoundStatus | None = None, generation: int = 3, **spec: Any
) -> FederatedRound:
    """A resource as it comes from the API server; ``pet__update__prob=1`` changes one field."""
    document = yaml.safe_load(MINIMAL)
    document["metadata"] |= {
        "namespace": "learning",
        "generation": generation,
        "uid": "0d8c7a3e-6f0b-4d0e-9d53-0f6f0a1b2c3d",
    }
    for path, value in spec.items():
        *parents, last = path.split("__")
        place = document["spec"]
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = value
    if status is not None:
        document["status"] = status_document(status)
    return FederatedRound.read(document)


def owned(kind: str, component: Component, status: Manifest | None = None, **more: Any) -> Manifest:
    """An object of the resource, whose controller has seen it."""
    name = object_name(NAME, component)
    metadata = {"name": name, "generation": 2, "labels": labels(NAME, component)}
    return {"kind": kind, "metadata": metadata, "spec": {}, "status": status or {}} | more


def workload(component: Component, ready: bool = True, wanted: int = 1) -> Manifest:
    """A Deployment or StatefulSet that runs, or one whose pod is not ready."""
    kind = "Deployment" if component is COORDINATOR else "StatefulSet"
    running = wanted if ready else 0
    status = {
        "observedGeneration": 2,
        "replicas": wanted,
        "updatedReplicas": wanted,
        "readyReplicas": running,
        "availableReplicas": running,
    }
    return owned(kind, component, status, spec={"replicas": wanted})


def pod(component: Component, *containers: Manifest, **status: Any) -> Manifest:
    """A pod with these container statuses."""
    shown = {"phase": "Pending", "containerStatuses": list(containers), **status}
    spec = {
        "containers": [
            {
                "name": component.value,
                "image": f"registry.example.org/{component.value}:1",
                "resources": {"limits": {"memory": "64Mi"}},
            }
        ]
    }
    document = owned("Pod", component, shown, spec=spec)
    document["metadata"]["name"] += "-7d9f8b6c5-x2x4z"
    return document


def waiting(reason: str, message: str = "", **more: Any) -> Manifest:
    """The status of a container that does not run."""
    said = {"reason": reason, "message": message} if message else {"reason": reason}
    status = {"ready": False, "restartCount": 0, "state": {"waiting": said}}
    return {"name": "coordinator", "image": "registry.example.org/app:1"} | status | more


def ended(code: int, message: str = "", reason: str = "Error") -> Manifest:
    """How a container ended."""
    return {"terminated": {"exitCode": code, "reason": reason, "message": message}}


def claim(component: Component, phase: str = "Pending", provisioner: str | None = None) -> Manifest:
    """A PersistentVolumeClaim of storage class ``fast``; a provisioner is making its volume."""
    document = owned("PersistentVolumeClaim", component, {"phase": phase})
    document["spec"] = {"storageClassName": "fast"}
    if provisioner is not None:
        notes = {"volume.kubernetes.io/storage-provisioner": provisioner}
        document["metadata"]["annotations"] = notes
    return document


def unscheduled(message: str) -> list[Manifest]:
    """The conditions of a pod that no node takes."""
    return [
        {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
    ]


def erased(kind: str, message: str = "") -> Manifest:
    """The Job that erases, once it has ended."""
    conditions = [{"type": kind, "status": "True", "message": message}]
    return owned("Job", ERASE, {"conditions": conditions})


def running() -> list[Manifest]:
    """All workloads, ready."""
    return [workload(REDIS), workload(MINIO), workload(COORDINATOR)]


def told(cr: FederatedRound, **changes: Any) -> CoordinatorState:
    """The state of a coordinator that serves a round; changes by the document's own names."""
    parameters = flat(cr.spec.pet.model_dump(mode="json", by_alias=True))
    nothing = {"accepted": 0, "rejected": 0, "discarded": 0}
    document: dict[str, Any] = {
        "revision": 17,
        "generation": cr.metadata.generation,
        "desiredState": cr.spec.desired_state,
        "phase": "Update",
        "paused": False,
        "waitingFor": "Update 7/10, 12 s left, min 3",
        "round": {
            "id": 3,
            "elapsed": 48.2,
            "timeLeft": 11.8,
            "messages": {
                "sum": {"accepted": 2, "rejected": 1, "discarded": 1},
                "update": {"accepted": 7, "rejected": 0, "discarded": 0},
                "sum2": nothing,
            },
        },
        "parameters": {
            name: {"active": value, "generation": cr.metadata.generation}
            for name, value in parameters.items()
        },
        "rounds": {"wanted": None, "successful": 1, "failed": 1, "failuresInARow": 0},
        "lastRounds": [past(1, "PhaseTimeout: Update 2, min 3"), past(2)],
        "latestModel": {
            "id": "2_7b0c",
            "length": 4,
            "sha256": "00",
            "time": "2026-11-23T19:12:50+00:00",
        },
        "store": {"available": True, "message": None, "reason": None},
        "warnings": [],
    }
    return CoordinatorState.model_validate(deepcopy(document) | changes)


def past(id: int, reason: str | None = None) -> dict[str, Any]:
    """A round that is over."""
    started = f"2026-11-23T19:{id % 60:02}:10.250000+00:00"
    counts = {"sum": 2, "update": 9, "sum2": 2}
    return {"id": id, **counts, "started": started, "seconds": 31.07, "reason": reason}


def by_key(objects: Iterable[Manifest]) -> Mapping[ObjectKey, Manifest]:
    """Objects as ``Found`` has them."""
    return {key_of(one): one for one in objects}


def serving(cr: FederatedRound, *more: Manifest, **changes: Any) -> Found:
    """Everything runs and the coordinator answers; objects in ``more`` replace or are added."""
    return Found(Stage.SERVING, by_key([*running(), *more]), told(cr, **changes))


def unreached(*objects: Manifest, why: str = "connection refused") -> Found:
    """A coordinator that this operator has never heard of."""
    return Found(Stage.SERVING, by_key(objects), None, why)


def silent(found: Found, why: str = "connection refused") -> Found:
    """The same, but the coordinator does not answer any more."""
    return replace(found, unreachable=why)


def conditions(cr: FederatedRound, found: Found, now: datetime = NOW) -> dict[str, Condition]:
    """The conditions of a resource, by type."""
    return {one.type: one for one in status_of(cr, found, now).conditions}


def words(cr: FederatedRound, found: Found) -> dict[str, tuple[str, str]]:
    """Of each condition the status and the reason."""
    return {kind: (one.status, one.reason) for kind, one in conditions(cr, found).items()}


def after(cr: FederatedRound, found: Found) -> FederatedRoundStatus:
    """The status that another visit begins with."""
    return status_of(cr, found, NOW)
