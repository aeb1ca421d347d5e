"""Pods for tests of the cluster: a shell, on an image that every cluster node has."""

from typing import Any

from node.manifests import Tree, manifest
from node.services import SHELL

FOREVER = "sleep infinity"


def shell(
    name: str,
    namespace: str,
    script: str = FOREVER,
    container: Tree | None = None,
    **spec: Any,
) -> Tree:
    """A pod that runs a script; it can be told by the label `app`."""
    command = {"name": "shell", "image": SHELL, "command": ["/bin/sh", "-c", script]}
    containers = [command | (container or {})]
    # A shell that is told to end does not listen.
    rest = {"containers": containers, "terminationGracePeriodSeconds": 0} | spec
    pod = manifest("v1", "Pod", name, namespace, spec=rest)
    return pod | {"metadata": pod["metadata"] | {"labels": {"app": name}}}


def web(name: str, namespace: str, text: str, port: int = 8080, **spec: Any) -> list[Tree]:
    """A pod that answers with a text, and its Service."""
    script = f"mkdir -p /tmp/www && echo {text} > /tmp/www/index.html"
    script += f" && exec httpd -f -p {port} -h /tmp/www"
    ready = {"tcpSocket": {"port": port}, "periodSeconds": 1}
    pod = shell(name, namespace, script, {"readinessProbe": ready}, **spec)
    ports = [{"port": port, "targetPort": port}]
    service = {"selector": {"app": name}, "ports": ports}
    return [pod, manifest("v1", "Service", name, namespace, spec=service)]


def claim(name: str, namespace: str) -> Tree:
    """A claim to a volume of the default class."""
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "16Mi"}}}
    return manifest("v1", "PersistentVolumeClaim", name, namespace, spec=spec)


def shell_on(
    claim_name: str, name: str, namespace: str, script: str = FOREVER, **spec: Any
) -> Tree:
    """A shell that has the volume of a claim at /data."""
    volume = {"name": "data", "persistentVolumeClaim": {"claimName": claim_name}}
    mounts = {"volumeMounts": [{"name": "data", "mountPath": "/data"}]}
    return shell(name, namespace, FOREVER, mounts, volumes=[volume], **spec)
