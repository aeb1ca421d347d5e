"""What a cluster offers its pods beside Kubernetes itself: names (CoreDNS) and volumes."""

import json

from node.manifests import Tree, container, deployment, labels, manifest
from node.places import Places

COREDNS = "localhost/coredns:1.15.0"
PROVISIONER = "localhost/local-path-provisioner:0.0.30"
SHELL = "localhost/shell:1"
"""Debian's busybox and nothing else; for tests as well. Its `wget -T` crashes: use `timeout`."""

DNS = "kube-system"
VOLUMES = "local-path-storage"

COREFILE = """\
.:5353 {
    errors
    health
    ready
    kubernetes cluster.local in-addr.arpa
    cache 5
    reload
}
"""


def cluster_services(places: Places) -> list[Tree]:
    """All manifests, in the order in which they are applied."""
    return [*name_service(places), *volume_service(places)]


def name_service(places: Places) -> list[Tree]:
    """CoreDNS; it forwards nothing, as there is no way out."""
    corefile = {"name": "corefile", "configMap": {"name": "coredns"}}
    pod = {
        "serviceAccountName": "coredns",
        "dnsPolicy": "Default",
        "containers": [dns_container()],
        "volumes": [corefile],
    }
    read = [
        rule("", ["endpoints", "services", "pods", "namespaces"], ["list", "watch"]),
        rule("discovery.k8s.io", ["endpointslices"], ["list", "watch"]),
    ]
    return [
        *account("coredns", DNS, read),
        manifest("v1", "ConfigMap", "coredns", DNS, data={"Corefile": COREFILE}),
        deployment("coredns", DNS, pod),
        dns_service(places),
    ]


def dns_container() -> Tree:
    def probe(path: str, port: int) -> Tree:
        return {"httpGet": {"path": path, "port": port}, "periodSeconds": 1, "failureThreshold": 60}

    return container("coredns", COREDNS, ["/coredns", "-conf", "/etc/coredns/Corefile"]) | {
        "volumeMounts": [{"name": "corefile", "mountPath": "/etc/coredns"}],
        "readinessProbe": probe("/ready", 8181),
        "livenessProbe": probe("/health", 8080),
    }


def dns_service(places: Places) -> Tree:
    ports = [
        {"name": protocol.lower(), "port": 53, "targetPort": 5353, "protocol": protocol}
        for protocol in ("UDP", "TCP")
    ]
    spec = {"clusterIP": places.dns, "selector": labels("coredns"), "ports": ports}
    return manifest("v1", "Service", "kube-dns", DNS, spec=spec)


def volume_service(places: Places) -> list[Tree]:
    """The provisioner of the default StorageClass; volumes are folders of a node.

    By its design a volume is tied to its node and its size is not enforced.
    """
    settings = ("--config=/etc/config/config.json", "--service-account-name=provisioner")
    where = {"fieldRef": {"fieldPath": "metadata.namespace"}}
    provisioner = {
        "name": "provisioner",
        "image": PROVISIONER,
        "command": ["/local-path-provisioner", "start", *settings],
        "env": [{"name": "POD_NAMESPACE", "valueFrom": where}],
        "volumeMounts": [{"name": "config", "mountPath": "/etc/config"}],
    }
    pod = {
        "serviceAccountName": "provisioner",
        "containers": [provisioner],
        "volumes": [{"name": "config", "configMap": {"name": "local-path-config"}}],
    }
    return [
        manifest("v1", "Namespace", VOLUMES),
        *account("provisioner", VOLUMES, provisioner_rules()),
        manifest("v1", "ConfigMap", "local-path-config", VOLUMES, data=folders(places)),
        deployment("provisioner", VOLUMES, pod),
        default_storage_class(),
    ]


def default_storage_class() -> Tree:
    how = {"provisioner": "rancher.io/local-path", "volumeBindingMode": "WaitForFirstConsumer"}
    storage = manifest("storage.k8s.io/v1", "StorageClass", "local-path", **how)
    default = {"storageclass.kubernetes.io/is-default-class": "true"}
    return storage | {"metadata": storage["metadata"] | {"annotations": default}}


def provisioner_rules() -> list[Tree]:
    every = ["create", "delete", "get", "list", "patch", "update", "watch"]
    return [
        rule("", ["nodes", "persistentvolumeclaims", "configmaps", "pods/log"], every),
        rule("", ["persistentvolumes", "pods", "events"], every),
        rule("storage.k8s.io", ["storageclasses"], ["get", "list", "watch"]),
    ]


def folders(places: Places) -> dict[str, str]:
    """On each node the folder of its volumes, and how one is made and removed."""
    paths = [{"node": node.name, "paths": [str(node.folder / "volumes")]} for node in places.nodes]
    helper = {
        "containers": [{"name": "helper-pod", "image": SHELL, "imagePullPolicy": "IfNotPresent"}]
    }
    pod = manifest("v1", "Pod", "helper-pod", spec=helper)
    return {
        "config.json": json.dumps({"nodePathMap": paths}),
        "setup": '#!/bin/sh\nset -eu\nmkdir -m 0777 -p "$VOL_DIR"\n',
        "teardown": '#!/bin/sh\nset -eu\nrm -rf "$VOL_DIR"\n',
        "helperPod.yaml": json.dumps(pod),
    }


def account(name: str, namespace: str, rules: list[Tree]) -> list[Tree]:
    """A ServiceAccount that may do this in the whole cluster."""
    group = "rbac.authorization.k8s.io"
    subject = {"kind": "ServiceAccount", "name": name, "namespace": namespace}
    role = {"apiGroup": group, "kind": "ClusterRole", "name": name}
    return [
        manifest("v1", "ServiceAccount", name, namespace),
        manifest(f"{group}/v1", "ClusterRole", name, rules=rules),
        manifest(f"{group}/v1", "ClusterRoleBinding", name, roleRef=role, subjects=[subject]),
    ]


def rule(group: str, resources: list[str], verbs: list[str]) -> Tree:
    return {"apiGroups": [group], "resources": resources, "verbs": verbs}
