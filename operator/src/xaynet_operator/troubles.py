"""What keeps the pods and volumes of a FederatedRound from running, and what to do about it.

Read from the objects as the API server hands them out, in which anything may be missing. Texts
that change with every attempt, such as names of pods and times until the next one, are left out:
the same trouble gives the same words. What every start lacks for a moment is no trouble yet.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from xaynet_operator.documents import at, in_force, listed, quoted
from xaynet_operator.facts import Manifest, ObjectKey
from xaynet_operator.manifests.objects import name_of
from xaynet_operator.owned import COMPONENT, Component
from xaynet_operator.refusals import Trouble, advice
from xaynet_operator.resource import FederatedRound

IMAGE_FAULTS = frozenset(
    {
        "ErrImagePull",
        "ImagePullBackOff",
        "InvalidImageName",
        "ErrImageNeverPull",
        "ImageInspectError",
        "RegistryUnavailable",
    }
)
START_FAULTS = frozenset({"RunContainerError", "CreateContainerError", "StartError"})
PROVISIONERS = (
    "volume.kubernetes.io/storage-provisioner",
    "volume.beta.kubernetes.io/storage-provisioner",
)
UNBOUND = "unbound immediate PersistentVolumeClaims"  # the scheduler's words
# A kubelet's words for what it has not read from the API server yet: it tries again at once.
KUBELET_LAGS = re.compile("failed to sync \\S+ cache|not registered$|have not yet been read")
RESTARTS_OF_A_LOOP = 2
PATIENCE = timedelta(seconds=15)  # with volumes that are being made, and with admission

# What others need comes first, and what cannot be made before what does not run.
COMPONENTS = (Component.REDIS, Component.MINIO, Component.COORDINATOR, Component.ERASE)
REASONS = (
    "ObjectRefused",
    "VolumeLost",
    "VolumePending",
    "Unschedulable",
    "ImagePullFailed",
    "ContainerConfigError",
    "ContainerStartFailed",
    "OutOfMemory",
    "CrashLooping",
    "ErasureFailing",
    "RolloutStuck",
)


def troubles_of(
    cr: FederatedRound, objects: Mapping[ObjectKey, Manifest], now: datetime
) -> tuple[Trouble, ...]:
    """All troubles that the objects tell of, the most important first, each once."""
    by_component = {component: _parts(objects.values(), component) for component in COMPONENTS}
    found = [
        trouble
        for component, parts in by_component.items()
        for trouble in _component_troubles(cr, component, parts, now)
    ]
    return tuple(sorted(dict.fromkeys(found), key=_rank))


def workload_of(cr: FederatedRound, component: Component) -> str:
    """What kubectl calls the workload of a component."""
    kinds = {Component.COORDINATOR: "deployment", Component.ERASE: "job"}
    return f"{kinds.get(component, 'statefulset')}/{name_of(cr, component)}"


def _parts(objects: Iterable[Manifest], component: Component) -> list[Manifest]:
    """The objects of a component, but for those that are being deleted."""
    return [
        one
        for one in objects
        if at(one, "metadata", "labels", COMPONENT) == component.value
        and not at(one, "metadata", "deletionTimestamp")
    ]


def _rank(trouble: Trouble) -> tuple[int, int]:
    return COMPONENTS.index(trouble.component), REASONS.index(trouble.reason)


def _component_troubles(
    cr: FederatedRound, component: Component, parts: list[Manifest], now: datetime
) -> Iterator[Trouble]:
    pods = [one for one in parts if one.get("kind") == "Pod"]
    running = [pod for pod in pods if at(pod, "status", "phase") not in ("Failed", "Succeeded")]
    settled = [one for one in parts if not _is_new(one, now)]
    for claim in settled:
        if claim.get("kind") == "PersistentVolumeClaim":
            yield from _claim_troubles(component, claim, running)
    for pod in running:
        yield from _scheduling_troubles(component, pod, explained=_waits_for_volume(parts))
        yield from _container_troubles(cr, component, pod)
    for workload in settled:
        yield from _workload_troubles(cr, component, workload, pods)


def _is_new(one: Manifest, now: datetime) -> bool:
    made = at(one, "metadata", "creationTimestamp")
    return made is not None and now - datetime.fromisoformat(made) < PATIENCE


def _waits_for_volume(parts: list[Manifest]) -> bool:
    claims = (one for one in parts if one.get("kind") == "PersistentVolumeClaim")
    return any(at(claim, "status", "phase") != "Bound" for claim in claims)


# Containers


def _container_troubles(
    cr: FederatedRound, component: Component, pod: Manifest
) -> Iterator[Trouble]:
    for group in ("initContainer", "container"):
        specs = {one.get("name"): one for one in listed(pod, "spec", f"{group}s")}
        for status in listed(pod, "status", f"{group}Statuses"):
            spec = specs.get(status.get("name"), {})
            if trouble := _container_trouble(cr, component, spec, status):
                yield trouble


def _container_trouble(
    cr: FederatedRound, component: Component, spec: Manifest, status: Manifest
) -> Trouble | None:
    waiting = at(status, "state", "waiting", "reason")
    said = at(status, "state", "waiting", "message")
    if waiting in IMAGE_FAULTS:
        image = status.get("image") or spec.get("image") or "of unknown name"
        return Trouble(component, "ImagePullFailed", _image_fault(component, image, waiting, said))
    if waiting == "CreateContainerConfigError":
        if KUBELET_LAGS.search(str(said)):
            return None
        return Trouble(component, "ContainerConfigError", _config_fault(cr, component, said))
    if waiting in START_FAULTS:
        text = f"The container of {_name(component)} cannot be started: {quoted(said)}."
        advice = f"Check {_image_field(component)}, and the node it is on."
        return Trouble(component, "ContainerStartFailed", f"{text} {advice}")
    if not _ends_again_and_again(status, waiting):
        return None
    return _crash(cr, component, spec, status)


def _image_fault(component: Component, image: str, waiting: str, said: object) -> str:
    text = str(said or "").rsplit("ErrImagePull: ", maxsplit=1)[-1]
    cause = {
        "InvalidImageName": "that is no name of an image",
        "ErrImageNeverPull": "it is not on the node, and the pull policy Never forbids to pull it",
    }.get(waiting, "" if text.startswith("Back-off") else quoted(text))
    because = f": {cause}" if cause else ""
    advice = f"Check the name in {_image_field(component)}, and that nodes can reach the registry"
    if component in (Component.COORDINATOR, Component.ERASE):
        advice += " with spec.coordinator.imagePullSecrets"
    return f"The image {image} of {_name(component)} cannot be pulled{because}. {advice}."


def _config_fault(cr: FederatedRound, component: Component, said: object) -> str:
    return (
        f"The container of {_name(component)} cannot be made: {quoted(said)}. Create the Secret "
        f"with this entry in namespace {cr.metadata.namespace or 'default'}, or correct the "
        "reference to it in the spec."
    )


def _ends_again_and_again(status: Manifest, waiting: object) -> bool:
    """Also between two attempts, when it runs for a moment."""
    if waiting == "CrashLoopBackOff":
        return True
    often = (status.get("restartCount") or 0) >= RESTARTS_OF_A_LOOP
    return often and not status.get("ready") and bool(at(_end(status), "exitCode"))


def _end(status: Manifest) -> Manifest:
    """How the container ended last."""
    return at(status, "state", "terminated") or at(status, "lastState", "terminated") or {}


def _crash(cr: FederatedRound, component: Component, spec: Manifest, status: Manifest) -> Trouble:
    end = _end(status)
    if end.get("reason") == "OOMKilled":
        limit = at(spec, "resources", "limits", "memory")
        allowed = f"its limit of {limit}" if limit else "the node"
        text = (
            f"{_name(component).capitalize()} was killed: it needs more memory than {allowed} has."
        )
        advice = f"Raise {_section(component)}.resources.limits.memory."
        return Trouble(component, "OutOfMemory", f"{text} {advice}")
    last = _last_words(at(end, "message"))
    says = f": {last}" if last else ""
    code = end.get("exitCode")
    text = f"{_name(component).capitalize()} ends again and again"
    text += "" if code is None else f", with exit code {code}"
    advice = f"kubectl logs {workload_of(cr, component)} --previous shows more."
    return Trouble(component, "CrashLooping", f"{text}{says}. {advice}")


def _last_words(message: object) -> str:
    """The sentence that a program ends with, after the events it has logged."""
    lines = [line.strip() for line in str(message or "").splitlines() if line.strip()]
    sentences = [line for line in lines if not line.startswith("{")]
    return quoted(" ".join((sentences or lines)[-3:]))


# Nodes and volumes


def _unschedulable(pod: Manifest) -> str | None:
    """What the scheduler says of a pod that no node takes."""
    for one in listed(pod, "status", "conditions"):
        if one.get("type") == "PodScheduled" and one.get("reason") == "Unschedulable":
            return str(one.get("message") or "") if one.get("status") == "False" else None
    return None


def _scheduling_troubles(component: Component, pod: Manifest, explained: bool) -> Iterator[Trouble]:
    said = _unschedulable(pod)
    if said is None or (explained and UNBOUND in said):
        return
    cause = quoted(said.split("preemption:")[0]) or "the scheduler does not say why"
    section = _section(component)
    advice = (
        f"Lower {section}.resources.requests, check nodeSelector, tolerations and affinity there, "
        "or add a node."
    )
    text = f"No node takes the pod of {_name(component)}: {cause}. {advice}"
    yield Trouble(component, "Unschedulable", text)


def _claim_troubles(
    component: Component, claim: Manifest, pods: list[Manifest]
) -> Iterator[Trouble]:
    phase, name = at(claim, "status", "phase"), at(claim, "metadata", "name")
    if phase == "Lost":
        text = f"The volume of claim {name} is gone: restore it, or delete the claim to start anew."
        yield Trouble(component, "VolumeLost", text)
    if phase != "Pending":
        return
    if provisioner := _provisioner(claim):
        text = f"Claim {name} waits for a volume by {provisioner}."
        advice = f"kubectl describe pvc {name} says why that takes so long."
        yield Trouble(component, "VolumePending", f"{text} {advice}")
    elif why := _no_volume(at(claim, "spec", "storageClassName"), pods):
        yield Trouble(component, "VolumePending", f"Claim {name} has no volume: {why}")


def _provisioner(claim: Manifest) -> str | None:
    notes = at(claim, "metadata", "annotations")
    return next((by for key in PROVISIONERS if (by := at(notes, key))), None)


def _no_volume(storage_class: str | None, pods: list[Manifest]) -> str | None:
    """Why nobody makes a volume, and what to do; None where only its pod is waited for."""
    if storage_class is None:
        return (
            "it names no storage class, and the cluster has no default one. Mark a StorageClass "
            "as the default, or create the resource anew with storageClassName."
        )
    if not storage_class:
        return "its storage class is empty. Create a PersistentVolume of its size without a class."
    if any(UNBOUND in (_unschedulable(pod) or "") for pod in pods):
        return (
            f"nothing makes volumes of storage class {storage_class}. Create that StorageClass, "
            "with a provisioner that runs; kubectl get storageclass lists them."
        )
    return None


# Workloads


def _workload_troubles(
    cr: FederatedRound, component: Component, workload: Manifest, pods: list[Manifest]
) -> Iterator[Trouble]:
    match workload.get("kind"):
        case "Deployment":
            yield from _deployment_troubles(cr, component, workload)
        case "StatefulSet" if not pods and _wants_pods(workload):
            text = f"No pod of {_name(component)} has been created yet."
            advice = "says why; mostly it is a quota or the Pod Security of the namespace."
            text = f"{text} kubectl describe {workload_of(cr, component)} {advice}"
            yield Trouble(component, "ObjectRefused", text)
        case "Job":
            yield from _job_troubles(component, pods)
        case _:
            pass


def _wants_pods(workload: Manifest) -> bool:
    """Whether its controller has seen it, and should have made pods but has none."""
    seen = at(workload, "status", "observedGeneration") or 0
    if seen < (at(workload, "metadata", "generation") or 1):
        return False
    return at(workload, "spec", "replicas") != 0 and not at(workload, "status", "replicas")


def _deployment_troubles(
    cr: FederatedRound, component: Component, deployment: Manifest
) -> Iterator[Trouble]:
    if failure := in_force(deployment, "ReplicaFailure"):
        said = re.sub(r'pods "[^"]*" is forbidden: ', "", str(failure.get("message") or ""))
        text = f"No pod of {_name(component)} can be created: {quoted(said)}. {advice(said)}"
        yield Trouble(component, "ObjectRefused", text)
    for one in listed(deployment, "status", "conditions"):
        if one.get("reason") == "ProgressDeadlineExceeded":
            text = f"{_name(component).capitalize()} does not become ready."
            text += f" kubectl describe {workload_of(cr, component)} and kubectl logs say why."
            yield Trouble(component, "RolloutStuck", text)


def _job_troubles(component: Component, pods: list[Manifest]) -> Iterator[Trouble]:
    for pod in pods:
        ends = [_end(status) for status in listed(pod, "status", "containerStatuses")]
        if at(pod, "status", "phase") == "Failed":
            said = next((words for end in ends if (words := _last_words(end.get("message")))), "")
            says = f": {said}" if said else ""
            text = f"Erasing the rounds has failed and is tried again{says}."
            yield Trouble(component, "ErasureFailing", text)


# Words


def _name(component: Component) -> str:
    return {
        Component.COORDINATOR: "the coordinator",
        Component.REDIS: "redis",
        Component.MINIO: "minio",
        Component.ERASE: "the erasing Job",
    }[component]


def _section(component: Component) -> str:
    sections = {Component.REDIS: "spec.redis.managed", Component.MINIO: "spec.models.managed"}
    return sections.get(component, "spec.coordinator")


def _image_field(component: Component) -> str:
    return f"{_section(component)}.image"
