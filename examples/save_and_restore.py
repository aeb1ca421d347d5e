"""A participant that survives a restart of its program.

    python examples/save_and_restore.py http://127.0.0.1:8081 --state participant.state

The first run makes a new participant, each further run goes on as the same one, in the middle of a
round if need be. Ctrl-C ends a run. The state file holds the participant's secret keys.
"""

import argparse
import os
from pathlib import Path

from xaynet_sdk import ParticipantABC, spawn_participant


class Constant(ParticipantABC):
    """Always answers with the same model."""

    def __init__(self, weights):
        self.weights = weights

    def deserialize_training_input(self, global_model):
        return global_model

    def train_round(self, training_input):
        print("training")
        return self.weights

    def serialize_training_result(self, training_result):
        return training_result


def write_secret(path, state):
    """Readable by nobody else; the old state stays in place until the new one is complete."""
    unfinished = path.with_suffix(".unfinished")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "wb") as file:
        file.write(bytes(state))
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("url", help="the coordinator, for example http://127.0.0.1:8081")
    arguments.add_argument("--state", type=Path, default=Path("participant.state"))
    arguments.add_argument("--length", type=int, default=4, help="weights of the model")
    arguments.add_argument("--seconds", type=float, help="end after so many seconds")
    options = arguments.parse_args()

    state = options.state.read_bytes() if options.state.exists() else None
    print("a new participant" if state is None else "going on as before")
    participant = spawn_participant(options.url, Constant, ([0.5] * options.length,), state=state)
    try:
        participant.join(options.seconds)
    except KeyboardInterrupt:
        pass
    finally:
        write_secret(options.state, participant.stop())
        print("saved to", options.state)


if __name__ == "__main__":
    main()
