"""Runs an image as a restricted pod would: as its own user, its root read-only, with no rights."""

import json
import os
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import buildah

NAMESPACES = ("pid", "ipc", "uts", "mount")  # the network is that of the test
FOLDERS = {"/proc": "proc", "/dev": "tmpfs", "/tmp": "tmpfs"}
OPTIONS = {"proc": [], "tmpfs": ["mode=1777"]}


class Container:
    """A started one; its output comes line by line."""

    def __init__(self, bundle: Path) -> None:
        self._runc = ["runc", "--root", str(bundle / "state")]
        self._name = f"xaynet-test-{os.getpid()}-{bundle.name}"
        self.process = subprocess.Popen(
            [*self._runc, "run", "--bundle", bundle, self._name],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def end(self) -> str:
        """All that it says until it ends by itself."""
        return self.process.communicate(timeout=60)[0]

    def says(self, wanted: str) -> bool:
        """Reads on until it says so; False if it ends first."""
        return any(wanted in line for line in self.process.stdout)

    def terminate(self) -> int:
        """Sends SIGTERM and gives the exit code."""
        subprocess.run([*self._runc, "kill", self._name, "TERM"], check=True)
        self.process.communicate(timeout=30)
        return self.process.returncode

    def remove(self) -> None:
        """Kills what is left of it."""
        subprocess.run([*self._runc, "delete", "--force", self._name], check=False)
        self.process.communicate(timeout=30)


@contextmanager
def mounted(archive: Path) -> Iterator[Path]:
    """The file system of an image."""
    image = f"oci-archive:{archive}"
    container = asked("from", "--quiet", "--pull-never", image).splitlines()[-1]
    try:
        yield Path(asked("mount", container))
    finally:
        asked("rm", container)


def asked(*command: str) -> str:
    """What buildah answers."""
    whole = [*buildah.store(), *command]
    return subprocess.run(whole, check=True, capture_output=True, text=True).stdout.strip()


@contextmanager
def running(archive: Path, folder: Path, arguments: list[str]) -> Iterator[Container]:
    """The image with arguments, or its own; killed and removed at the end."""
    with mounted(archive) as root:
        configuration = runtime_configuration(config(archive), root, arguments)
        configuration["mounts"].append(data_folder(folder))
        (folder / "config.json").write_text(json.dumps(configuration))
        container = Container(folder)
        try:
            yield container
        finally:
            container.remove()


def runtime_configuration(image: dict, root: Path, arguments: list[str]) -> dict:
    """What runc is told."""
    user, group = map(int, image["User"].split(":"))
    folders = [
        {"destination": path, "type": kind, "source": kind, "options": OPTIONS[kind]}
        for path, kind in FOLDERS.items()
    ]
    return {
        "ociVersion": "1.0.2",
        "process": {
            "user": {"uid": user, "gid": group},
            "args": [*image["Entrypoint"], *(arguments or image.get("Cmd", []))],
            "env": image["Env"],
            "cwd": image.get("WorkingDir") or "/",
            "noNewPrivileges": True,
            "capabilities": {},
        },
        "root": {"path": str(root), "readonly": True},
        "mounts": folders,
        "linux": {"namespaces": [{"type": name} for name in NAMESPACES]},
    }


def data_folder(folder: Path) -> dict:
    """What `/data` is: a folder that everyone may write to."""
    data = folder / "data"
    data.mkdir()
    data.chmod(0o777)
    mount = {"destination": "/data", "type": "bind", "source": str(data)}
    return {**mount, "options": ["rbind", "rw"]}


def config(archive: Path) -> dict:
    """How the image says that it is run."""
    manifest = blob(archive, index(archive)["digest"])
    return blob(archive, manifest["config"]["digest"])["config"]


def index(archive: Path) -> dict:
    """What the archive says of its only image."""
    with tarfile.open(archive) as file:
        (image,) = json.load(file.extractfile("index.json"))["manifests"]
    return image


def blob(archive: Path, digest: str) -> dict:
    with tarfile.open(archive) as file:
        return json.load(file.extractfile(f"blobs/{digest.replace(':', '/')}"))
