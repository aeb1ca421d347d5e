"""A FederatedRound on an API server without a node, and what an operator makes for it."""

import time
from collections.abc import Callable
from typing import Any

from api_server import ApiServer
from rounds_on_kubernetes import PET
from xaynet_operator.cluster import MERGE, path
from xaynet_operator.manifests.kinds import KIND_OF, KINDS, SECRET, Kind
from xaynet_operator.telling import FEDERATED_ROUND

Tree = dict[str, Any]
INSTANCE = "app.kubernetes.io/instance"
OWNED = tuple(kind for kind in KINDS if kind.kind not in ("HTTPRoute", "ServiceMonitor"))


class Late(AssertionError):
    """Something did not come in time."""


class Resource:
    """One resource of that name, in a namespace of an API server."""

    def __init__(self, api: ApiServer, namespace: str, name: str = "digits", **spec: Any) -> None:
        self.api, self.namespace, self.name = api, namespace, name
        self.document = {
            "apiVersion": FEDERATED_ROUND.api_version,
            "kind": FEDERATED_ROUND.kind,
            "metadata": {"name": name, "namespace": namespace},
            "spec": {"pet": PET, **spec},
        }

    # the resource

    def create(self) -> "Resource":
        answer = self.api.ask("POST", path(FEDERATED_ROUND, self.namespace), self.document)
        assert answer.status == 201, answer.body
        return self

    def edit(self, **spec: Any) -> int:
        """Merges something into the spec; the new generation."""
        return self.patch({"spec": spec})["metadata"]["generation"]

    def patch(self, document: Tree) -> Tree:
        answer = self.api.ask("PATCH", self._path(FEDERATED_ROUND, self.name), document, MERGE)
        assert answer.status == 200, answer.body
        return answer.body

    def delete(self) -> None:
        assert self.api.ask("DELETE", self._path(FEDERATED_ROUND, self.name)).status == 200

    def body(self) -> Tree | None:
        return self.get(FEDERATED_ROUND, self.name)

    def condition(self, kind: str, body: Tree | None = None) -> Tree:
        """One condition; an empty one if it is not there yet."""
        conditions = (body or self.body() or {}).get("status", {}).get("conditions", [])
        return next((one for one in conditions if one["type"] == kind), {})

    def wait_until(self, what: Callable[[Tree], object], seconds: float = 30) -> Tree:
        """The resource, as soon as something is so of it."""
        return self.wait_for(FEDERATED_ROUND, self.name, what, seconds)

    def wait_for_reason(self, kind: str, reason: str, seconds: float = 30) -> Tree:
        """A condition, once it has that reason for the newest generation."""

        def is_so(body: Tree) -> bool:
            found = self.condition(kind, body)
            newest = found.get("observedGeneration") == body["metadata"]["generation"]
            return newest and found.get("reason") == reason

        return self.condition(kind, self.wait_until(is_so, seconds))

    def wait_until_made(self) -> None:
        """Until its objects are there, and it says so."""
        self.wait_for_reason("Progressing", "Provisioning")

    def events(self) -> list[Tree]:
        """What was told about it, the oldest first."""
        where = f"/apis/events.k8s.io/v1/namespaces/{self.namespace}/events"
        found = self.api.ask("GET", where).body["items"]
        ours = [one for one in found if one["regarding"]["name"] == self.name]
        return sorted(ours, key=lambda one: one["eventTime"])

    # its objects

    def owned(self) -> dict[str, Tree]:
        """All its objects, by kind and name: ``Service/digits-redis``."""
        return {
            f"{kind.kind}/{one['metadata']['name']}": one
            for kind in OWNED
            for one in self.api.ask("GET", self._path(kind)).body["items"]
            if one["metadata"].get("labels", {}).get(INSTANCE) == self.name
        }

    def versions(self) -> dict[str, str]:
        """The versions of its objects, and its own."""
        own = {"": self.body() or {"metadata": {"resourceVersion": ""}}}
        found = own | self.owned()
        return {key: one["metadata"]["resourceVersion"] for key, one in found.items()}

    def get(self, kind: Kind, name: str) -> Tree | None:
        answer = self.api.ask("GET", self._path(kind, name))
        return answer.body if answer.status == 200 else None

    def remove(self, key: str) -> Tree:
        """Removes one of its objects, by its key in ``owned``; the object as it was."""
        kind, _, name = key.partition("/")
        found = self.get(KIND_OF[kind], name)
        assert found is not None, key
        answer = self.api.ask("DELETE", self._path(KIND_OF[kind], name))
        assert answer.status in (200, 202), answer.body
        # Nobody here takes off what keeps volumes from going while pods use them.
        if kind == "PersistentVolumeClaim":
            self.change(key, {"metadata": {"finalizers": None}})
        return found

    def change(self, key: str, document: Tree, subresource: str = "") -> Tree:
        """Merges something into one of its objects."""
        kind, _, name = key.partition("/")
        where = path(KIND_OF[kind], self.namespace, name, subresource)
        answer = self.api.ask("PATCH", where, document, MERGE)
        assert answer.status == 200, answer.body
        return answer.body

    def wait_for_object(
        self, key: str, what: Callable[[Tree], object], seconds: float = 15
    ) -> Tree:
        """One of its objects, as soon as it is there and something is so of it."""
        kind, _, name = key.partition("/")
        return self.wait_for(KIND_OF[kind], name, what, seconds)

    def wait_for(
        self, kind: Kind, name: str, what: Callable[[Tree], object], seconds: float
    ) -> Tree:
        """The same, of anything."""
        deadline, body = time.monotonic() + seconds, {}
        while (left := deadline - time.monotonic()) > 0:
            only = {"fieldSelector": f"metadata.name={name}"}
            for change, body in self.api.watched(self._path(kind), left, **only):
                if change != "DELETED" and what(body):
                    return body
        raise Late(f"{kind.kind} {name} did not come so far in {seconds} s: {body}")

    def wait_until_gone(self, kind: Kind, name: str, seconds: float) -> None:
        """Until there is no object of that name."""
        if (found := self.get(kind, name)) is None:
            return
        since = {"resourceVersion": found["metadata"]["resourceVersion"]}
        only = {"fieldSelector": f"metadata.name={name}"}
        events = self.api.watched(self._path(kind), seconds, **since, **only)
        if not any(change == "DELETED" for change, _ in events):
            raise Late(f"{kind.kind} {name} is still there after {seconds} s")

    def secret(self, name: str) -> Tree:
        """The entries of a Secret, encoded."""
        found = self.get(SECRET, name)
        return {} if found is None else found.get("data", {})

    def _path(self, kind: Kind, name: str = "") -> str:
        return path(kind, self.namespace, name)
