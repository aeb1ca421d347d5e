"""Which service a command means: one without a cluster by its folder, any other by its URL."""

from dataclasses import dataclass
from pathlib import Path

from xaynet_cli.control import Control
from xaynet_cli.data_folder import SERVING, DataFolder, only_folder
from xaynet_cli.failures import CommandFailed
from xaynet_cli.models import FolderShelf, ServedShelf, Shelf


@dataclass(frozen=True, slots=True)
class Reach:
    """The options that name a service."""

    data: Path | None
    url: str | None
    token_file: Path | None

    def control(self) -> Control:
        """Its control API, as it is now. Raises ``CommandFailed``."""
        if self.url is None:
            return self.folder(SERVING).control()
        if self.token_file is None:
            raise CommandFailed("--control needs --token-file, the file with its token")
        if self.data is not None:
            raise CommandFailed("--data and --control name two services: give one of them")
        try:
            return Control(self.url, self.token_file.read_text().strip())
        except OSError as error:
            raise CommandFailed(f"{self.token_file} cannot be read: {error.strerror}") from None

    def title(self) -> str:
        """What people call it. Raises ``CommandFailed``."""
        return self.folder(SERVING).serving().title if self.url is None else self.url

    def shelf(self, public: str | None) -> Shelf:
        """Its global models; ``public`` is where participants reach it."""
        if self.url is not None:
            return ServedShelf(self.control(), public)
        return FolderShelf(self.folder("models").models)

    def folder(self, holding: str) -> DataFolder:
        """Its folder; if none was named, the only one here that holds a certain file."""
        return DataFolder(self.data) if self.data else only_folder(Path(), holding)
