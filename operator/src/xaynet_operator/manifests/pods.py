"""What all pods share: how they are secured, placed, probed, and restarted.

Every pod meets the ``restricted`` Pod Security level, with a root file system that is read only.
"""

import hashlib
from collections.abc import Iterable
from typing import Any

from xaynet_operator.facts import Facts, Manifest
from xaynet_operator.manifests.kinds import DISRUPTION_BUDGET
from xaynet_operator.manifests.objects import owned_object
from xaynet_operator.owned import Component, selector
from xaynet_operator.resource import FederatedRound, Placement

USER = 65532
READABLE_BY_GROUP = 0o440
SECRETS = "xaynet.dev/secret-versions"
CONFIGURATION = "xaynet.dev/configuration"


def pod_spec(
    cr: FederatedRound, placement: Placement, container: Manifest, volumes: Iterable[Manifest]
) -> Manifest:
    """One container with its volumes and a ``/tmp``, secured, where the resource wants it."""
    return {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": pod_security(),
        "containers": [hardened(container)],
        "volumes": [*volumes, {"name": "tmp", "emptyDir": {}}],
        **given(
            imagePullSecrets=[{"name": one.name} for one in cr.spec.coordinator.image_pull_secrets]
        ),
        **placed(placement),
    }


def pod_security() -> Manifest:
    """Who the pod runs as; the group also owns its volumes."""
    return {
        "runAsNonRoot": True,
        "runAsUser": USER,
        "runAsGroup": USER,
        "fsGroup": USER,
        "fsGroupChangePolicy": "OnRootMismatch",
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def hardened(container: Manifest) -> Manifest:
    """The container without any right it does not need; only its volumes can be written."""
    return {
        **container,
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [*container["volumeMounts"], {"name": "tmp", "mountPath": "/tmp"}],
    }


def placed(placement: Placement) -> Manifest:
    """The fields of a pod that a resource passes through."""
    return given(
        nodeSelector=placement.node_selector,
        tolerations=placement.tolerations,
        affinity=placement.affinity,
        topologySpreadConstraints=placement.topology_spread_constraints,
        priorityClassName=placement.priority_class_name,
    )


def resources(placement: Placement, cpu: str, memory: str) -> Manifest:
    """What a container may use: as the resource says, else no less than this."""
    if placement.resources is not None:
        return placement.resources
    return {"requests": {"cpu": cpu, "memory": memory}}


def given(**fields: Any) -> Manifest:
    """The fields that have a value."""
    return {name: value for name, value in fields.items() if value}


def restarted_by(facts: Facts, spec: Manifest, configuration: str = "") -> dict[str, str]:
    """Annotations that change, and so restart the pods, with what they read at their start."""
    versions = facts.secret_versions
    used = sorted(secrets_of(spec) & versions.keys())
    return given(
        **{
            SECRETS: ",".join(f"{name}={versions[name]}" for name in used),
            CONFIGURATION: digest(configuration) if configuration else "",
        }
    )


def digest(text: str) -> str:
    """Tells texts apart, in a few characters."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def secrets_of(spec: Manifest) -> frozenset[str]:
    """Names of the Secrets whose values a pod reads."""
    variables = [one for container in spec["containers"] for one in container["env"]]
    references = [
        one["valueFrom"]["secretKeyRef"]["name"] for one in variables if "valueFrom" in one
    ]
    files = [one["secret"]["secretName"] for one in spec["volumes"] if "secret" in one]
    return frozenset([*references, *files])


def variable_from(name: str, secret: str, key: str) -> Manifest:
    """An environment variable whose value is in a Secret."""
    return {"name": name, "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}}


def variables(**values: str) -> list[Manifest]:
    """Environment variables that everyone may read."""
    return [{"name": name, "value": value} for name, value in values.items()]


def files_of_secret(volume: str, secret: str, *keys: str) -> Manifest:
    """A volume with entries of a Secret as files."""
    items = [{"key": key, "path": key} for key in keys]
    source = {"secretName": secret, "items": items, "defaultMode": READABLE_BY_GROUP}
    return {"name": volume, "secret": source}


def files_of_config(volume: str, config_map: str) -> Manifest:
    """A volume with the entries of a ConfigMap as files."""
    return {"name": volume, "configMap": {"name": config_map}}


def mounted(volume: str, path: str, *, read_only: bool = True) -> Manifest:
    """Where a container sees a volume."""
    return {"name": volume, "mountPath": path, **given(readOnly=read_only)}


def http_probe(path: str, port: str, **timing: int) -> Manifest:
    """A probe that asks a port."""
    return {"httpGet": {"path": path, "port": port}, **timing}


def command_probe(*command: str, **timing: int) -> Manifest:
    """A probe that runs a command in the container."""
    return {"exec": {"command": list(command)}, **timing}


def disruption_budget(cr: FederatedRound, component: Component) -> Manifest:
    """Lets nodes be drained: there is one pod, so a budget of none would block them for ever."""
    pods = {"matchLabels": selector(cr.metadata.name, component)}
    spec = {"maxUnavailable": 1, "selector": pods}
    return owned_object(cr, DISRUPTION_BUDGET, component, spec=spec)
