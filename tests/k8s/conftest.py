"""What kustomize makes of `k8s`."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "images"))


@pytest.fixture(scope="session")
def rendered():
    """A function that renders a folder of `k8s` into manifests."""
    if shutil.which("kubectl") is None:
        missing = "kubectl is missing: install it and run this again"
        pytest.fail(missing) if os.environ.get("CI") == "true" else pytest.skip(missing)
    found = {}

    def render(folder):
        if folder not in found:
            command = ["kubectl", "kustomize", ROOT / "k8s" / folder]
            finished = subprocess.run(command, check=False, capture_output=True, text=True)
            assert finished.returncode == 0, finished.stderr
            found[folder] = list(yaml.safe_load_all(finished.stdout))
        return found[folder]

    return render
