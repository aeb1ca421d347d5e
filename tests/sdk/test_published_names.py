"""The names, arguments and defaults of the published SDK (wheel xaynet-sdk-python 0.1.0)."""

import inspect
import threading

import pytest

import xaynet_sdk
from xaynet_sdk import xaynet_sdk as inner

EXCEPTIONS = (
    "CryptoInit", "ParticipantInit", "ParticipantRestore", "UninitializedParticipant",
    "LocalModelLengthMisMatch", "LocalModelDataTypeMisMatch", "GlobalModelUnavailable",
    "GlobalModelDataTypeMisMatch",
)  # fmt: skip


def published_arguments(function, count):
    parameters = list(inspect.signature(function).parameters.values())
    return [(p.name, p.default) for p in parameters[:count]], parameters[count:]


def test_spawn_participant_takes_the_published_arguments_and_a_message_size():
    required = inspect.Parameter.empty
    published, ours = published_arguments(xaynet_sdk.spawn_participant, 6)
    assert published == [
        ("coordinator_url", required),
        ("participant", required),
        ("args", ()),
        ("kwargs", {}),
        ("state", None),
        ("scalar", 1.0),
    ]
    assert [(p.name, p.default) for p in ours] == [("max_message_size", None)]


def test_spawn_async_participant_takes_the_published_arguments_and_a_message_size():
    published, ours = published_arguments(xaynet_sdk.spawn_async_participant, 3)
    required = inspect.Parameter.empty
    assert published == [("coordinator_url", required), ("state", None), ("scalar", 1.0)]
    assert [(p.name, p.default) for p in ours] == [("max_message_size", None)]


@pytest.mark.parametrize("name", EXCEPTIONS)
def test_every_exception_is_a_direct_subclass_and_in_both_places(name):
    exception = getattr(inner, name)
    assert exception.__bases__ == (Exception,)
    assert getattr(xaynet_sdk, name) is exception


def test_the_published_modules_have_the_published_names():
    from xaynet_sdk.async_participant import AsyncParticipant
    from xaynet_sdk.participant import InternalParticipant, ParticipantABC

    assert xaynet_sdk.AsyncParticipant is AsyncParticipant
    assert xaynet_sdk.InternalParticipant is InternalParticipant
    assert xaynet_sdk.ParticipantABC is ParticipantABC
    assert issubclass(AsyncParticipant, threading.Thread)
    assert issubclass(InternalParticipant, threading.Thread)


def test_a_participant_class_must_implement_the_three_published_methods():
    assert xaynet_sdk.ParticipantABC.__abstractmethods__ == {
        "train_round",
        "serialize_training_result",
        "deserialize_training_input",
    }


@pytest.mark.parametrize(
    "method",
    ["tick", "set_model", "global_model", "made_progress", "should_set_model",
     "new_global_model", "task", "save"],
)  # fmt: skip
def test_the_inner_participant_has_the_published_methods(method):
    assert callable(getattr(inner.Participant, method))


def test_the_inner_participant_takes_the_published_arguments_by_position_and_by_name():
    published, _ = published_arguments(inner.Participant, 3)
    required = inspect.Parameter.empty
    assert published == [("url", required), ("scalar", required), ("state", None)]
    inner.Participant("http://host", 1.0, None)
    inner.Participant(url="http://host", scalar=1.0)
