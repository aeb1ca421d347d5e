"""The Secrets of a resource, without values: those are drawn once and never in a manifest."""

from collections.abc import Iterator

from xaynet_operator.facts import Manifest, Stage
from xaynet_operator.generated import components_with_secrets
from xaynet_operator.manifests.kinds import SECRET
from xaynet_operator.manifests.objects import owned_object
from xaynet_operator.resource import FederatedRound


def secrets(cr: FederatedRound, stage: Stage) -> Iterator[Manifest]:
    """Who they belong to. Applying this leaves their values alone."""
    for component in components_with_secrets(cr, stage):
        yield owned_object(cr, SECRET, component, type="Opaque")
