"""Ten participants in one process find the mean of numbers that none of them shows.

    python examples/several_participants.py http://127.0.0.1:8081

Each has numbers of its own, a different amount each. Its local model is the mean of its numbers;
its weight is its share of the largest amount. So the global model is near the mean of all numbers
of those who took part in the round.
"""

import argparse
import itertools
import queue
import random
import statistics

from xaynet_sdk import ParticipantABC, spawn_participant


class MeanOfNumbers(ParticipantABC):
    """The local model: the mean of the participant's numbers, as often as the model is long."""

    def __init__(self, numbers, length, global_models):
        self.numbers, self.length, self.global_models = numbers, length, global_models

    def deserialize_training_input(self, global_model):
        return global_model

    def train_round(self, training_input):
        return statistics.fmean(self.numbers)

    def serialize_training_result(self, training_result):
        return [training_result] * self.length

    def on_new_global_model(self, global_model):
        if global_model is not None:
            self.global_models.put(global_model[0])


def numbers_of(participant):
    """Between 10 and 100 numbers between -1 and 1, different for each participant."""
    source = random.Random(participant)
    centre = source.uniform(-0.5, 0.5)
    return [centre + source.uniform(-0.5, 0.5) for _ in range(source.randint(10, 100))]


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("url", help="the coordinator, for example http://127.0.0.1:8081")
    arguments.add_argument("--length", type=int, default=4, help="weights of the model")
    arguments.add_argument("--participants", type=int, default=10)
    arguments.add_argument("--rounds", type=int, default=3, help="end after so many rounds")
    options = arguments.parse_args()

    everyone = [numbers_of(participant) for participant in range(options.participants)]
    print("the mean of all numbers is", statistics.fmean(itertools.chain(*everyone)))
    most = max(map(len, everyone))
    global_models = queue.Queue()
    participants = [
        spawn_participant(
            options.url,
            MeanOfNumbers,
            kwargs={"numbers": numbers, "length": options.length, "global_models": global_models},
            scalar=len(numbers) / most,
        )
        for numbers in everyone
    ]
    try:
        seen = set()
        while len(seen) < options.rounds:
            model = global_models.get()
            if model not in seen:
                print("global model:", model)
                seen.add(model)
    except KeyboardInterrupt:
        pass
    finally:
        for participant in participants:
            participant.stop()


if __name__ == "__main__":
    main()
