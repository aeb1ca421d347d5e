"""The same paths in the released Rust: xaynet-core 0.2.0, built in release mode."""

import json
import subprocess

from parts import program
from xaynet_pet import MaskConfig


def seconds(config: MaskConfig, length: int, runs: int) -> dict[str, float]:
    """Median seconds of each path, one thread, on this machine and now."""
    name = "/".join(
        part.name
        for part in (config.group_type, config.data_type, config.bound_type, config.model_type)
    )
    options = ["--length", str(length), "--config", name, "--runs", str(runs)]
    command = [program("peers", "reference-bench"), *options]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    measured = json.loads(done.stdout)["seconds"]
    paths = {name: measured[name] for name in ("derive", "mask", "unmask")}
    return {name: each["median"] for name, each in paths.items()} | {
        "accept": measured["accept"]["whole"]["median"]
    }
