"""What comes from Debian: the base of the Python images, and Redis."""

import hashlib
import re
import shutil
import sys
import tempfile
from pathlib import Path

import buildah
from steps import ROOT, StepFailed, image_cache, install, run

RELEASE = "bookworm"
PYTHON = "3.11"
PACKAGES = ("python3", "python3-venv", "ca-certificates")
LEFT_OUT = ("man", "doc", "info", "locale")
REDIS_PROGRAMS = ("/usr/bin/redis-server", "/usr/bin/redis-cli")


def python_key() -> str:
    """Names the base; a new one is made only if what is asked for changes."""
    asked = " ".join((RELEASE, *PACKAGES, *LEFT_OUT, containerfile().read_text()))
    return hashlib.sha256(asked.encode()).hexdigest()[:16]


def python_image() -> str:
    """The base in buildah's store, made if it is not there."""
    reference = f"localhost/xaynet-base:{python_key()}"
    if not buildah.has_image(reference):
        with tempfile.TemporaryDirectory(dir=image_cache()) as context:
            shutil.copy(containerfile(), context)
            (Path(context) / "base.tar").hardlink_to(python_root())
            buildah.build(reference, Path(context), {})
    return reference


def containerfile() -> Path:
    return ROOT / "images" / "base" / "Containerfile"


def python_root() -> Path:
    """The file system of the base as an archive."""
    path = image_cache() / f"base-{python_key()}.tar"
    if not path.exists():
        if shutil.which("mmdebstrap") is None:
            install("mmdebstrap")
        left_out = [f"--dpkgopt=path-exclude=/usr/share/{folder}/*" for folder in LEFT_OUT]
        options = ("--variant=minbase", f"--include={','.join(PACKAGES)}", *left_out)
        unfinished = path.with_suffix(".unfinished.tar")
        run("mmdebstrap", *options, RELEASE, unfinished)
        unfinished.rename(path)
    return path


def redis_files() -> list[Path]:
    """Redis of this machine and all libraries that they load."""
    run(sys.executable, ROOT / "tests" / "peers" / "build.py", "redis")
    if missing := [path for path in REDIS_PROGRAMS if not Path(path).exists()]:
        raise StepFailed(f"not where Debian puts it: {', '.join(missing)}")
    libraries = run("ldd", *REDIS_PROGRAMS)
    return [Path(path) for path in (*REDIS_PROGRAMS, *loaded(libraries))]


def loaded(listing: str) -> list[str]:
    """The paths in what `ldd` prints."""
    return sorted(set(re.findall(r"(/\S+) \(0x", listing)))
