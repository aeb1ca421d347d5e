"""The folder of a service without a cluster.

DIR/uid  at_rest.key  blobs/  …   the coordinator's own
DIR/models/                       the global models
DIR/applied.json                  whose folder it is, and what was last applied from a manifest
DIR/serving.json                  where it answers             }  while a process
DIR/control.token                 the token of its control API }  serves it
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from xaynet_cli.control import Control
from xaynet_cli.desired import Document
from xaynet_cli.failures import CommandFailed

PREFIX = "xaynet-"
APPLIED, SERVING, TOKEN = "applied.json", "serving.json", "control.token"


class NotServed(CommandFailed):
    """No process serves the folder."""


@dataclass(frozen=True, slots=True)
class Serving:
    """Where a service answers: the base URLs of both of its APIs."""

    name: str
    public: str
    control: str
    pid: int

    @property
    def title(self) -> str:
        """What people call it."""
        return f"{self.name} at {self.public}"


@dataclass(frozen=True, slots=True)
class DataFolder:
    """One service's folder."""

    path: Path

    @property
    def models(self) -> Path:
        """Where the global models are."""
        return self.path / "models"

    def prepare(self, name: str) -> None:
        """Make the folder for a service, unless it is that of another one."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        owner = self._applied().get("name", name)
        if owner != name:
            problem = f"{self.path} is the folder of {owner}, not of {name}: give another --data"
            raise CommandFailed(problem)

    def applied(self) -> Document | None:
        """What was last applied from a manifest."""
        return self._applied().get("desired")

    def remember(self, name: str, desired: Document) -> None:
        """Keep what has been applied."""
        _write(self.path / APPLIED, json.dumps({"name": name, "desired": desired}))

    def announce(self, serving: Serving, token: str) -> None:
        """Tell other commands where the service answers."""
        _write(self.path / TOKEN, token)
        fields = {name: getattr(serving, name) for name in Serving.__slots__}
        _write(self.path / SERVING, json.dumps(fields))

    def withdraw(self) -> None:
        """The service answers no more."""
        for name in (SERVING, TOKEN):
            (self.path / name).unlink(missing_ok=True)

    def serving(self) -> Serving:
        """Where the service answers, if a process serves it, or did so until it was killed.

        Raises ``NotServed``.
        """
        fields = _read(self.path / SERVING)
        if fields is None:
            raise NotServed(f"no service runs in {self.path}: xaynet up FILE starts one")
        return Serving(**fields)

    def control(self) -> Control:
        """The control API of the process that serves it. Raises ``NotServed``."""
        serving = self.serving()
        try:
            return Control(serving.control, (self.path / TOKEN).read_text())
        except FileNotFoundError:
            raise NotServed(f"the service in {self.path} has just stopped") from None

    def _applied(self) -> Document:
        return _read(self.path / APPLIED) or {}


def default_folder(name: str) -> Path:
    """The folder of a service, if none is given: in the working directory, named after it."""
    return Path(f"{PREFIX}{name}")


def only_folder(here: Path, holding: str) -> DataFolder:
    """The one folder in a directory that holds a certain file. Raises ``CommandFailed``."""
    found = [path.parent for path in sorted(here.glob(f"{PREFIX}*/{holding}"))]
    if not found:
        problem = f"there is no folder of a service here ({PREFIX}…/{holding}): give its --data"
        raise CommandFailed(problem)
    if len(found) > 1:
        names = ", ".join(path.name for path in found)
        raise CommandFailed(f"there are several services here: give --data, one of {names}")
    return DataFolder(found[0])


def _read(path: Path) -> Document | None:
    try:
        document: Document = json.loads(path.read_text())
    except FileNotFoundError:
        return None
    except ValueError:
        raise CommandFailed(f"{path} is damaged: remove it and start the service again") from None
    return document


def _write(path: Path, text: str) -> None:
    """Replace a file as a whole; only its owner may read it."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    draft.replace(path)
