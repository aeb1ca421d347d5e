"""A participant whose local model is 1 at its own number and 0 elsewhere, so that a global model
tells whose updates are in it: those of n participants have 1/n each.

    unit_participant.py URL NUMBER LENGTH

takes part in every round until it is killed. It runs in pods and in tests alike.
"""

import sys
import threading

from xaynet_sdk import ParticipantABC, spawn_participant


class UnitVector(ParticipantABC):
    """Learns nothing, whatever the others know."""

    def __init__(self, number: int, length: int) -> None:
        self.weights = [float(index == number) for index in range(length)]

    def deserialize_training_input(self, global_model: object) -> None:
        return None

    def train_round(self, training_input: None) -> list[float]:
        return self.weights

    def serialize_training_result(self, training_result: list[float]) -> list[float]:
        return training_result


def spawn(url: str, number: int, length: int) -> threading.Thread:
    return spawn_participant(url, UnitVector, (number, length))


if __name__ == "__main__":
    spawn(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])).join()
