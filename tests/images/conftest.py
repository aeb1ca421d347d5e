"""The images' own modules, and archives that `make images` has built."""

import json
import os
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
def archive(archives, name) -> Path:
    """That of one image, which must be built."""
    if not archives[name].exists():
        missing = f"the image {name} is missing: run `make images`"
        pytest.fail(missing) if os.environ.get("CI") == "true" else pytest.skip(missing)
    return archives[name]
