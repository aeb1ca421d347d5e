"""What kopf watches for us: resources, and everything that belongs to them.

Nothing is decided here. kopf's high-level handlers would write annotations, and its timers and
daemons a finalizer, into every resource; events and indices leave them alone. Its indices keep
what was removed while a watch was cut, so we only use that they are filled before anything else.
"""

from collections.abc import Callable, Mapping
from typing import Any

import kopf

from xaynet_operator.children import Children, parent_of
from xaynet_operator.facts import Manifest
from xaynet_operator.household import Household
from xaynet_operator.manifests.kinds import KINDS, SECRET, Kind
from xaynet_operator.owned import INSTANCE, OURS
from xaynet_operator.settings import OperatorSettings
from xaynet_operator.telling import FEDERATED_ROUND

POD = Kind("v1", "Pod", "pods")
WATCHED = tuple(kind for kind in (*KINDS, POD) if kind != SECRET)
"""Secrets are not watched: what is in them would be held in memory."""
SELECTOR = ",".join([*(f"{name}={value}" for name, value in OURS.items()), INSTANCE])
DELETED = "DELETED"
EXITING_SECONDS = 10  # where kopf hangs at its end, as without credentials, it is killed then
BACKOFFS = (1, 1, 2, 3, *[5] * 12)  # seconds; a minute of refusals ends kopf, and so the operator


def registry(
    household: Household, children: Children, listed: Callable[[], None]
) -> kopf.OperatorRegistry:
    """What is to be called when something changes; ``listed`` when a watch begins with a list."""
    registry = kopf.OperatorRegistry()
    kopf.on.login(registry=registry)(log_in)

    @kopf.on.cleanup(registry=registry)
    async def end(**_: Any) -> None:
        await household.close()  # kopf would wait a while for tasks that it does not know

    @kopf.on.event(FEDERATED_ROUND.api_version, FEDERATED_ROUND.plural, registry=registry)
    async def resource_changed(event: kopf.RawEvent, body: kopf.Body, **_: Any) -> None:
        if event["type"] is None:
            listed()
        (household.miss if event["type"] == DELETED else household.see)(plain(body))

    for kind in WATCHED:
        watch(kind, registry, household, children)
    return registry


def log_in(**given: Any) -> kopf.ConnectionInfo | None:
    """With what the pod was given, or else with the kubeconfig."""
    return kopf.login_with_service_account(**given) or kopf.login_with_kubeconfig(**given)


def watch(
    kind: Kind, registry: kopf.OperatorRegistry, household: Household, children: Children
) -> None:
    """Remember the objects of a kind, and wake whoever looks after their resource."""

    def index(body: kopf.Body, **_: Any) -> None:
        children.see(as_seen(kind, body))

    async def changed(event: kopf.RawEvent, body: kopf.Body, **_: Any) -> None:
        seen = as_seen(kind, body)
        if event["type"] == DELETED:
            children.miss(seen)
        household.wake(*parent_of(seen))

    where = (kind.api_version, kind.plural)
    marks = {**OURS, INSTANCE: kopf.PRESENT}
    kopf.index(*where, id=f"{kind.plural}_seen", labels=marks, registry=registry)(index)
    kopf.on.event(*where, id=f"{kind.plural}_changed", labels=marks, registry=registry)(changed)


def plain(body: Mapping[str, Any]) -> dict[str, Any]:
    """A body as an ordinary document, without what only the API server needs."""
    document = dict(body)
    document["metadata"] = {k: v for k, v in body["metadata"].items() if k != "managedFields"}
    return document


def as_seen(kind: Kind, body: Mapping[str, Any]) -> Manifest:
    """An object as it is kept in memory."""
    return {**plain(body), "apiVersion": kind.api_version, "kind": kind.kind}


def kopf_settings(settings: OperatorSettings) -> kopf.OperatorSettings:
    """Watches that cannot die in silence, of our objects only, and none of kopf's own traces in
    the cluster."""
    chosen = kopf.OperatorSettings()
    chosen.watching.server_timeout = 300
    chosen.watching.client_timeout = 310
    chosen.watching.connect_timeout = 30
    chosen.networking.request_timeout = 60
    chosen.networking.connect_timeout = 10
    chosen.networking.error_backoffs = BACKOFFS
    for kind in WATCHED:
        chosen.watching.label_selectors[kind.api_version, kind.plural] = SELECTOR
    chosen.process.ultimate_exiting_timeout = EXITING_SECONDS
    chosen.posting.enabled = False
    chosen.peering.standalone = True
    chosen.scanning.disabled = bool(settings.watched)
    return chosen
