"""What reconciling works with, in virtual time: a tiny cluster, and resources as it hands them
out."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from rounds_on_kubernetes import IMAGES, PET
from virtual_loop import now
from xaynet_operator.children import Children
from xaynet_operator.cluster import Cluster
from xaynet_operator.surroundings import Surroundings

START = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)


def today() -> datetime:
    """The time of day of the running virtual loop, which begins at ``START``."""
    return START + timedelta(seconds=now() - 1000)


def around(cluster: Cluster, children: Children | None = None, **options: Any) -> Surroundings:
    """A world in which no coordinator answers, unless one is given as ``http``."""
    return Surroundings(
        cluster=cluster,
        http=options.get("http") or coordinators(nobody),
        children=(children or Children()).of,
        images=IMAGES,
        identity="operator-1",
        random=bytes,
        now=today,
    )


def coordinators(handle: Callable[[httpx.Request], httpx.Response]) -> httpx.AsyncClient:
    """Whoever answers for all of them."""
    return httpx.AsyncClient(transport=httpx.MockTransport(handle), verify=False)


def nobody(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("connection refused", request=request)


def body(
    name: str = "digits",
    uid: str = "uid-0",
    version: int = 1,
    status: dict[str, Any] | None = None,
    spec: dict[str, Any] | None = None,
    **metadata: Any,
) -> dict[str, Any]:
    """A FederatedRound as a watch tells of it."""
    document: dict[str, Any] = {
        "apiVersion": "xaynet.dev/v1alpha1",
        "kind": "FederatedRound",
        "metadata": {
            "name": name,
            "namespace": "learning",
            "uid": uid,
            "generation": 1,
            "resourceVersion": str(version),
            **metadata,
        },
        "spec": {"pet": PET, **(spec or {})},
    }
    return document if status is None else {**document, "status": status}


def stored(cluster: Any, document: dict[str, Any]) -> dict[str, Any]:
    """The resource as it is once the tiny cluster has it."""
    where = "/apis/xaynet.dev/v1alpha1/namespaces/learning/federatedrounds"
    status, made = cluster.do("POST", where, document)
    assert status == 201
    return made
