"""The two published participants: what happens around each tick, and when they are stopped."""

import logging
import threading

import numpy as np
import pytest

from sdk_rounds import SUM, UPDATE, URL, joined, key_seed
from tiny_coordinator import TinyCoordinator, connection_refused, status
from xaynet_pet import Model, Tag
from xaynet_sdk import AsyncParticipant, InternalParticipant, ParticipantABC
from xaynet_sdk.exceptions import ParticipantInit, UninitializedParticipant
from xaynet_sdk.threads import Backoff, ParticipantThread


class Recorder(ParticipantABC):
    """Notes what it is asked for."""

    def __init__(self, calls, *, model=(0.5, -0.5, 0.25, 0.0), willing=True):
        self.calls, self.model, self.willing = calls, list(model), willing
        calls.append("made")

    def deserialize_training_input(self, global_model):
        self.calls.append(("deserialize", global_model))
        return tuple(global_model)

    def train_round(self, training_input):
        self.calls.append(("train", training_input))
        return self.model

    def serialize_training_result(self, training_result):
        self.calls.append("serialize")
        return training_result

    def participate_in_update_task(self):
        self.calls.append("asked")
        return self.willing

    def on_new_global_model(self, global_model):
        self.calls.append(("new global model", global_model))

    def on_stop(self):
        self.calls.append("stopped")


class ArrayRecorder(Recorder):
    global_model_as_array = True


def participant(coordinator, task=UPDATE, kind=Recorder, state=None, **kwargs):
    """An InternalParticipant whose thread is not started, and its calls."""
    calls = []
    seed = key_seed(coordinator, task) if state is None else None
    inner = joined(coordinator, seed=seed, state=state)
    handle = InternalParticipant(URL, kind, (calls,), kwargs, state, 1.0, inner=inner)
    return handle, calls


def async_participant(coordinator, task=UPDATE):
    notifier = threading.Event()
    inner = joined(coordinator, seed=key_seed(coordinator, task))
    return AsyncParticipant(URL, notifier, None, 1.0, inner=inner), notifier


def with_model(*weights):
    coordinator = TinyCoordinator()
    coordinator.model = Model.from_fractions(weights) if weights else None
    return coordinator


class CountedWaits(threading.Event):
    """An exit event that is set after so many waits, without waiting."""

    def __init__(self, count):
        super().__init__()
        self.left, self.waits = count, []

    def wait(self, timeout=None):
        self.waits.append(timeout)
        self.left -= 1
        if not self.left:
            self.set()
        return self.is_set()


def test_waits_grow_by_a_fifth_to_ten_seconds_and_start_again_after_progress():
    backoff = Backoff()
    waits = [backoff.after(False) for _ in range(30)]
    assert waits[:4] == pytest.approx([0.1, 0.12, 0.144, 0.1728])
    assert waits[24:] == pytest.approx([7.9497, 9.5396, 10, 10, 10, 10], abs=1e-4)
    assert [backoff.after(True), backoff.after(False)] == pytest.approx([0.1, 0.12])


def test_waiting_for_days_is_no_overflow():
    backoff = Backoff()
    assert [backoff.after(False) for _ in range(10_000)][-1] == 10.0


def test_a_wait_that_the_coordinator_asks_for_is_kept_up_to_ten_seconds():
    backoff = Backoff()
    assert backoff.after(False, 5.0) == 5.0
    assert backoff.after(False, 3600.0) == 10.0
    assert backoff.after(False, 0.0) == pytest.approx(0.144)


def test_the_thread_waits_on_its_exit_event_after_each_tick():
    coordinator = TinyCoordinator()
    coordinator.fail("/params", *(connection_refused() for _ in range(3)))
    event = CountedWaits(5)
    ParticipantThread(joined(coordinator), event).run()
    assert event.waits == pytest.approx([0.1, 0.12, 0.144, 0.1, 0.1])


def test_participants_are_daemon_threads():
    coordinator = TinyCoordinator()
    assert participant(coordinator)[0].daemon
    assert async_participant(coordinator)[0].daemon


def test_the_users_class_is_made_in_the_thread_with_its_keyword_arguments():
    handle, calls = participant(TinyCoordinator(), model=(1.0,) * 4)
    assert calls == []
    handle.poll()
    assert calls[0] == "made"


def test_an_update_participant_is_told_of_the_round_and_trained_once():
    handle, calls = participant(TinyCoordinator())
    for _ in range(4):
        handle.poll()
    none = None
    assert calls == ["made", ("new global model", none), "asked", ("train", none), "serialize"]


def test_a_global_model_is_deserialized_and_trained_on():
    handle, calls = participant(with_model(0.5, 0.25, 0.0, -1.0))
    handle.poll()
    handle.poll()
    model = (0.5, 0.25, 0.0, -1.0)
    assert calls == [
        "made",
        ("deserialize", list(model)),
        ("new global model", model),
        "asked",
        ("train", model),
        "serialize",
    ]


def test_a_class_may_ask_for_arrays_instead_of_lists():
    handle, calls = participant(with_model(0.5, 0.25), kind=ArrayRecorder)
    handle.poll()
    given = calls[1][1]
    assert isinstance(given, np.ndarray)
    assert (given.dtype, given.tolist()) == (np.float32, [0.5, 0.25])


def test_an_unwilling_participant_is_asked_again_after_every_tick():
    handle, calls = participant(TinyCoordinator(), willing=False)
    for _ in range(4):
        handle.poll()
    assert calls[2:] == ["asked"] * 3


@pytest.mark.parametrize("model", [(1.0,), (float("nan"),) * 4], ids=["length", "not finite"])
def test_a_wrong_local_model_is_warned_about_and_trained_again(model, caplog):
    handle, calls = participant(TinyCoordinator(), model=model)
    for _ in range(3):
        handle.poll()
    assert calls.count("serialize") == 2
    assert caplog.text.count("failed to set local model") == 2


def test_a_sum_participant_is_not_asked_to_train():
    handle, calls = participant(TinyCoordinator(), task=SUM)
    for _ in range(5):
        handle.poll()
    assert calls == ["made", ("new global model", None)]


def test_a_model_that_cannot_be_fetched_is_fetched_again_before_training(caplog):
    coordinator = with_model(0.5, 0.25, 0.0, -1.0)
    too_big = Model.from_fractions([2**200] * 4).to_bytes()
    coordinator.fail("/model", connection_refused(), connection_refused(), status(200, too_big))
    handle, calls = participant(coordinator)
    for _ in range(3):
        handle.poll()
    assert calls == ["made", "asked", "asked"]
    assert caplog.text.count("failed to get global model") == 3
    handle.poll()
    assert calls[3:5] == [
        ("deserialize", [0.5, 0.25, 0.0, -1.0]),
        ("new global model", (0.5, 0.25, 0.0, -1.0)),
    ]
    assert calls[-1] == "serialize"


def test_a_restored_participant_trains_on_the_global_model_and_not_from_scratch():
    coordinator = with_model(0.5, 0.25, 0.0, -1.0)
    handle, _ = participant(coordinator, willing=False)
    handle.poll()
    handle.poll()
    restored, calls = participant(coordinator, state=handle.stop())
    restored.poll()
    assert ("train", (0.5, 0.25, 0.0, -1.0)) in calls


def test_an_error_in_the_users_code_ends_the_thread_but_not_the_handle(caplog):
    class Broken(Recorder):
        def train_round(self, training_input):
            raise ZeroDivisionError("no data")

    handle, calls = participant(TinyCoordinator(), kind=Broken)
    handle.run()
    assert "unrecoverable error: no data shut down participant" in caplog.text
    assert "stopped" not in calls
    assert handle.stop()
    assert calls[-1] == "stopped"


def test_an_error_in_the_users_constructor_ends_the_thread_but_not_the_handle(caplog):
    handle, calls = participant(TinyCoordinator(), nonsense=1)
    handle.run()
    assert "unrecoverable error" in caplog.text
    assert handle.stop()
    assert calls == []


def test_stopping_calls_on_stop_in_the_callers_thread_and_returns_the_state():
    coordinator = TinyCoordinator()
    handle, calls = participant(coordinator)
    handle.poll()
    state = handle.stop()
    assert calls[-1] == "stopped"
    assert joined(coordinator, state=state).save() == state


def test_stopping_twice_is_an_error():
    coordinator = TinyCoordinator()
    for handle in (participant(coordinator)[0], async_participant(coordinator)[0]):
        handle.stop()
        with pytest.raises(UninitializedParticipant):
            handle.stop()


def test_a_participant_that_never_ran_can_be_stopped():
    handle, calls = participant(TinyCoordinator())
    assert handle.stop()
    assert calls == []


def test_an_error_in_on_stop_does_not_cost_the_state(caplog):
    class Broken(Recorder):
        def on_stop(self):
            raise OSError("disk full")

    handle, _ = participant(TinyCoordinator(), kind=Broken)
    handle.poll()
    assert handle.stop()
    assert "disk full" in caplog.text


def test_a_tick_that_waited_while_the_participant_was_stopped_does_nothing(caplog):
    coordinator = TinyCoordinator()
    handle, calls = participant(coordinator)
    handle.stop()
    assert handle.poll() == 0.0
    assert coordinator.requests == calls == []
    assert caplog.text == ""


def test_a_callback_cannot_stop_its_own_participant(caplog):
    handles = []

    class Impatient(Recorder):
        def on_new_global_model(self, global_model):
            handles[0].stop()

    handle, _ = participant(TinyCoordinator(), kind=Impatient)
    handles.append(handle)
    handle.start()
    handle.join(timeout=60)
    assert not handle.is_alive()
    assert "call stop() in another thread" in caplog.text
    assert handle.stop()


def test_the_notifier_is_set_until_the_model_is_fetched():
    coordinator = TinyCoordinator()
    handle, notifier = async_participant(coordinator)
    assert not notifier.is_set()
    handle.poll()
    notifier.clear()
    handle.poll()
    assert notifier.is_set()
    assert handle.get_global_model() is None
    assert not notifier.is_set()
    handle.poll()
    assert not notifier.is_set()


def test_a_failed_fetch_leaves_the_notifier_to_the_next_tick():
    coordinator = TinyCoordinator()
    handle, notifier = async_participant(coordinator)
    handle.poll()
    coordinator.fail("/model", connection_refused())
    with pytest.raises(Exception, match="failed to fetch global model"):
        handle.get_global_model()
    handle.poll()
    assert notifier.is_set()


def test_a_model_can_be_set_before_the_participant_is_selected():
    coordinator = TinyCoordinator()
    handle, _ = async_participant(coordinator)
    handle.poll()
    handle.set_local_model([0.0] * 4)
    handle.set_local_model(np.array([0.5, 0.25, 0.0, -1.0]))
    coordinator.phase = Tag.UPDATE
    for _ in range(8):
        handle.poll()
    assert coordinator.accepted[Tag.UPDATE] == 1


def test_the_global_model_comes_as_a_list_or_as_an_array():
    handle, _ = async_participant(with_model(0.5, -0.25))
    handle.poll()
    assert handle.get_global_model() == [0.5, -0.25]
    assert handle.get_global_model_array().tolist() == [0.5, -0.25]


def test_stopping_an_async_participant_clears_the_notifier():
    handle, notifier = async_participant(TinyCoordinator())
    handle.poll()
    handle.stop()
    assert not notifier.is_set()
    with pytest.raises(UninitializedParticipant):
        handle.get_global_model()
    with pytest.raises(UninitializedParticipant):
        handle.set_local_model([])


def test_wrong_settings_are_refused_in_the_callers_thread():
    with pytest.raises(ParticipantInit):
        InternalParticipant("nowhere", Recorder, (), {}, None, 1.0)
    with pytest.raises(ParticipantInit):
        AsyncParticipant(URL, threading.Event(), None, 1.0, 190)


def test_ticks_without_a_coordinator_are_silent(caplog):
    caplog.set_level(logging.WARNING)
    coordinator = TinyCoordinator()
    coordinator.fail("/params", *(connection_refused() for _ in range(5)))
    handle, _ = async_participant(coordinator)
    for _ in range(5):
        handle.poll()
    assert caplog.text == ""
