"""Manifests of Kubernetes, as short as they can be said."""

from typing import Any

Tree = dict[str, Any]

RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
    "runAsNonRoot": True,
    "runAsUser": 65532,
    "seccompProfile": {"type": "RuntimeDefault"},
}


def manifest(version: str, kind: str, name: str, namespace: str = "", **rest: Any) -> Tree:
    """Any resource."""
    where = {"namespace": namespace} if namespace else {}
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name} | where} | rest


def container(name: str, image: str, command: list[str]) -> Tree:
    """A container that may do as little as possible."""
    return {"name": name, "image": image, "command": command, "securityContext": RESTRICTED}


def deployment(name: str, namespace: str, pod: Tree) -> Tree:
    """One replica of a pod."""
    spec = {
        "replicas": 1,
        "selector": {"matchLabels": labels(name)},
        "template": {"metadata": {"labels": labels(name)}, "spec": pod},
    }
    return manifest("apps/v1", "Deployment", name, namespace, spec=spec)


def labels(name: str) -> dict[str, str]:
    return {"app.kubernetes.io/name": name}
