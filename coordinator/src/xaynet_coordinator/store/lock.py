"""One process per folder: an advisory lock on a file in it."""

import fcntl
import os
from pathlib import Path

from xaynet_coordinator.store import StoreUnavailable


class FolderLock:
    """Held between ``take`` and ``release``, and never longer than the process lives."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: int | None = None

    def take(self) -> None:
        """Take the lock; ``StoreUnavailable`` when another process, or this one, has it."""
        file = os.open(self._folder / "LOCK", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            raise StoreUnavailable(
                f"{self._folder} is in use: another coordinator runs on it, "
                "and only one process may use a folder"
            ) from None
        self._file = file

    def release(self) -> None:
        """Let the next process in. The file stays: removing it would let two in at once."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
