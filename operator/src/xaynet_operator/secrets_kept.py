"""Generated Secrets: each value is drawn once and then left alone, whatever it is.

Of what is in a Secret only the names of its entries matter here, and the token of the control API.
Whoever edits a Secret rotates it: its version changes, and with it the pods that use it.
"""

import base64
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from xaynet_operator.cluster import Cluster, ClusterRefused
from xaynet_operator.facts import Manifest, Stage
from xaynet_operator.generated import Entry, entries_of, missing
from xaynet_operator.manifests.connections import secrets_used
from xaynet_operator.manifests.kinds import SECRET
from xaynet_operator.manifests.objects import name_of, namespace_of
from xaynet_operator.manifests.secrets import secrets
from xaynet_operator.memory import Memory
from xaynet_operator.owned import INSTANCE, MANAGED_BY, MANAGER, Component
from xaynet_operator.ownership import may_be_taken
from xaynet_operator.resource import FederatedRound

DRAWER = "xaynet-operator-secrets"  # the field manager of values, so that applying leaves them be
TOKEN = "token"
ENTRIES = frozenset({"f:data", "f:stringData"})  # applied as text, they are only known as that
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class SecretKeeper:
    """Sees to it that generated Secrets have their values."""

    cluster: Cluster
    random: Callable[[int], bytes]

    async def found(self, cr: FederatedRound) -> list[Manifest]:
        """The Secrets of a resource, without what is in them."""
        labels = {INSTANCE: cr.metadata.name, MANAGED_BY: MANAGER}
        return await self.cluster.all_metadata(SECRET, namespace_of(cr), labels)

    async def complete(
        self, cr: FederatedRound, stage: Stage, found: Mapping[str, Manifest], memory: Memory
    ) -> None:
        """Draw what is missing in the Secrets of a stage, and remember the token among them."""
        for manifest in secrets(cr, stage):
            name = manifest["metadata"]["name"]
            known = name in found and memory.secrets.get(name) == version(found[name])
            if not known:
                await self.keep(cr, manifest, entries_of(cr, stage)[name], memory)

    async def keep(
        self, cr: FederatedRound, manifest: Manifest, entries: tuple[Entry, ...], memory: Memory
    ) -> None:
        """See to one Secret. Why one is refused, applying it will tell."""
        name = manifest["metadata"]["name"]
        try:
            secret = await self.fill(cr, manifest, entries)
        except ClusterRefused as refusal:
            log.warning("secret_refused", object=name, detail=refusal.message)
            return
        memory.secrets[name] = version(secret)
        if name == name_of(cr, Component.CONTROL):
            memory.token = decoded(secret).get(TOKEN, b"").decode()

    async def fill(
        self, cr: FederatedRound, manifest: Manifest, entries: tuple[Entry, ...]
    ) -> Manifest:
        """The Secret with a value for each entry. Somebody else's is left as it is."""
        name, namespace = manifest["metadata"]["name"], namespace_of(cr)
        found = await self.cluster.get(SECRET, namespace, name)
        if found is not None and not may_be_taken(cr, found, manifest):
            return found
        held = {} if found is None else decoded(found)
        drawn = encoded(missing(entries, held, self.random))
        if found is None:
            return await self.cluster.create(SECRET, {**manifest, "data": drawn}, DRAWER)
        if not drawn:
            return found
        since = {"resourceVersion": found["metadata"]["resourceVersion"]}  # nobody else's is lost
        patch = {"metadata": since, "data": drawn}
        return await self.cluster.merge(SECRET, namespace, name, patch, DRAWER)

    async def versions(self, cr: FederatedRound, memory: Memory) -> dict[str, str]:
        """The versions of all Secrets that pods use, as far as there are any."""
        found = {name: await self.version_of(cr, name, memory) for name in secrets_used(cr)}
        return {name: version for name, version in found.items() if version is not None}

    async def version_of(self, cr: FederatedRound, name: str, memory: Memory) -> str | None:
        """The version of a Secret that pods use: a generated one's is known, somebody else's is
        asked for; None if there is none."""
        if name in memory.secrets:
            return memory.secrets[name]
        secret = await self.cluster.metadata(SECRET, namespace_of(cr), name)
        return None if secret is None else version(secret)


def decoded(secret: Manifest) -> dict[str, bytes]:
    """The entries of a Secret."""
    return {name: base64.b64decode(text) for name, text in secret.get("data", {}).items()}


def encoded(entries: Mapping[str, bytes]) -> dict[str, str]:
    """Entries in the form that a Secret has them."""
    return {name: base64.b64encode(value).decode() for name, value in entries.items()}


def version(secret: Manifest) -> str:
    """What changes when the content of a Secret does: which object it is, and who wrote which
    entries when. Times are whole seconds, so who it was counts too. Labels and the like do not."""
    metadata = secret["metadata"]
    writes = sorted(
        f"{one.get('manager')} {one.get('operation')} {one.get('time')} {sorted(entries)}"
        for one in metadata.get("managedFields", [])
        if (entries := entries_written(one))
    )
    digest = hashlib.sha256("\n".join(writes).encode()).hexdigest()[:16]
    return f"{metadata['uid']}/{digest}"


def entries_written(writer: Mapping[str, Any]) -> set[str]:
    """The entries of a Secret that one of its writers claims."""
    fields = writer.get("fieldsV1", {})
    return {name for key in ENTRIES for name in fields.get(key, {})} - {"."}
