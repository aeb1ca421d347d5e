"""The coordinator: its settings, its pod, and the Services in front of it.

It is ready once it has round parameters to serve; before that participants find nobody, and wait,
as they do at any outage. The operator brings the parameters, so it reaches the control port also
while the coordinator is not ready.
"""

from collections.abc import Iterator

from xaynet_operator.facts import Facts, Manifest, Stage
from xaynet_operator.manifests.config import CONTROL_TOKEN, ROUNDS_KEY, config_toml
from xaynet_operator.manifests.connections import (
    models_credentials,
    redis_url,
    rounds_credentials,
)
from xaynet_operator.manifests.kinds import CONFIG_MAP, DEPLOYMENT
from xaynet_operator.manifests.network import CONTROL_PORT, PUBLIC_PORT
from xaynet_operator.manifests.objects import name_of, owned_object
from xaynet_operator.manifests.pods import (
    disruption_budget,
    files_of_config,
    files_of_secret,
    given,
    http_probe,
    mounted,
    pod_spec,
    resources,
    restarted_by,
    variable_from,
)
from xaynet_operator.owned import Component, labels, selector
from xaynet_operator.resource import CredentialsSecret, FederatedRound

COORDINATOR = Component.COORDINATOR
CONFIG = "/etc/xaynet/config.toml"


def coordinator_config(cr: FederatedRound) -> Manifest:
    """The ConfigMap with ``config.toml``; the Job that erases reads it, too."""
    return owned_object(cr, CONFIG_MAP, COORDINATOR, data={"config.toml": config_toml(cr)})


def coordinator(cr: FederatedRound, facts: Facts) -> Iterator[Manifest]:
    """The workload. A second coordinator beside it would take the lead from it: ``Recreate``."""
    spec = {
        "replicas": 0 if facts.stage is Stage.ASLEEP else 1,
        "revisionHistoryLimit": 2,
        "strategy": {"type": "Recreate"},
        "selector": {"matchLabels": selector(cr.metadata.name, COORDINATOR)},
        "template": template(cr, facts),
    }
    yield owned_object(cr, DEPLOYMENT, COORDINATOR, spec=spec)
    yield disruption_budget(cr, COORDINATOR)


def template(cr: FederatedRound, facts: Facts) -> Manifest:
    """Its pods. Labels and annotations of the user's own never take the place of ours."""
    wanted = cr.spec.coordinator
    pod = coordinator_pod(cr, facts, serving())
    restarts = restarted_by(facts, pod, config_toml(cr))
    metadata = {
        "labels": {**(wanted.pod_labels or {}), **labels(cr.metadata.name, COORDINATOR)},
        "annotations": {**(wanted.pod_annotations or {}), **restarts},
    }
    return {"metadata": metadata, "spec": {**pod, "terminationGracePeriodSeconds": 30}}


def serving() -> Manifest:
    """What the container does: it serves both ports until it is told to end."""
    return {
        "args": ["-c", CONFIG],
        "ports": [
            {"name": "http", "containerPort": PUBLIC_PORT},
            {"name": "control", "containerPort": CONTROL_PORT},
        ],
        "startupProbe": http_probe("/healthz", "control", periodSeconds=1, failureThreshold=120),
        "readinessProbe": http_probe("/readyz", "control", periodSeconds=2, timeoutSeconds=5),
        "livenessProbe": http_probe("/healthz", "control", periodSeconds=10, timeoutSeconds=10),
    }


def coordinator_pod(cr: FederatedRound, facts: Facts, work: Manifest) -> Manifest:
    """A pod of the coordinator's program, with its settings and all its secrets."""
    wanted = cr.spec.coordinator
    container = {
        "name": "coordinator",
        "image": wanted.image or facts.images.coordinator,
        **given(imagePullPolicy=wanted.image_pull_policy or facts.images.pull_policy),
        "command": ["xaynet-coordinator"],
        **work,
        "env": list(environment(cr)),
        "resources": resources(wanted, cpu="100m", memory="256Mi"),
        "volumeMounts": [
            mounted("config", folder(CONFIG)),
            mounted("control", folder(CONTROL_TOKEN)),
            mounted("rounds", folder(ROUNDS_KEY)),
        ],
    }
    return pod_spec(cr, wanted, container, volumes(cr))


def environment(cr: FederatedRound) -> Iterator[Manifest]:
    """The ways into the stores, which the environment adds to ``config.toml``."""
    url, rounds = redis_url(cr), rounds_credentials(cr)
    yield variable_from("XAYNET__REDIS__URL", url.name, url.key)
    yield from credentials("XAYNET__S3", models_credentials(cr))
    if rounds is not None:
        yield from credentials("XAYNET__S3__ROUNDS", rounds)


def credentials(prefix: str, secret: CredentialsSecret) -> Iterator[Manifest]:
    """The two keys of S3."""
    yield variable_from(f"{prefix}__ACCESS_KEY", secret.name, secret.access_key_entry)
    yield variable_from(f"{prefix}__SECRET_ACCESS_KEY", secret.name, secret.secret_key_entry)


def volumes(cr: FederatedRound) -> list[Manifest]:
    """Its settings, the token of the control API, the key that wraps the keys of rounds."""
    return [
        files_of_config("config", name_of(cr, COORDINATOR)),
        files_of_secret("control", name_of(cr, Component.CONTROL), file(CONTROL_TOKEN)),
        files_of_secret("rounds", name_of(cr, Component.ROUNDS), file(ROUNDS_KEY)),
    ]


def folder(path: str) -> str:
    """All of a path but its last part."""
    return path.rpartition("/")[0]


def file(path: str) -> str:
    """The last part of a path."""
    return path.rpartition("/")[2]
