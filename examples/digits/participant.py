"""One participant: a process that holds its own images and shows them to nobody.

    python examples/digits/participant.py images.npz http://127.0.0.1:8081

It takes part in every round until its standard input ends (Ctrl-D), or Ctrl-C.
"""

import argparse
import sys
from contextlib import suppress
from pathlib import Path

import softmax
from images import load

from xaynet_sdk import ParticipantABC, spawn_participant

IMAGES_PER_UNIT = 1000


class DigitReader(ParticipantABC):
    """Trains the global model on its own images."""

    global_model_as_array = True

    def __init__(self, images):
        self.images = images

    def deserialize_training_input(self, global_model):
        return global_model.astype(float).reshape(softmax.SHAPE)

    def train_round(self, training_input):
        start = softmax.untrained() if training_input is None else training_input
        return softmax.train(start, self.images)

    def serialize_training_result(self, training_result):
        return training_result.ravel().astype("float32")


def scalar(images):
    """The weight of this participant in the global model, which is Σ s·w / Σ s.

    Federated averaging wants it in proportion to the number of images. The factor cancels out, so
    anything will do that all participants share and that needs no talk about who has how many. But
    what is masked is s·w, cut off at ±100 (bound B2) and rounded to 1e-10: with s below 1, weights
    may grow to 100 and more before anything is cut, and keep nine digits behind the point.
    """
    return len(images) / IMAGES_PER_UNIT


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("images", type=Path, help="file with the participant's images, .npz")
    arguments.add_argument("url", help="the coordinator, for example http://127.0.0.1:8081")
    options = arguments.parse_args()

    images = load(options.images)
    participant = spawn_participant(options.url, DigitReader, (images,), scalar=scalar(images))
    with suppress(KeyboardInterrupt):
        sys.stdin.read()
    participant.stop()


if __name__ == "__main__":
    main()
