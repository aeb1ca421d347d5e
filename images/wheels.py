"""Wheels for the images: those that the lock file names, and our own."""

import functools
import hashlib
import platform
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from debian import PYTHON
from steps import StepFailed, image_cache, run

# Debian 12 has glibc 2.36; wheels for older ones run there too.
PLATFORMS = ("manylinux_2_34", "manylinux_2_31", "manylinux_2_28", "manylinux_2_17")


@dataclass(frozen=True, slots=True)
class Locked:
    """What a member of the workspace runs on."""

    members: tuple[str, ...]
    """Folders of our own, itself included."""
    requirements: str
    """All others, with versions and hashes, for any platform."""


@functools.cache
def locked(package: str) -> Locked:
    """What the lock file says."""
    groups = ("--no-dev", "--no-default-groups", "--no-editable", "--no-annotate", "--no-header")
    text = run(uv(), "export", "--quiet", "--frozen", "--package", package, *groups)
    lines = text.splitlines()
    ours = [line for line in lines if line.startswith("./")]
    others = [line for line in lines if not line.startswith("./")]
    return Locked(tuple(line.removeprefix("./") for line in ours), "\n".join(others) + "\n")


def download(requirements: str) -> Path:
    """A folder with the wheels, kept as long as the requirements stay the same."""
    key = hashlib.sha256(f"{PYTHON} {requirements}".encode()).hexdigest()[:16]
    folder = image_cache() / f"wheels-{key}"
    if not folder.exists():
        with tempfile.TemporaryDirectory(dir=image_cache()) as temporary:
            wheels = Path(temporary) / "wheels"
            fetch(for_image(requirements), Path(temporary) / "requirements.txt", wheels)
            wheels.rename(folder)
    return folder


def for_image(requirements: str) -> str:
    """Only what the image's Python needs, which need not be the one that runs this."""
    target = f"{platform.machine()}-{PLATFORMS[0]}"
    options = ("--python-version", PYTHON, "--python-platform", target, "--no-deps")
    options += ("--only-binary", ":all:", "--generate-hashes", "--no-annotate", "--no-header")
    return run(uv(), "pip", "compile", "--quiet", *options, "-", given=requirements)


def fetch(requirements: str, file: Path, folder: Path) -> None:
    """Downloads each wheel; pip does it, as uv has no command for this."""
    file.write_text(requirements)
    pip = (uv(), "run", "--quiet", "--no-project", "--with", "pip", "python", "-m", "pip")
    strict = ("--require-hashes", "--no-deps", "--only-binary", ":all:", "--no-input")
    machine = platform.machine()
    tags = [text for name in PLATFORMS for text in ("--platform", f"{name}_{machine}")]
    target = ("--python-version", PYTHON, *tags, "--dest", folder)
    run(*pip, "download", "--quiet", *strict, *target, "--requirement", file)


def build(members: tuple[str, ...], folder: Path) -> None:
    """Makes a wheel of each member."""
    for member in members:
        run(uv(), "build", "--quiet", "--wheel", "--no-create-gitignore", member, "-o", folder)


@functools.cache
def uv() -> str:
    """The uv of `make install`, or the one on PATH."""
    ours = sorted(image_cache().parent.glob("uv-*/bin/uv"))
    if found := (str(ours[-1]) if ours else shutil.which("uv")):
        return found
    raise StepFailed("`uv` is missing: run `make install`")
