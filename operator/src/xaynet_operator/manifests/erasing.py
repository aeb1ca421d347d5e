"""The Job that erases what a terminated service leaves in its stores."""

from xaynet_operator.facts import Facts, Manifest
from xaynet_operator.manifests.connections import retains_models
from xaynet_operator.manifests.coordinator import CONFIG, coordinator_pod
from xaynet_operator.manifests.kinds import JOB
from xaynet_operator.manifests.objects import owned_object
from xaynet_operator.owned import Component, labels
from xaynet_operator.resource import FederatedRound

ERASE = Component.ERASE
SECONDS_FOR_STORES = 35
SECONDS_IN_ALL = 45  # a terminated service has gone after 60


def erasing(cr: FederatedRound, facts: Facts) -> Manifest:
    """The Job. Its pods never change with Secrets: a Job's template cannot."""
    pod = {**coordinator_pod(cr, facts, {"args": arguments(cr)}), "restartPolicy": "Never"}
    metadata = {"labels": labels(cr.metadata.name, ERASE)}
    spec = {
        "backoffLimit": 2,
        "activeDeadlineSeconds": SECONDS_IN_ALL,
        "template": {"metadata": metadata, "spec": pod},
    }
    return owned_object(cr, JOB, ERASE, spec=spec)


def arguments(cr: FederatedRound) -> list[str]:
    """The models go by name only where no volume goes with them."""
    words = ["erase", "-c", CONFIG, "--timeout", str(SECONDS_FOR_STORES)]
    external = cr.spec.models.external is not None
    return [*words, "--models"] if external and not retains_models(cr) else words
