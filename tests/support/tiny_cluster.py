"""A cluster in memory, for tests in virtual time: objects by their paths, each with a uid and a
version that grows. `tests/operator/api/test_operator_tiny_cluster.py` shows that the real API
server answers the same.
"""

import asyncio
import copy
import itertools
import json
from collections.abc import Callable, Mapping
from typing import Any

from xaynet_operator.cluster import APPLY, Cluster, answer

Request = tuple[float, str, str]
Fault = Callable[[str, str], Exception | None]


class TinyCluster(Cluster):
    """What is asked is noted with its time; ``fault`` may refuse it, after ``delay`` seconds."""

    def __init__(self) -> None:
        super().__init__(api=None)
        self.objects: dict[str, dict[str, Any]] = {}
        self.requests: list[Request] = []
        self.fault: Fault = lambda method, path: None
        self.delay: Callable[[], float] = lambda: 0.0
        self._versions = itertools.count(1)

    def asked(self, method: str, beginning: str = "") -> list[Request]:
        return [one for one in self.requests if one[1] == method and one[2].startswith(beginning)]

    async def _ask(
        self,
        method: str,
        where: str,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        *,
        content: str = "",
        accept: str = "",
    ) -> dict[str, Any]:
        self.requests.append((asyncio.get_running_loop().time(), method, where))
        await asyncio.sleep(self.delay())
        if (error := self.fault(method, where)) is not None:
            raise error
        status, document = self.do(method, where, copy.deepcopy(body), content == APPLY)
        return answer(status, json.dumps(document).encode())

    def do(self, method: str, where: str, body: Any, apply: bool = False) -> tuple[int, Any]:
        match method:
            case "GET":
                return self._get(where)
            case "POST":
                return self._put_new(f"{where}/{body['metadata']['name']}", body)
            case "PUT":
                return self._replace(where, body)
            case "PATCH":
                return self._patch(where, body, apply)
            case _:
                return self._delete(where, body)

    def _get(self, where: str) -> tuple[int, Any]:
        if where in self.objects:
            return 200, self.objects[where]
        if where.partition("/namespaces/")[2].count("/") == 1:  # all of a kind, whatever labels
            return 200, {"items": [v for k, v in self.objects.items() if k.startswith(f"{where}/")]}
        return 404, {"reason": "NotFound", "message": f"no {where}"}

    def _put_new(self, where: str, body: Any) -> tuple[int, Any]:
        if where in self.objects:
            return 409, {"reason": "AlreadyExists", "message": f"{where} is there"}
        body["metadata"] |= {"uid": f"uid-{next(self._versions)}"}
        return 201, self._written(where, body)

    def _replace(self, where: str, body: Any) -> tuple[int, Any]:
        if where not in self.objects:
            return 404, {"reason": "NotFound", "message": f"no {where}"}
        wanted = body["metadata"].get("resourceVersion")
        if wanted not in (None, self.objects[where]["metadata"]["resourceVersion"]):
            return 409, {"reason": "Conflict", "message": f"{where} has changed"}
        return 200, self._written(where, body)

    def _patch(self, where: str, body: Any, apply: bool) -> tuple[int, Any]:
        where = where.removesuffix("/status")
        if where not in self.objects:
            return self._put_new(where, body) if apply else (404, {"reason": "NotFound"})
        before = self.objects[where]
        for field, status in (("uid", 422), ("resourceVersion", 409)):
            if body["metadata"].get(field, before["metadata"][field]) != before["metadata"][field]:
                return status, {"reason": "Conflict", "message": f"{where} has another {field}"}
        after = merged(before, body)
        return 200, before if after == before else self._written(where, after)

    def _delete(self, where: str, body: Any) -> tuple[int, Any]:
        if where not in self.objects:
            return 404, {"reason": "NotFound", "message": f"no {where}"}
        uid = (body or {}).get("preconditions", {}).get("uid")
        if uid not in (None, self.objects[where]["metadata"]["uid"]):
            return 409, {"reason": "Conflict", "message": f"{where} has another uid"}
        return 200, self.objects.pop(where)

    def _written(self, where: str, body: Any) -> Any:
        body["metadata"]["resourceVersion"] = str(next(self._versions))
        self.objects[where] = body
        return body


def merged(before: Any, patch: Any) -> Any:
    """A document with a merge patch in it."""
    if not isinstance(before, dict) or not isinstance(patch, dict):
        return patch
    return before | {name: merged(before.get(name), value) for name, value in patch.items()}
