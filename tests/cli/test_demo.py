"""`make demo`, as it is typed: stopped in the middle, then on the same folder to its end."""

import os
import re
import signal
import sys
from pathlib import Path

import numpy as np
import pytest

from embedded import wait_for_text
from processes import Process

DEMO = Path(__file__).parents[2] / "examples" / "digits" / "demo.py"
ACCURACY = re.compile(r"^accuracy of global model \d+: (\d\.\d+)$", re.MULTILINE)


class Demo(Process):
    """The demo on a folder of its own, so that a second start goes on from the first."""

    def command(self) -> list[str | Path]:
        return [sys.executable, DEMO, "--output", "out", "--data", self.folder / "data"]

    @property
    def is_alone(self) -> bool:
        """Whether nothing that it started is left: all are of one group, named by its number."""
        try:
            os.killpg(self.pid, 0)
        except ProcessLookupError:
            return True
        return False


@pytest.mark.demo
@pytest.mark.timeout(600)
def test_the_demo_stops_at_ctrl_c_and_goes_on_to_a_model_that_reads_digits(launch, tmp_path):
    demo = launch(Demo(tmp_path / "demo"))
    wait_for_text(demo, "accuracy of global model 1", timeout=200)
    os.killpg(demo.pid, signal.SIGINT)  # as a terminal does
    assert demo.wait(60) == 130
    assert demo.is_alone
    assert demo.last_lines(1) == "stopped: all processes have ended, and no model was written"
    demo.log.unlink()

    demo.start()
    assert demo.wait(400) == 0, demo.last_lines()
    assert demo.is_alone
    accuracies = [float(number) for number in ACCURACY.findall(demo.log.read_text())]
    assert len(accuracies) >= 5
    assert accuracies[-1] >= 0.9
    out = demo.folder / "out"
    assert np.load(out / "model.npy").shape == (65, 10)
    assert (out / "accuracy.png").read_bytes().startswith(b"\x89PNG")
    assert f"after {len(accuracies)} rounds the accuracy is" in demo.last_lines(1)
