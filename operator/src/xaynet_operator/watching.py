"""What kopf watches for us: resources, and everything that belongs to them.

Nothing is decided here. kopf's high-level handlers would write annotations, and its timers and
daemons a finalizer, into every resource; events and indices leave them alone.
"""

from collections.abc import Mapping
from typing import Any

import kopf

from xaynet_operator.facts import Manifest, ObjectKey
from xaynet_operator.household import Household
from xaynet_operator.manifests.kinds import KINDS, SECRET, Kind
from xaynet_operator.owned import INSTANCE, MANAGED_BY, MANAGER
from xaynet_operator.settings import OperatorSettings
from xaynet_operator.surroundings import Objects
from xaynet_operator.telling import FEDERATED_ROUND

POD = Kind("v1", "Pod", "pods")
WATCHED = tuple(kind for kind in (*KINDS, POD) if kind != SECRET)
"""Secrets are not watched: what is in them would be held in memory."""
OURS: Mapping[str, str] = {MANAGED_BY: MANAGER}
CHILDREN = "children"

Index = Mapping[tuple[str, str], Any]


class Children:
    """The objects that belong to each resource, as kopf's index holds them."""

    def __init__(self) -> None:
        self.index: Index = {}

    def of(self, namespace: str, name: str) -> Objects:
        """Those of one resource."""
        found = self.index.get((namespace, name), ())
        return {ObjectKey(one["kind"], one["metadata"]["name"]): one for one in found}


def registry(household: Household, children: Children) -> kopf.OperatorRegistry:
    """What is to be called when something changes."""
    registry = kopf.OperatorRegistry()
    kopf.on.login(registry=registry)(log_in)

    @kopf.on.event(FEDERATED_ROUND.api_version, FEDERATED_ROUND.plural, registry=registry)
    async def resource_changed(body: kopf.Body, **given: Any) -> None:
        children.index = given[CHILDREN]
        (household.miss if given["type"] == "DELETED" else household.see)(plain(body))

    for kind in WATCHED:
        watch(kind, registry, household)
    return registry


def log_in(**given: Any) -> kopf.ConnectionInfo | None:
    """With what the pod was given, or else with the kubeconfig."""
    return kopf.login_with_service_account(**given) or kopf.login_with_kubeconfig(**given)


def watch(kind: Kind, registry: kopf.OperatorRegistry, household: Household) -> None:
    """Keep the objects of a kind in the index, and wake whoever looks after their resource."""

    def index(body: kopf.Body, **_: Any) -> Any:
        return {resource_of(body): as_seen(kind, body)}

    async def changed(body: kopf.Body, **_: Any) -> None:
        household.wake(*resource_of(body))

    where = (kind.api_version, kind.plural)
    marks = {**OURS, INSTANCE: kopf.PRESENT}
    kopf.index(*where, id=CHILDREN, labels=marks, registry=registry)(index)
    kopf.on.event(*where, id=f"{kind.plural}_changed", labels=marks, registry=registry)(changed)


def resource_of(body: Mapping[str, Any]) -> tuple[str, str]:
    """Namespace and name of the resource that an object belongs to."""
    metadata = body["metadata"]
    return metadata["namespace"], metadata["labels"][INSTANCE]


def plain(body: Mapping[str, Any]) -> dict[str, Any]:
    """A body as an ordinary document, without what only the API server needs."""
    document = dict(body)
    document["metadata"] = {k: v for k, v in body["metadata"].items() if k != "managedFields"}
    return document


def as_seen(kind: Kind, body: Mapping[str, Any]) -> Manifest:
    """An object as it is kept in memory."""
    return {**plain(body), "apiVersion": kind.api_version, "kind": kind.kind}


def kopf_settings(settings: OperatorSettings) -> kopf.OperatorSettings:
    """Watches that cannot die in silence, and none of kopf's own traces in the cluster."""
    chosen = kopf.OperatorSettings()
    chosen.watching.server_timeout = 300
    chosen.watching.client_timeout = 310
    chosen.watching.connect_timeout = 30
    chosen.posting.enabled = False
    chosen.peering.standalone = True
    chosen.scanning.disabled = bool(settings.watched)
    return chosen
