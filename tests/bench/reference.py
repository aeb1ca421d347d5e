"""The same paths in the released Rust: xaynet-core 0.2.0, built in release mode."""

import json
import subprocess

from parts import program
from xaynet_pet import MaskConfig


def seconds(config: MaskConfig, length: int, runs: int) -> dict[str, float]:
    """Seconds of the fastest run of each path, in one thread, on this machine and now.

    The program reads the clock only. What others do on the machine adds to every run but least to
    the fastest, so that is the one to compare with a median of processor time.
    """
    kinds = (config.group_type, config.data_type, config.bound_type, config.model_type)
    names = "/".join(kind.name for kind in kinds)
    options = ["--length", str(length), "--config", names, "--runs", str(runs)]
    command = [program("peers", "reference-bench"), *options]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    measured = json.loads(done.stdout)["seconds"]
    measured["accept"] = measured["accept"]["whole"]  # the only one that is timed in steps, too
    return {path: each["best"] for path, each in measured.items()}
