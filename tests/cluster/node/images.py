"""The images of the node itself, made of programs that stand alone, and kept as archives.

CACHE/images/NAME-KEY.tar     KEY is the digest of all that is in the image
"""

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from node.programs import PAUSE
from node.services import COREDNS, PROVISIONER, SHELL
from node.waiting import ClusterFailed
from parts import cache, program

PAUSE_SOURCE = Path(__file__).parent / "pause" / "pause.c"


@dataclass(frozen=True, slots=True)
class Image:
    reference: str
    entry: str
    fill: Callable[[Path], None]
    """Puts all that the image holds into a folder."""


def node_images() -> list[Path]:
    """The archives of all images that the node itself needs; those not there yet are made."""
    return [archive(image) for image in IMAGES]


def shell_image() -> Path:
    """The archive of the image that tests start their pods from."""
    return archive(SHELL_IMAGE)


def archive(image: Image) -> Path:
    """The image as a file."""
    with tempfile.TemporaryDirectory(prefix="xaynet-image-") as outer:
        content = Path(outer) / "content"
        content.mkdir()
        image.fill(content)
        name = image.reference.rpartition("/")[2].replace(":", "-")
        target = cache() / "images" / f"{name}-{digest(image, content)}.tar"
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            pack(image, Path(outer), target)
    return target


def digest(image: Image, content: Path) -> str:
    """The same for the same files and the same links."""
    total = hashlib.sha256(f"{image.reference}\0{image.entry}\0".encode())
    for path in sorted(content.rglob("*")):
        total.update(f"{path.relative_to(content)}\0".encode())
        if path.is_symlink():
            total.update(os.fsencode(path.readlink()))
        elif path.is_file():
            with path.open("rb") as file:
                total.update(hashlib.file_digest(file, "sha256").digest())
    return total.hexdigest()[:16]


def pack(image: Image, outer: Path, target: Path) -> None:
    """Makes the archive of `content` and moves it to its place as a whole."""
    recipe = f'FROM scratch\nCOPY content /\nENTRYPOINT ["{image.entry}"]\n'
    (outer / "Containerfile").write_text(recipe)
    places = ["--root", outer / "storage", "--runroot", outer / "run", "--storage-driver", "vfs"]
    buildah = [program("node-tools", "buildah"), *places]
    file = target.with_suffix(f".{os.getpid()}")
    run([*buildah, "bud", "--isolation", "chroot", "--tag", image.reference, outer])
    run([*buildah, "push", image.reference, f"oci-archive:{file}:{image.reference}"])
    file.rename(target)


def copies(part: str, name: str) -> Callable[[Path], None]:
    """Fills an image with one program of a part."""

    def fill(content: Path) -> None:
        shutil.copy2(program(part, name), content / name)

    return fill


def compile_pause(content: Path) -> None:
    run(["cc", "-static", "-O2", "-o", content / "pause", PAUSE_SOURCE])


def install_busybox(content: Path) -> None:
    """All its commands, in /bin."""
    folder = content / "bin"
    folder.mkdir()
    busybox = shutil.copy2(program("node-tools", "busybox"), folder / "busybox")
    for command in run([busybox, "--list"]).split():
        if command != "busybox":
            (folder / command).symlink_to("busybox")
    (content / "tmp").mkdir()
    (content / "tmp").chmod(0o1777)


def run(command: list[str | Path]) -> str:
    finished = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    if finished.returncode:
        raise ClusterFailed(f"`{' '.join(map(str, command))}` failed:\n{finished.stderr[-2000:]}")
    return finished.stdout


SHELL_IMAGE = Image(SHELL, "/bin/sh", install_busybox)
IMAGES = (
    SHELL_IMAGE,
    Image(PAUSE, "/pause", compile_pause),
    Image(COREDNS, "/coredns", copies("coredns", "coredns")),
    Image(PROVISIONER, "/local-path-provisioner", copies("local-path", "local-path-provisioner")),
)
