"""The images' own modules, and the archives that they build."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "images"), str(Path(__file__).parent)]


@pytest.fixture(scope="session")
def archives() -> dict[str, Path]:
    """Where each image's archive is, or would be."""
    command = [sys.executable, ROOT / "images" / "build.py", "--list"]
    listed = subprocess.run(command, check=True, capture_output=True, text=True)
    return {name: Path(path) for name, path in json.loads(listed.stdout).items()}


@pytest.fixture
def archive(name) -> Path:
    """That of one image, which is built if it is out of date."""
    command = [sys.executable, ROOT / "images" / "build.py", name]
    finished = subprocess.run(command, check=False, capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr
    return Path(finished.stdout.strip())
