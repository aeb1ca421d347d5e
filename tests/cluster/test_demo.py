"""`make demo-cluster`, on the cluster of the tests."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from parts import program

pytestmark = [pytest.mark.cluster, pytest.mark.demo, pytest.mark.timeout(900)]

DEMO = Path(__file__).parents[2] / "examples" / "digits" / "demo_on_cluster.py"
ACCURACY = re.compile(r"^round \d+: \d+ updates, \d+ sums of masks: accuracy (\d\.\d+)$", re.M)


def test_ten_participants_in_the_cluster_learn_to_read_digits(operator, tmp_path):
    kubectl = program("apiserver", "kubectl")
    environment = os.environ | {
        "KUBECONFIG": str(operator.kubeconfig),
        "PATH": f"{kubectl.parent}:{os.environ['PATH']}",
    }
    finished = subprocess.run(
        [sys.executable, DEMO, "--output", tmp_path],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=850,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    accuracies = [float(number) for number in ACCURACY.findall(finished.stdout)]
    assert len(accuracies) >= 5  # two models that come quickly may be told as one
    assert accuracies[-1] >= 0.9
    assert np.load(tmp_path / "model.npy").shape == (650,)
    operator.kubectl("delete", "namespace", "digits", "--wait=false")
