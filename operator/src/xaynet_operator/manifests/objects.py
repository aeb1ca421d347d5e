"""What every owned object has: its name, its labels, and its owner."""

from typing import Any

from xaynet_operator.facts import Manifest
from xaynet_operator.manifests.kinds import Kind
from xaynet_operator.owned import Component, labels, object_name
from xaynet_operator.resource import FederatedRound


def owned_object(cr: FederatedRound, kind: Kind, component: Component, **content: Any) -> Manifest:
    """An object that goes when its resource goes."""
    metadata = {
        "name": name_of(cr, component),
        "namespace": namespace_of(cr),
        "labels": labels(cr.metadata.name, component),
        "ownerReferences": [owner_reference(cr)],
    }
    return {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": metadata, **content}


def annotated(manifest: Manifest, annotations: dict[str, str]) -> Manifest:
    """The object with annotations, if there are any."""
    if not annotations:
        return manifest
    return {**manifest, "metadata": {**manifest["metadata"], "annotations": annotations}}


def outliving(manifest: Manifest) -> Manifest:
    """The object without an owner: it stays when its resource goes."""
    metadata = {k: v for k, v in manifest["metadata"].items() if k != "ownerReferences"}
    return {**manifest, "metadata": metadata}


def owner_reference(cr: FederatedRound) -> Manifest:
    """What makes the cluster remove an object together with the resource."""
    return {
        "apiVersion": cr.api_version,
        "kind": cr.kind,
        "name": cr.metadata.name,
        "uid": uid_of(cr),
        "controller": True,
        "blockOwnerDeletion": True,
    }


def name_of(cr: FederatedRound, component: Component) -> str:
    """The name of a component's objects."""
    return object_name(cr.metadata.name, component)


def namespace_of(cr: FederatedRound) -> str:
    """The namespace of a resource; ``ValueError`` for one that is not from an API server."""
    if cr.metadata.namespace is None:
        raise ValueError(f"{cr.metadata.name} has no namespace")
    return cr.metadata.namespace


def uid_of(cr: FederatedRound) -> str:
    """The uid of a resource; ``ValueError`` for one that is not from an API server."""
    if cr.metadata.uid is None:
        raise ValueError(f"{cr.metadata.name} has no uid")
    return cr.metadata.uid
