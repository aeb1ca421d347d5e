"""The managed MinIO: the models, and the encrypted parts of rounds in flight.

The coordinator makes its buckets, with plain S3 calls. Retained models outlive the resource: their
claim has no owner, and a resource of the same name finds it again.
"""

from collections.abc import Iterator

from xaynet_operator.facts import Facts, Manifest
from xaynet_operator.manifests.connections import MINIO_PORT, models_credentials, retains_models
from xaynet_operator.manifests.objects import outliving
from xaynet_operator.manifests.pods import (
    disruption_budget,
    given,
    http_probe,
    mounted,
    pod_spec,
    resources,
    restarted_by,
    variable_from,
    variables,
)
from xaynet_operator.manifests.stateful import DATA, claim, data_volume, service, stateful_set
from xaynet_operator.owned import Component
from xaynet_operator.resource import FederatedRound, ManagedModels

MINIO = Component.MINIO


def minio(cr: FederatedRound, facts: Facts) -> Iterator[Manifest]:
    """Everything that belongs to the managed MinIO."""
    store = cr.spec.models.managed or ManagedModels()
    pod = pod_spec(cr, store, container(cr, facts, store), [data_volume(cr, MINIO)])
    volume = claim(cr, MINIO, store)
    yield outliving(volume) if retains_models(cr) else volume
    yield service(cr, MINIO, "s3", MINIO_PORT)
    yield stateful_set(cr, MINIO, 1, restarted_by(facts, pod), pod)
    yield disruption_budget(cr, MINIO)


def container(cr: FederatedRound, facts: Facts, store: ManagedModels) -> Manifest:
    """``minio server`` and how its health is seen."""
    return {
        "name": "minio",
        "image": store.image or facts.images.minio,
        **given(imagePullPolicy=facts.images.pull_policy),
        "args": ["server", DATA, "--address", f":{MINIO_PORT}", "--certs-dir", "/tmp/certs"],
        "env": environment(cr),
        "ports": [{"name": "s3", "containerPort": MINIO_PORT}],
        "resources": resources(store, cpu="50m", memory="128Mi"),
        **probes(),
        "volumeMounts": [mounted("data", DATA, read_only=False)],
    }


def environment(cr: FederatedRound) -> list[Manifest]:
    """Who may come in; no console, and no look for newer versions."""
    secret = models_credentials(cr)
    return [
        variable_from("MINIO_ROOT_USER", secret.name, secret.access_key_entry),
        variable_from("MINIO_ROOT_PASSWORD", secret.name, secret.secret_key_entry),
        *variables(MINIO_BROWSER="off", MINIO_UPDATE="off", HOME="/tmp"),
    ]


def probes() -> Manifest:
    """MinIO's own. It answers some time before it can write, so ready is who can."""
    live, writes = "/minio/health/live", "/minio/health/cluster"
    return {
        "startupProbe": http_probe(
            live, "s3", periodSeconds=2, timeoutSeconds=5, failureThreshold=150
        ),
        "readinessProbe": http_probe(writes, "s3", periodSeconds=2, timeoutSeconds=5),
        "livenessProbe": http_probe(live, "s3", periodSeconds=15, timeoutSeconds=10),
    }
