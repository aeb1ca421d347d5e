"""FederatedRounds as an API server hands them out, and the objects that are desired for them."""

from typing import Any

from xaynet_operator.desired import desired
from xaynet_operator.facts import Facts, Images, Manifest, Stage
from xaynet_operator.resource import FederatedRound

UID = "0d8c7a3e-6f0b-4d0e-9d53-0f6f0a1b2c3d"
IMAGES = Images("registry.example.org/c:1", "registry.example.org/r:1", "registry.example.org/m:1")
OPTIONAL = frozenset({"HTTPRoute", "ServiceMonitor"})
PET = {
    "model": {"length": 4},
    "mask": {"groupType": "Prime", "dataType": "F32", "boundType": "B0", "modelType": "M3"},
    "sum": {"prob": 0.01, "count": {"max": 5}, "time": {"max": 60}},
    "update": {"prob": 0.1, "count": {"max": 10}, "time": {"max": 60}},
    "sum2": {"count": {"max": 5}, "time": {"max": 60}},
}
EXTERNAL_REDIS = {"external": {"urlSecretRef": {"name": "redis-elsewhere", "key": "uri"}}}
EXTERNAL_MODELS = {
    "external": {
        "endpoint": "https://s3.example.org",
        "region": "eu-west-1",
        "bucket": "digits-models",
        "credentialsSecretRef": {"name": "s3-models"},
        "roundsBucket": "digits-rounds",
        "roundsCredentialsSecretRef": {
            "name": "s3-rounds",
            "accessKeyEntry": "id",
            "secretKeyEntry": "secret",
        },
    }
}
PLACEMENT = {
    "resources": {"requests": {"cpu": "1"}, "limits": {"memory": "2Gi"}},
    "nodeSelector": {"disk": "ssd"},
    "tolerations": [{"key": "dedicated", "operator": "Exists"}],
    "affinity": {"podAntiAffinity": {}},
    "topologySpreadConstraints": [
        {
            "maxSkew": 1,
            "topologyKey": "kubernetes.io/hostname",
            "whenUnsatisfiable": "ScheduleAnyway",
        }
    ],
    "priorityClassName": "high",
}
# Every field that a manifest is made from is given.
EVERYTHING: dict[str, Any] = {
    "coordinator": {
        **PLACEMENT,
        "image": "registry.example.org/own:2",
        "imagePullPolicy": "Always",
        "imagePullSecrets": [{"name": "registry"}],
        "maxMessageBytes": 2**20,
        "logFilter": 'xaynet[{id="a\\b"}]=debug,info',
        "podLabels": {"team": "fl"},
        "podAnnotations": {"example.org/owner": "fl"},
    },
    "redis": {"managed": {**PLACEMENT, "storage": "2Gi", "storageClassName": "fast"}},
    "models": {
        "managed": {**PLACEMENT, "storage": "20Gi", "storageClassName": "slow"},
        "keep": 3,
        "initial": "s3://models/first.npy",
    },
    "exposure": {
        "service": {"type": "LoadBalancer", "annotations": {"example.org/lb": "internal"}},
        "ingress": {
            "host": "fl.example.org",
            "className": "nginx",
            "tlsSecretName": "fl-tls",
            "clientCASecretName": "fl-ca",
            "annotations": {"cert-manager.io/cluster-issuer": "internal"},
        },
        "gateway": {
            "parentRef": {"name": "public", "namespace": "gateways", "sectionName": "https"},
            "hostnames": ["fl.example.org"],
        },
    },
    "metrics": {
        "serviceMonitor": True,
        "influxdb": {"url": "http://influxdb:8086", "db": 'a "quoted" name \x7f'},
    },
}
SPECS: dict[str, dict[str, Any]] = {
    "minimal": {},
    "everything": EVERYTHING,
    "external stores": {"redis": EXTERNAL_REDIS, "models": EXTERNAL_MODELS},
    "external Redis": {"redis": EXTERNAL_REDIS},
    "external models, deleted": {"models": {**EXTERNAL_MODELS, "deletionPolicy": "Delete"}},
    "models deleted": {"models": {"deletionPolicy": "Delete"}},
}


def served(name: str = "digits", namespace: str = "learning", **spec: Any) -> FederatedRound:
    """A resource with these sections of its spec."""
    return FederatedRound.read(
        {
            "apiVersion": "xaynet.dev/v1alpha1",
            "kind": "FederatedRound",
            "metadata": {"name": name, "namespace": namespace, "uid": UID, "generation": 1},
            "spec": {"pet": PET, **spec},
        }
    )


def facts(stage: Stage = Stage.SERVING, **versions: str) -> Facts:
    """What is known of a cluster that serves all optional kinds; versions by Secrets' names, with
    ``_`` for ``-``."""
    known = {name.replace("_", "-"): version for name, version in versions.items()}
    return Facts(stage, IMAGES, known, OPTIONAL)


def objects_of(cr: FederatedRound, around: Facts | None = None) -> dict[str, Manifest]:
    """What is desired, by kind and name: ``Service/digits-redis``."""
    wanted = desired(cr, around or facts())
    return {f"{one['kind']}/{one['metadata']['name']}": one for one in wanted}


def pods_in(objects: dict[str, Manifest]) -> dict[str, Manifest]:
    """The pod templates among the objects."""
    return {
        key: one["spec"]["template"]
        for key, one in objects.items()
        if "template" in one.get("spec", {})
    }


def container_of(template: Manifest) -> Manifest:
    """The only container of a pod template."""
    (container,) = template["spec"]["containers"]
    return container
