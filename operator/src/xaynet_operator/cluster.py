"""The API server: the only place where objects of Kubernetes are read and written."""

import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any, cast

import aiohttp
from kubernetes.aio import config as configs
from kubernetes.aio.client import ApiClient, Configuration

from xaynet_operator.facts import Manifest
from xaynet_operator.manifests.kinds import Kind

APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
JSON = "application/json"
METADATA = f"{JSON};as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
METADATA_LIST = f"{JSON};as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
REQUEST_SECONDS = 10.0
# Server-side apply answers 500 to a field that its kind does not have, such as one of an affinity.
NOT_OF_ITS_KIND = "failed to create typed patch object"


class ClusterRefused(Exception):
    """The API server said no, for good: the same request would be refused again."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.status, self.reason, self.message = status, reason, message


class ClusterUnavailable(Exception):
    """The API server does not answer, or asks to come again later."""


class Cluster:
    """The API server, with the verbs that reconciling needs."""

    def __init__(self, api: Any) -> None:
        """``api`` is an ``ApiClient``, most of which has no types."""
        self._api = api

    async def get(
        self, kind: Kind, namespace: str, name: str, *, accept: str = JSON
    ) -> Manifest | None:
        """One object, or None."""
        try:
            return await self._ask("GET", path(kind, namespace, name), accept=accept)
        except ClusterRefused as refusal:
            if refusal.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    async def all(self, kind: Kind, namespace: str | None = None) -> list[Manifest]:
        """All objects of a kind, of one namespace or of all."""
        found = await self._ask("GET", path(kind, namespace))
        return found["items"] or []

    async def all_metadata(
        self, kind: Kind, namespace: str | None, labels: Mapping[str, str]
    ) -> list[Manifest]:
        """Objects that carry labels, of one namespace or of all, without what is in them."""
        query = {"labelSelector": ",".join(f"{key}={value}" for key, value in labels.items())}
        found = await self._ask("GET", path(kind, namespace), query, accept=METADATA_LIST)
        named = {"apiVersion": kind.api_version, "kind": kind.kind}
        return [{**item, **named} for item in found["items"] or ()]

    async def metadata(self, kind: Kind, namespace: str, name: str) -> Manifest | None:
        """One object without what is in it, or None."""
        return await self.get(kind, namespace, name, accept=METADATA)

    async def apply(
        self, kind: Kind, manifest: Manifest, manager: str, *, subresource: str = ""
    ) -> Manifest:
        """Server-side apply: from now on the manager owns just the fields of the manifest."""
        metadata = manifest["metadata"]
        where = path(kind, metadata["namespace"], metadata["name"], subresource)
        query = {"fieldManager": manager, "force": "true"}
        return await self._ask("PATCH", where, query, manifest, content=APPLY)

    async def create(self, kind: Kind, manifest: Manifest, manager: str) -> Manifest:
        """A new object; refused with 409 if there is one of that name."""
        where = path(kind, manifest["metadata"]["namespace"])
        return await self._ask("POST", where, {"fieldManager": manager}, manifest)

    async def merge(
        self, kind: Kind, namespace: str, name: str, patch: Manifest, manager: str
    ) -> Manifest:
        """Change some fields of an object."""
        where = path(kind, namespace, name)
        return await self._ask("PATCH", where, {"fieldManager": manager}, patch, content=MERGE)

    async def replace(self, kind: Kind, manifest: Manifest) -> Manifest:
        """The whole object, refused with 409 if it has changed since it was read."""
        metadata = manifest["metadata"]
        return await self._ask(
            "PUT", path(kind, metadata["namespace"], metadata["name"]), {}, manifest
        )

    async def delete(self, kind: Kind, namespace: str, name: str, uid: str) -> None:
        """Remove an object and what it owns, unless another one has taken its name."""
        options = {"propagationPolicy": "Background", "preconditions": {"uid": uid}}
        try:
            await self._ask("DELETE", path(kind, namespace, name), {}, options)
        except ClusterRefused as refusal:
            if refusal.status not in (HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT):
                raise

    async def serves(self, kind: Kind) -> bool:
        """Whether the cluster knows a kind."""
        try:
            found = await self._ask("GET", group_path(kind.api_version))
        except ClusterRefused as refusal:
            if refusal.status == HTTPStatus.NOT_FOUND:
                return False
            raise
        return any(one["kind"] == kind.kind for one in found["resources"])

    async def _ask(
        self,
        method: str,
        where: str,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        *,
        content: str = JSON,
        accept: str = JSON,
    ) -> dict[str, Any]:
        request = await self._api.param_serialize(
            method,
            where,
            query_params=list((query or {}).items()),
            header_params={"Accept": accept, "Content-Type": content},
            body=body,
            auth_settings=["BearerToken"],
        )
        try:
            response = await self._api.call_api(*request, _request_timeout=REQUEST_SECONDS)
            text = await response.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ClusterUnavailable(f"the API server does not answer: {error!r}") from error
        return answer(response.status, text)


def answer(status: int, text: bytes) -> dict[str, Any]:
    """The document of a response; raises what it says if it is a refusal."""
    if status < HTTPStatus.BAD_REQUEST:
        return json.loads(text)
    try:
        told = json.loads(text)
        reason, message = str(told.get("reason")), str(told.get("message"))
    except (ValueError, AttributeError):
        reason, message = "", text.decode(errors="replace")[:200]
    is_busy = status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR
    if is_busy and not message.startswith(NOT_OF_ITS_KIND):
        raise ClusterUnavailable(f"the API server answers {status}: {message}")
    raise ClusterRefused(status, reason, message)


def is_older(version: str, than: str) -> bool:
    """Whether a resourceVersion is of an earlier write: they are numbers that grow."""
    return version.isdigit() and than.isdigit() and int(version) < int(than)


def path(kind: Kind, namespace: str | None, name: str = "", subresource: str = "") -> str:
    """Where an object is, or all of a kind."""
    scope = ["namespaces", namespace] if namespace else []
    parts = [group_path(kind.api_version), *scope, kind.plural, name, subresource]
    return "/".join(part for part in parts if part)


def group_path(api_version: str) -> str:
    """Where the kinds of a version are listed."""
    return f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"


@asynccontextmanager
async def connected() -> AsyncGenerator[Cluster]:
    """The cluster that the program runs in, or else the one of the kubeconfig."""
    configuration, library = Configuration(), cast(Any, configs)
    try:
        library.load_incluster_config(client_configuration=configuration)
    except configs.ConfigException:
        await library.load_kube_config(client_configuration=configuration)
    async with ApiClient(configuration) as api:
        yield Cluster(api)
