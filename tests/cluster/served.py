"""A FederatedRound on a cluster: applied, edited, watched, and spoken to.

with Served(cluster, namespace, "digits", rounds=2) as service:
    service.wait_for_condition("Ready")
    Round(service).to_update()            # tests/support/one_round.py
    service.edit({"desiredState": "Paused"})
"""

import json
import time
from base64 import b64decode
from collections.abc import Callable, Iterator
from typing import Any, Self

import httpx
from kubernetes import client, config, watch
from minio import Minio
from redis import Redis

from node.interface import Cluster
from node.waiting import ClusterFailed
from speaking import Speaking
from xaynet_operator.owned import Component, object_name

GROUP, VERSION, PLURAL = "xaynet.dev", "v1alpha1", "federatedrounds"
PUBLIC_PORT, CONTROL_PORT, REDIS_PORT, MINIO_PORT = 8081, 8082, 6379, 9000
WATCH_AGAIN = (410, 504)  # what the API server holds for watches is too old, or not new enough yet
Tree = dict[str, Any]

# Small, and patient: a phase ends when those that the test sends have come. Twenty of them fit.
PET: Tree = {
    "model": {"length": 50},
    "mask": {"groupType": "Prime", "dataType": "F32", "boundType": "B0", "modelType": "M3"},
    "sum": {"prob": 0.4, "count": {"min": 2, "max": 2}, "time": {"min": 0, "max": 600}},
    "update": {"prob": 0.9, "count": {"min": 3, "max": 3}, "time": {"min": 0, "max": 600}},
    "sum2": {"count": {"min": 2, "max": 2}, "time": {"min": 0, "max": 600}},
}
LITTLE: Tree = {"resources": {"requests": {"cpu": "5m", "memory": "32Mi"}}}


def manifest(name: str, namespace: str, **spec: Any) -> Tree:
    """A FederatedRound that asks for little."""
    whole = {
        "pet": PET,
        "coordinator": LITTLE,
        "redis": {"managed": LITTLE | {"storage": "64Mi"}},
        "models": {"managed": LITTLE | {"storage": "64Mi"}},
    }
    return {
        "apiVersion": f"{GROUP}/{VERSION}",
        "kind": "FederatedRound",
        "metadata": {"name": name, "namespace": namespace},
        "spec": whole | spec,
    }


class Served(Speaking):
    """One resource, and the service behind it; deleted when the context ends."""

    def __init__(self, cluster: Cluster, namespace: str, name: str, **spec: Any) -> None:
        self.cluster, self.namespace, self.name = cluster, namespace, name
        self.manifest = manifest(name, namespace, **spec)
        self.http = httpx.Client(timeout=30)
        self._api = client.CustomObjectsApi(
            config.new_client_from_config(config_file=str(cluster.kubeconfig))
        )

    def __enter__(self) -> Self:
        self.apply()
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()
        self.kubectl("delete", "federatedround", self.name, "--ignore-not-found", "--wait=false")

    # the resource

    def apply(self) -> None:
        self.cluster.apply(self.manifest)

    def edit(self, spec: Tree) -> int:
        """Merge something into the spec, as `kubectl patch` does; the new generation."""
        patch = json.dumps({"spec": spec})
        self.kubectl("patch", "federatedround", self.name, "--type=merge", f"--patch={patch}")
        return self.body()["metadata"]["generation"]

    def delete(self, *, wait: bool = True, timeout: float = 90) -> None:
        self.kubectl(
            "delete", "federatedround", self.name, f"--wait={str(wait).lower()}", timeout=timeout
        )

    def body(self) -> Tree:
        """The resource as it is."""
        return self._api.get_namespaced_custom_object(
            GROUP, VERSION, self.namespace, PLURAL, self.name
        )

    def status(self) -> Tree:
        return self.body().get("status", {})

    def condition(self, kind: str, body: Tree | None = None) -> Tree:
        """One condition; an empty one if it is not there yet."""
        conditions = (body or self.body()).get("status", {}).get("conditions", [])
        return next((one for one in conditions if one["type"] == kind), {})

    def wait_until(self, what: Callable[[Tree], object], seconds: float = 60) -> Tree:
        """The resource as soon as something is so of it, told by the API server's watch.

        Raises:
            ClusterFailed: with its status and the last events, if that takes longer.
        """
        deadline = time.monotonic() + seconds
        body: Tree = {}
        while (left := deadline - time.monotonic()) > 0:
            for body in self._versions(left):
                if what(body):
                    return body
        events = self.cluster.last_events(self.namespace)
        told = json.dumps(body.get("status", {}), indent=1)
        raise ClusterFailed(f"{self.name} never came so far:\n{told}\n{events}")

    def _versions(self, seconds: float) -> Iterator[Tree]:
        """The resource, and again whenever it changes; may end before the time is up.

        Watched from the version that was read: a watch from the newest one on begins only when
        the API server's cache has caught up, which may be with the next change.
        """
        body = self.body()
        yield body
        told = watch.Watch().stream(
            self._api.list_namespaced_custom_object,
            GROUP,
            VERSION,
            self.namespace,
            PLURAL,
            field_selector=f"metadata.name={self.name}",
            resource_version=body["metadata"]["resourceVersion"],
            timeout_seconds=max(1, int(seconds)),
        )
        try:
            yield from (event["object"] for event in told)
        except client.ApiException as refusal:
            if refusal.status not in WATCH_AGAIN:
                raise

    def wait_for_condition(
        self, kind: str, status: str = "True", reason: str | None = None, seconds: float = 60
    ) -> Tree:
        """The condition, once it says so of the newest generation."""

        def is_so(body: Tree) -> bool:
            found = self.condition(kind, body)
            return (
                found.get("status") == status
                and found.get("observedGeneration") == body["metadata"]["generation"]
                and reason in (None, found.get("reason"))
            )

        return self.condition(kind, self.wait_until(is_so, seconds))

    def events(self) -> list[Tree]:
        """What was told about the resource, the oldest first."""
        found = self.cluster.get(
            "events",
            f"--namespace={self.namespace}",
            f"--field-selector=involvedObject.name={self.name}",
            "--sort-by=.metadata.creationTimestamp",
        )
        return found["items"]

    # what it owns

    def object_name(self, component: Component) -> str:
        return object_name(self.name, component)

    def owned(self, kind: str, component: Component) -> Tree | None:
        """One of its objects, or None."""
        name = self.object_name(component)
        found = self.cluster.try_kubectl(
            "get", kind, name, f"--namespace={self.namespace}", "--output=json"
        )
        return json.loads(found.stdout) if found.returncode == 0 else None

    def pods(self, component: Component) -> list[Tree]:
        """The pods of a component that are not on their way out."""
        selector = (
            f"--selector=app.kubernetes.io/instance={self.name},"
            f"app.kubernetes.io/component={component}"
        )
        pods = self.cluster.get("pods", f"--namespace={self.namespace}", selector)["items"]
        return [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]

    def secret(self, component: Component) -> dict[str, str]:
        """The entries of one of its Secrets that are text."""
        found = self.owned("secret", component)
        assert found is not None, f"there is no Secret {self.object_name(component)}"
        values = {name: b64decode(value) for name, value in found["data"].items()}
        return {name: value.decode(errors="replace") for name, value in values.items()}

    def address(self, component: Component) -> str:
        """The address of a component's Service, which tests reach from outside of the cluster."""
        service = self.owned("service", component)
        assert service is not None, f"there is no Service {self.object_name(component)}"
        return service["spec"]["clusterIP"]

    # the service

    @property
    def url(self) -> str:
        return f"http://{self.address(Component.COORDINATOR)}:{PUBLIC_PORT}"

    @property
    def control_url(self) -> str:
        return f"http://{self.address(Component.CONTROL)}:{CONTROL_PORT}"

    @property
    def token(self) -> str:
        return self.secret(Component.CONTROL)["token"]

    def minio(self) -> Minio:
        """Its MinIO, as who may do everything there."""
        keys = self.secret(Component.MINIO)
        where = f"{self.address(Component.MINIO)}:{MINIO_PORT}"
        return Minio(where, keys["accesskey"], keys["secretkey"], secure=False)

    def kept_model(self, name: str) -> bytes:
        """An object of its bucket of models."""
        return self.minio().get_object("global-models", name).read()

    def redis(self) -> Redis:
        password = self.secret(Component.REDIS)["password"]
        return Redis(self.address(Component.REDIS), REDIS_PORT, password=password)

    def kubectl(self, *arguments: str, timeout: float = 60) -> str:
        return self.cluster.kubectl(*arguments, f"--namespace={self.namespace}", timeout=timeout)
