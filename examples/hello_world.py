"""A participant that always answers with the same model.

    python examples/hello_world.py http://127.0.0.1:8081

A round needs at least one sum participant and three update participants, and who is what changes
from round to round: start several of these, or examples/several_participants.py beside it.
Ctrl-C ends it.
"""

import argparse
import itertools
import threading

from xaynet_sdk import ParticipantABC, spawn_participant


class HelloWorld(ParticipantABC):
    """Learns nothing: its model is a constant."""

    def __init__(self, weights, rounds_seen):
        self.weights = weights
        self.rounds_seen = rounds_seen

    def deserialize_training_input(self, global_model):
        return global_model

    def train_round(self, training_input):
        print("training, starting from", training_input)
        return self.weights

    def serialize_training_result(self, training_result):
        return training_result

    def on_new_global_model(self, global_model):
        print("a round has begun, the global model is", global_model)
        self.rounds_seen.release()

    def on_stop(self):
        print("stopped")


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("url", help="the coordinator, for example http://127.0.0.1:8081")
    arguments.add_argument("--length", type=int, default=4, help="weights of the model")
    arguments.add_argument("--rounds", type=int, help="end after so many rounds")
    options = arguments.parse_args()

    rounds_seen = threading.Semaphore(0)
    weights = [0.5] * options.length
    participant = spawn_participant(
        options.url, HelloWorld, args=(weights,), kwargs={"rounds_seen": rounds_seen}
    )
    try:
        for _ in range(options.rounds) if options.rounds else itertools.count():
            rounds_seen.acquire()
    except KeyboardInterrupt:
        pass
    finally:
        participant.stop()


if __name__ == "__main__":
    main()
