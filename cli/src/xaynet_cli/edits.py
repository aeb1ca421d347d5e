"""A manifest that is edited while its service runs: saving it is applying it."""

from pathlib import Path

from xaynet_operator.resource import FederatedRound, ResourceError

Stamp = tuple[int, int, int]


class Edits:
    """The file of a manifest, and what was last read from it. Raises ``ResourceError``."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._read = self._seen = stamp(path)
        self.manifest = FederatedRound.load(path)

    def look(self) -> FederatedRound | None:
        """The manifest, if it was saved since the last time. Raises ``ResourceError``.

        Only once it has stayed the same between two looks: some editors write a file in parts.
        """
        before, self._seen = self._seen, stamp(self.path)
        if self._seen in (None, self._read) or self._seen != before:
            return None
        self._read = self._seen
        manifest = FederatedRound.load(self.path)
        name = manifest.metadata.name
        if name != self.manifest.metadata.name:
            raise ResourceError((f"metadata.name is {name}, but a service keeps its name",))
        self.manifest = manifest
        return manifest


def stamp(path: Path) -> Stamp | None:
    """What changes whenever a file is saved; None while there is no such file."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
