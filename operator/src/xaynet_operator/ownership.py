"""Whose an object is. Pure."""

from xaynet_operator.facts import Manifest
from xaynet_operator.owned import COMPONENT, INSTANCE, MANAGED_BY
from xaynet_operator.resource import FederatedRound

IDENTIFYING = (INSTANCE, COMPONENT, MANAGED_BY)


def controller(manifest: Manifest) -> str | None:
    """The uid of the one who owns an object, if somebody does."""
    owners = manifest["metadata"].get("ownerReferences", [])
    return next((owner["uid"] for owner in owners if owner.get("controller")), None)


def is_owned(cr: FederatedRound, live: Manifest) -> bool:
    """Whether an object is this very resource's, and not of an earlier one of the same name."""
    return cr.metadata.uid is not None and controller(live) == cr.metadata.uid


def is_left_over(cr: FederatedRound, live: Manifest) -> bool:
    """Whether an object is of an earlier resource of the same name: the cluster removes it."""
    owners = live["metadata"].get("ownerReferences", [])
    names = {(one["kind"], one["name"]) for one in owners if one.get("controller")}
    return (cr.kind, cr.metadata.name) in names and not is_owned(cr, live)


def may_be_taken(cr: FederatedRound, live: Manifest, wanted: Manifest) -> bool:
    """Whether an object that is there already may be made what is wanted: it is the resource's
    own, or nobody's and has its labels, as a retained volume or where an owner was removed."""
    if is_owned(cr, live):
        return True
    same = all(_label(live, key) == _label(wanted, key) for key in IDENTIFYING)
    return same and controller(live) is None


def _label(manifest: Manifest, key: str) -> str | None:
    return manifest["metadata"].get("labels", {}).get(key)
