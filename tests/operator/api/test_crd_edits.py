"""What an edit may not change: the API server refuses it, in the words of `refused_changes`."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api_server import Answer, ApiServer
from federated_rounds import MINIMAL, changed
from xaynet_operator.resource import FederatedRound, refused_changes

pytestmark = pytest.mark.apiserver

RESOURCES = "/apis/xaynet.dev/v1alpha1/namespaces/learning/federatedrounds"
EXTERNAL_REDIS = {"external": {"urlSecretRef": {"name": "redis-url"}}}
EXTERNAL_MODELS = {"external": {"bucket": "digits", "credentialsSecretRef": {"name": "s3"}}}
FAST = {"managed": {"storageClassName": "fast"}}
SLOW = {"managed": {"storageClassName": "slow"}}

Changes = dict[str, Any]


@pytest.fixture(scope="module")
def numbers() -> Iterator[int]:
    return count(1)


def edit(api: ApiServer, number: int, old: Changes, new: Changes) -> Answer:
    """Creates a resource, and asks for another spec."""
    name = {"metadata": {"name": f"edited-{number}"}}
    before = changed(MINIMAL, old) | name
    created = api.ask("POST", RESOURCES, before)
    assert created.status == 201, created.body
    after = changed(MINIMAL, new) | {"metadata": created.body["metadata"]}
    return api.ask("PUT", f"{RESOURCES}/edited-{number}", after)


def sentences(answer: Answer) -> list[str]:
    """What was wrong, without how the API server introduces it."""
    return [message.removeprefix('Invalid value: "object": ') for _, message in answer.problems]


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ({"spec.desiredState": "Terminated"}, {"spec.desiredState": "Running"},
         'spec.desiredState is "Running", but must stay "Terminated": that is final'),
        ({"spec.desiredState": "Terminated"}, {"spec.desiredState": "Paused"},
         'spec.desiredState is "Paused", but must stay "Terminated": that is final'),
        ({"spec.desiredState": "Terminated"}, {},
         'spec.desiredState is "Running", but must stay "Terminated": that is final'),
        ({}, {"spec.redis": EXTERNAL_REDIS},
         "spec.redis.external cannot be added: the state of the rounds would stay behind"),
        ({"spec.redis": EXTERNAL_REDIS}, {},
         "spec.redis.external cannot be removed: the state of the rounds would stay behind"),
        ({}, {"spec.models": EXTERNAL_MODELS},
         "spec.models.external cannot be added: the models would stay behind"),
        ({"spec.models": EXTERNAL_MODELS}, {},
         "spec.models.external cannot be removed: the models would stay behind"),
        ({"spec.redis": FAST}, {"spec.redis": SLOW},
         'spec.redis.managed.storageClassName is "slow", but must stay "fast": a volume cannot '
         "move to another class"),
        ({"spec.redis": FAST}, {},
         'spec.redis.managed.storageClassName is null, but must stay "fast": a volume cannot move '
         "to another class"),
        ({}, {"spec.models": SLOW},
         'spec.models.managed.storageClassName is "slow", but must stay null: a volume cannot move '
         "to another class"),
    ],
)  # fmt: skip
def test_a_change_that_cannot_be_is_refused_with_our_sentence(
    api: ApiServer, numbers: Iterator[int], old: Changes, new: Changes, sentence: str
) -> None:
    answer = edit(api, next(numbers), old, new)
    assert (answer.status, sentences(answer)) == (422, [sentence])


@pytest.mark.parametrize(
    "new",
    [
        {"spec.desiredState": "Paused"}, {"spec.desiredState": "Terminated"}, {"spec.rounds": 3},
        {"spec.pet.model.length": 5}, {"spec.pet.mask.boundType": "B6"},
        {"spec.pet.sum.prob": 0.5}, {"spec.pet.update.count": {"min": 4, "max": 9}},
        {"spec.models": {"deletionPolicy": "Delete"}}, {"spec.models": {"keep": 3}},
        {"spec.redis": {"managed": {"storage": "2Gi"}}}, {"spec.coordinator": {"image": "other"}},
        {"spec.exposure": {"ingress": {"host": "fl.example.org"}}}, {"spec.protocol": "PET"},
    ],
)  # fmt: skip
def test_what_may_change_changes(api: ApiServer, numbers: Iterator[int], new: Changes) -> None:
    assert edit(api, next(numbers), {}, new).status == 200


def test_what_stays_as_it_was_is_no_change(api: ApiServer, numbers: Iterator[int]) -> None:
    """What was given outright is left to its default, and the other way round."""
    assert edit(api, next(numbers), {"spec.protocol": "PET"}, {}).status == 200
    terminated = {"spec.desiredState": "Terminated"}
    assert edit(api, next(numbers), terminated, terminated | {"spec.rounds": 3}).status == 200
    assert edit(api, next(numbers), {"spec.redis": {"managed": {}}}, {}).status == 200


def test_the_status_of_a_terminated_resource_is_still_written(
    api: ApiServer, numbers: Iterator[int]
) -> None:
    name = f"edited-{next(numbers)}"
    document = changed(MINIMAL, {"spec.desiredState": "Terminated", "metadata.name": name})
    assert api.ask("POST", RESOURCES, document).status == 201
    status = {"status": {"totals": {"successful": 3}}}
    path = f"{RESOURCES}/{name}/status"
    answer = api.ask("PATCH", path, status, "application/merge-patch+json")
    assert answer.body["status"]["totals"] == {"successful": 3, "failed": 0}


CLASSES = st.sampled_from([{}, {"storageClassName": "fast"}, {"storageClassName": "slow"},
                           {"storageClassName": ""}])  # fmt: skip
SPECS = st.fixed_dictionaries(
    {},
    optional={
        "spec.desiredState": st.sampled_from(["Running", "Paused", "Terminated"]),
        "spec.protocol": st.just("PET"),
        "spec.redis": st.just({}) | st.just(EXTERNAL_REDIS) | CLASSES.map(lambda m: {"managed": m}),
        "spec.models": st.just(EXTERNAL_MODELS) | CLASSES.map(lambda m: {"managed": m}),
        "spec.rounds": st.integers(1, 3),
    },
)


@settings(max_examples=100)
@given(old=SPECS, new=SPECS)
def test_the_api_server_and_the_models_refuse_the_same_changes(
    api: ApiServer, numbers: Iterator[int], old: Changes, new: Changes
) -> None:
    before, after = (FederatedRound.read(changed(MINIMAL, each)).spec for each in (old, new))
    answer = edit(api, next(numbers), old, new)
    assert tuple(sorted(sentences(answer))) == tuple(sorted(refused_changes(before, after)))
    assert answer.status == (422 if answer.problems else 200)
