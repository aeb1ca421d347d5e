"""Making the cluster what is wanted: server-side apply of each object, and the end of all others.

An object is applied again when its manifest has changed, or the object itself since it was applied
last; so drift is repaired, and nothing is sent while nothing happens.
"""

import hashlib
import json
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, cast

import structlog

from xaynet_operator.cluster import Cluster, ClusterRefused
from xaynet_operator.facts import Manifest, ObjectKey, Problem, key_of
from xaynet_operator.manifests.kinds import KIND_OF, Kind
from xaynet_operator.memory import Applied, Memory
from xaynet_operator.owned import MANAGER
from xaynet_operator.ownership import is_left_over, is_owned, may_be_taken
from xaynet_operator.resource import FederatedRound
from xaynet_operator.surroundings import Objects

log = structlog.get_logger()


async def apply_all(
    cr: FederatedRound,
    wanted: Iterable[Manifest],
    live: Objects,
    cluster: Cluster,
    memory: Memory,
) -> tuple[Objects, tuple[Problem, ...]]:
    """Apply each object in turn. All objects as they are then, which the watch may not have told
    yet; and what the API server refused, once all were tried."""
    now, problems = dict(live), list[Problem]()
    for manifest in wanted:
        key = key_of(manifest)
        try:
            outcome = await apply(cr, manifest, live.get(key), cluster, memory)
        except ClusterRefused as refusal:
            log.warning("apply_refused", kind=key.kind, object=key.name, detail=refusal.message)
            outcome = Problem(key, refusal.reason, refusal.message)
        if isinstance(outcome, Problem):
            problems.append(outcome)
        else:
            now[key] = outcome
    return now, tuple(problems)


async def apply(
    cr: FederatedRound, manifest: Manifest, live: Manifest | None, cluster: Cluster, memory: Memory
) -> Manifest | Problem:
    """Make one object what it is to be, unless it is that already; how it is then."""
    key, digest, kind = key_of(manifest), digest_of(manifest), KIND_OF[manifest["kind"]]
    if live is not None and memory.applied.get(key) == Applied(digest, version(live)):
        return live
    if live is None:  # not seen by the watch, at least not yet; it may also be somebody else's
        live = await cluster.get(kind, manifest["metadata"]["namespace"], key.name)
    if live is not None and is_left_over(cr, live):
        return live  # once it is gone it is made anew
    if live is not None and not may_be_taken(cr, live, manifest):
        return Problem(key, "NameTaken", taken(cr, key))
    if live is not None and key.kind == "Job":
        return live  # what a Job does cannot be changed
    applied = await enforce(kind, manifest, cluster, is_new=live is None)
    if live is None or version(live) != version(applied):
        log.info("applied", kind=key.kind, object=key.name)
    memory.applied[key] = Applied(digest, version(applied))
    return applied


async def enforce(kind: Kind, manifest: Manifest, cluster: Cluster, *, is_new: bool) -> Manifest:
    """Server-side apply. It leaves what somebody else has put into a list, even where the object
    cannot be valid with that, as a second port of the same name: then it is overwritten first."""
    try:
        applied = await cluster.apply(kind, manifest, MANAGER)
    except ClusterRefused as refusal:
        if is_new or refusal.status != HTTPStatus.UNPROCESSABLE_ENTITY or "spec" not in manifest:
            raise
    else:
        if is_new or not has_more(applied.get("spec"), manifest.get("spec")):
            return applied
    await overwrite(kind, manifest, cluster)
    return await cluster.apply(kind, manifest, MANAGER)


async def overwrite(kind: Kind, manifest: Manifest, cluster: Cluster) -> None:
    """Make the lists of an object just those of a manifest, and forget that others wrote there,
    ourselves in this way included: applying removes only what nobody else claims."""
    where = (kind, manifest["metadata"]["namespace"], manifest["metadata"]["name"])
    found = await cluster.merge(*where, {"spec": manifest["spec"]}, MANAGER)
    writers = found["metadata"].get("managedFields", [])
    ours = [one for one in writers if (one["manager"], one["operation"]) == (MANAGER, "Apply")]
    await cluster.merge(*where, {"metadata": {"managedFields": ours}}, MANAGER)
    log.info("overwritten", kind=kind.kind, object=where[-1])


def has_more(live: Any, wanted: Any) -> bool:
    """Whether a list of an object is longer than it is to be."""
    if isinstance(wanted, dict) and isinstance(live, dict):
        found, tree = cast(Manifest, live), cast(Manifest, wanted)
        return any(has_more(found.get(name), value) for name, value in tree.items())
    if isinstance(wanted, list) and isinstance(live, list):
        items, several = cast(list[Any], live), cast(list[Any], wanted)
        return len(items) > len(several) or any(map(has_more, items, several))
    return False


def taken(cr: FederatedRound, key: ObjectKey) -> str:
    """The sentence about an object that is not ours."""
    return (
        f"{key.kind} {key.name} is there already and does not belong to FederatedRound "
        f"{cr.metadata.name}: remove or rename it"
    )


async def prune(
    cr: FederatedRound, wanted: Iterable[Manifest], live: Objects, cluster: Cluster, memory: Memory
) -> None:
    """Remove the objects of a resource that are not wanted any more."""
    keep = {key_of(manifest) for manifest in wanted}
    for key, manifest in live.items():
        kind, metadata = KIND_OF.get(key.kind), manifest["metadata"]
        if kind is None or key in keep or not is_owned(cr, manifest):
            continue
        memory.applied.pop(key, None)
        if "deletionTimestamp" not in metadata:
            log.info("pruned", kind=key.kind, object=key.name)
            await cluster.delete(kind, metadata["namespace"], key.name, metadata["uid"])


def version(live: Manifest) -> str:
    """What changes whenever an object does."""
    return live["metadata"]["resourceVersion"]


def digest_of(manifest: Manifest) -> str:
    """What differs when manifests do."""
    return hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()
