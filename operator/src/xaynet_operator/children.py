"""What belongs to the resources, as the watch tells of it."""

from collections.abc import Iterable

from xaynet_operator.facts import Manifest, ObjectKey
from xaynet_operator.owned import INSTANCE
from xaynet_operator.surroundings import Objects


class Children:
    """Every object under its own uid, as one of the same name may be there before it is gone."""

    def __init__(self) -> None:
        self._of: dict[tuple[str, str], dict[str, Manifest]] = {}
        self._parents: dict[str, tuple[str, str]] = {}

    def see(self, child: Manifest) -> None:
        """It is there, or has changed; whose it is may have changed too."""
        uid, parent = child["metadata"]["uid"], parent_of(child)
        if self._parents.get(uid, parent) != parent:
            self.miss(child)
        self._parents[uid] = parent
        self._of.setdefault(parent, {})[uid] = child

    def miss(self, child: Manifest) -> None:
        """It is gone."""
        uid = child["metadata"]["uid"]
        parent = self._parents.pop(uid, parent_of(child))
        siblings = self._of.get(parent, {})
        siblings.pop(uid, None)
        if not siblings:
            self._of.pop(parent, None)

    def of(self, namespace: str, name: str) -> Objects:
        """Those of one resource."""
        siblings = self._of.get((namespace, name), {})
        return {ObjectKey(one["kind"], one["metadata"]["name"]): one for one in siblings.values()}

    def all(self) -> Iterable[Manifest]:
        """Those of all resources."""
        return [child for siblings in self._of.values() for child in siblings.values()]


def parent_of(child: Manifest) -> tuple[str, str]:
    """Namespace and name of the resource that an object belongs to."""
    metadata = child["metadata"]
    return metadata["namespace"], metadata["labels"][INSTANCE]
