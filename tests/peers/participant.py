"""A participant in the published Python API, with the orders in the file that it is given.

Runs in any interpreter that has an `xaynet_sdk`: the published wheel's or ours. Prints the events
that `tests/support/participants.py` describes; stops when its standard input ends.
"""

import json
import logging
import os
import sys
import threading

# The published SDK logs to standard output, which is for the events alone.
EVENTS = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

import xaynet_sdk  # noqa: E402 (it may log while it is imported)

PRINTING = threading.Lock()


def emit(event, **facts):
    with PRINTING:
        print(json.dumps({"event": event, **facts}), file=EVENTS, flush=True)


class Participant(xaynet_sdk.ParticipantABC):
    """Answers every request for a local model with the same one."""

    def __init__(self, weights):
        self.weights = weights

    def train_round(self, training_input):
        emit("training", model=training_input)
        return self.weights

    def serialize_training_result(self, training_result):
        return training_result

    def deserialize_training_input(self, global_model):
        return global_model

    def on_new_global_model(self, global_model):
        emit("model", model=global_model)


def plain(orders):
    return xaynet_sdk.spawn_participant(
        orders["url"],
        Participant,
        args=(orders["weights"],),
        state=orders["state"],
        scalar=orders["scalar"],
    )


def asynchronous(orders):
    """Has a local model ready for every round, set again when a new global model is there."""
    participant, new_model = xaynet_sdk.spawn_async_participant(
        orders["url"], state=orders["state"], scalar=orders["scalar"]
    )

    def follow():
        while True:
            new_model.wait()
            emit("model", model=participant.get_global_model())
            participant.set_local_model(orders["weights"])

    threading.Thread(target=follow, daemon=True).start()
    return participant


def main():
    logging.basicConfig(level=logging.INFO)
    with open(sys.argv[1]) as file:
        orders = json.load(file)
    participant = {"plain": plain, "async": asynchronous}[orders["uses"]](orders)
    emit("started")
    sys.stdin.read()
    emit("stopped", state=list(participant.stop()))


if __name__ == "__main__":
    main()
