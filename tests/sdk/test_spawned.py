"""Participants as a program starts them: real threads, real HTTP on loopback."""

import threading

from tiny_coordinator import TinyCoordinator, serving
from xaynet_sdk import ParticipantABC, spawn_async_participant, spawn_participant

PATIENCE = 60.0
MODEL = [0.5, -0.25, 0.0, 1.0]
# Keys are drawn at random: that one of the two tasks finds too few happens once in 300,000 runs.
MANY, SUM = 25, 0.4


class Constant(ParticipantABC):
    """Always answers with the same model, and tells when there is a global one."""

    def __init__(self, weights, done):
        self.weights, self.done = weights, done

    def deserialize_training_input(self, global_model):
        return global_model

    def train_round(self, training_input):
        return self.weights

    def serialize_training_result(self, training_result):
        return training_result

    def on_new_global_model(self, global_model):
        if global_model == self.weights:
            self.done.set()


def test_spawned_participants_make_a_global_model_together():
    done = threading.Event()
    with serving(TinyCoordinator(sum=SUM)) as url:
        spawned = [
            spawn_participant(url, Constant, args=(MODEL,), kwargs={"done": done})
            for _ in range(MANY)
        ]
        assert done.wait(PATIENCE)
        states = [handle.stop() for handle in spawned]
        assert len({tuple(state) for state in states}) == len(states)
        join(spawned)


def test_a_spawned_participant_goes_on_from_its_state():
    with serving(TinyCoordinator()) as url:
        handle, notifier = spawn_async_participant(url)
        assert notifier.wait(PATIENCE)
        state = handle.stop()
        restored, notifier = spawn_async_participant(url, state=state)
        assert restored.get_global_model() is None
        join([handle, restored], restored.stop)


def test_spawned_async_participants_make_a_global_model_together():
    coordinator = TinyCoordinator(sum=SUM)
    with serving(coordinator) as url:
        spawned = [spawn_async_participant(url, max_message_size=500) for _ in range(MANY)]
        for handle, notifier in spawned:
            assert notifier.wait(PATIENCE)
            handle.set_local_model(MODEL)
        while (model := spawned[0][0].get_global_model()) is None:
            assert spawned[0][1].wait(PATIENCE)
            for handle, _ in spawned:
                handle.set_local_model(MODEL)
        assert model == MODEL
        for handle, _ in spawned:
            handle.stop()
        join([handle for handle, _ in spawned])


def join(threads, first=lambda: None):
    first()
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive()
