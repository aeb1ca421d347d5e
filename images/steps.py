"""Programs that do a step of the work, and where its results are kept."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

from parts import cache

ROOT = Path(__file__).parents[1]


class StepFailed(Exception):
    """An image can't be built; the text says why, and what to do."""


def image_cache() -> Path:
    """The folder of archives, layers and wheels."""
    return cache() / "images"


def run(*command: str | Path, given: str | None = None, **environment: str) -> str:
    """What a program prints; what it complains about is shown only if it failed."""
    finished = subprocess.run(
        command,
        check=False,
        cwd=ROOT,
        env=os.environ | environment,
        input=given or "",
        capture_output=True,
        text=True,
        errors="replace",
    )
    if finished.returncode:
        last_lines = "\n".join((finished.stdout + finished.stderr).splitlines()[-30:])
        raise StepFailed(f"{Path(command[0]).name} failed:\n{last_lines}")
    return finished.stdout


def install(*packages: str) -> None:
    """Installs Debian packages."""
    names = " ".join(packages)
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        raise StepFailed(f"install what Debian calls {names} (or run this as root on Debian)")
    run("apt-get", "update", DEBIAN_FRONTEND="noninteractive")
    arguments = ("--yes", "--no-install-recommends", *packages)
    run("apt-get", "install", *arguments, DEBIAN_FRONTEND="noninteractive")
