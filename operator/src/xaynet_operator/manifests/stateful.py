"""What Redis and MinIO share: one pod that keeps its state on a claim, behind a Service."""

from xaynet_operator.facts import Manifest
from xaynet_operator.manifests.kinds import CLAIM, SERVICE, STATEFUL_SET
from xaynet_operator.manifests.objects import name_of, owned_object
from xaynet_operator.owned import Component, labels, selector
from xaynet_operator.resource import FederatedRound, ManagedModels, ManagedRedis

DATA = "/data"


def claim(
    cr: FederatedRound, component: Component, store: ManagedRedis | ManagedModels
) -> Manifest:
    """The volume; an object of its own, so that the resource and not the StatefulSet owns it."""
    spec: Manifest = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": store.storage}},
    }
    if store.storage_class_name is not None:  # "" is a class: none at all
        spec["storageClassName"] = store.storage_class_name
    return owned_object(cr, CLAIM, component, spec=spec)


def data_volume(cr: FederatedRound, component: Component) -> Manifest:
    """The claim, as a volume of the pod."""
    return {"name": "data", "persistentVolumeClaim": {"claimName": name_of(cr, component)}}


def service(cr: FederatedRound, component: Component, name: str, port: int) -> Manifest:
    """The Service that the coordinator reaches the store by."""
    spec = {
        "selector": selector(cr.metadata.name, component),
        "ports": [{"name": name, "port": port, "targetPort": name}],
    }
    return owned_object(cr, SERVICE, component, spec=spec)


def stateful_set(
    cr: FederatedRound,
    component: Component,
    replicas: int,
    annotations: dict[str, str],
    pod: Manifest,
) -> Manifest:
    """One pod with a lasting claim.

    ``Parallel``, as otherwise a pod that never became ready would not be replaced by a better one.
    """
    pod_labels = labels(cr.metadata.name, component)
    spec = {
        "replicas": replicas,
        "serviceName": name_of(cr, component),
        "podManagementPolicy": "Parallel",
        "revisionHistoryLimit": 2,
        "selector": {"matchLabels": selector(cr.metadata.name, component)},
        "template": {"metadata": {"labels": pod_labels, "annotations": annotations}, "spec": pod},
    }
    return owned_object(cr, STATEFUL_SET, component, spec=spec)
