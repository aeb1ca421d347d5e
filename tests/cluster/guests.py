"""Resources whose stores are external: those of another resource, their host."""

from typing import Any

from node.manifests import manifest
from served import LITTLE, Served, Tree
from xaynet_operator.owned import Component

NOWHERE = "nowhere.invalid"
"""A host that there is not."""


def guest(
    host: Served,
    name: str,
    url: str | None = None,
    keys: dict[str, str] | None = None,
    endpoint: str | None = None,
    **spec: Any,
) -> Served:
    """A resource that stores where its host does, but for what is given; not applied."""
    write_secret(host, f"{name}-redis-url", {"url": url or url_of_redis(host)})
    write_secret(host, f"{name}-s3", keys or host.secret(Component.MINIO))
    stores: Tree = {
        "redis": {"external": {"urlSecretRef": {"name": f"{name}-redis-url"}}},
        "models": {"external": buckets(name, endpoint or endpoint_of_minio(host))},
        "coordinator": LITTLE,
    }
    return Served(host.cluster, host.namespace, name, **(stores | spec))


def buckets(name: str, endpoint: str) -> Tree:
    secret = {"name": f"{name}-s3"}
    return {"endpoint": endpoint, "bucket": f"{name}-models", "credentialsSecretRef": secret}


def url_of_redis(host: Served, password: str | None = None, at: str | None = None) -> str:
    secret = password or host.secret(Component.REDIS)["password"]
    return f"redis://:{secret}@{at or host.object_name(Component.REDIS)}:6379/0"


def endpoint_of_minio(host: Served) -> str:
    return f"http://{host.object_name(Component.MINIO)}:9000"


def write_secret(host: Served, name: str, values: dict[str, str]) -> None:
    """Create a Secret in the namespace of a resource, or change it."""
    secret = manifest("v1", "Secret", name, host.namespace, stringData=values)
    host.cluster.apply(secret)
