"""The API server and the models judge alike, whatever is asked for.

Generated manifests are changed in up to three places, by values at bounds, of the right form, of a
wrong one, or of another type. Both must take a manifest or both refuse it, and what the API server
keeps must be readable: the operator meets nothing else.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from api_server import Answer, ApiServer
from federated_rounds import ABSENT, COMPLETE, MINIMAL, changed
from xaynet_operator.resource import FederatedRound, ResourceError, forms

pytestmark = pytest.mark.apiserver

RESOURCES = "/apis/xaynet.dev/v1alpha1/namespaces/learning/federatedrounds"
CREATE = f"{RESOURCES}?dryRun=All&fieldValidation=Strict"

# As the API server tells a sentence of ours.
OF_A_RULE = re.compile(
    'Invalid value: "[a-z]*": (.*(?:, but must| given, but | both given).*)', re.S
)

Changes = dict[str, Any]


def texts(form: Any) -> st.SearchStrategy[str]:
    """Texts of a form, near it, and any others."""
    [limits] = (mark for mark in form.__metadata__ if hasattr(mark, "metadata"))
    [pattern] = (mark.pattern for mark in limits.metadata if hasattr(mark, "pattern"))
    fitting = st.from_regex(pattern, fullmatch=True)
    characters = st.characters(exclude_categories=["Cs"])
    return (
        fitting
        | fitting
        | fitting
        | fitting.map(str.upper)
        | st.tuples(fitting, st.sampled_from(" .-/@:\n\u2028é"), fitting).map("".join)
        | st.text(characters, max_size=80)
    )


def numbers(*bounds: int) -> st.SearchStrategy[int]:
    return st.sampled_from([each + step for each in bounds for step in (-1, 0, 1)])


OTHERS = st.sampled_from(["3", "", 3, 2.5, True, [], {}, [1], {"a": 1}, ABSENT])
COUNTS = st.integers(3, 5) | numbers(1, 3, 9, 10**3, 10**6, 10**12)
TIMES = st.integers(10, 60) | numbers(0, 5, 10, 60, 10**12)
CHANCES = st.sampled_from([0, 1, 0.5, -0.1, 1.5, 1e-300])
CREDENTIALS = st.sampled_from([{"name": "s3"}, {"name": ""}, {}, {"name": "a" * 254}])
NOT_BOTH = st.sampled_from([{}, {"storage": "1Gi"}, {"storageClassName": ""}])


def external_models() -> st.SearchStrategy[Changes]:
    return st.fixed_dictionaries(
        {"bucket": texts(forms.Bucket), "credentialsSecretRef": CREDENTIALS},
        optional={
            "endpoint": texts(forms.WebUrl),
            "roundsBucket": texts(forms.Bucket),
            "roundsCredentialsSecretRef": CREDENTIALS,
        },
    )


PLACES: dict[str, st.SearchStrategy[Any]] = {
    "metadata.name": texts(forms.ResourceName),
    "spec.protocol": st.sampled_from(["PET", "FedAvg", "pet"]),
    "spec.desiredState": st.sampled_from(["Running", "Paused", "Terminated", "Stopped"]),
    "spec.rounds": numbers(1, 10**12),
    "spec.pause": st.sampled_from([{}, {"scaleToZero": True}, {"scaleToZero": 1}]),
    "spec.pet.model.length": numbers(1, 2**32),
    "spec.pet.mask.modelType": st.sampled_from(["M3", "M6", "M9", "M12", "M1"]),
    "spec.pet.mask.boundType": st.sampled_from(["B0", "Bmax", "B8"]),
    "spec.pet.sum.prob": CHANCES,
    "spec.pet.update.prob": CHANCES,
    **{f"spec.pet.{each}.count.min": COUNTS for each in ("sum", "update", "sum2")},
    **{f"spec.pet.{each}.count.max": COUNTS for each in ("sum", "update", "sum2")},
    **{f"spec.pet.{each}.time.min": TIMES for each in ("sum", "update", "sum2")},
    **{f"spec.pet.{each}.time.max": TIMES for each in ("sum", "update", "sum2")},
    "spec.coordinator.replicas": numbers(1, 100),
    "spec.coordinator.maxMessageBytes": numbers(4096, 2**40),
    "spec.coordinator.image": st.text(st.characters(exclude_categories=["Cs"]), max_size=3),
    "spec.coordinator.resources": st.sampled_from([{}, {"limits": {"cpu": 1, "memory": None}}]),
    "spec.coordinator.tolerations": st.sampled_from([[], [{"key": "a"}], ["a"]]),
    "spec.coordinator.podLabels": st.sampled_from([{"a": "b"}, {"a": 1}, {"": ""}]),
    "spec.redis.managed": NOT_BOTH | st.fixed_dictionaries({"storage": texts(forms.Quantity)}),
    "spec.redis.external": st.sampled_from([ABSENT, {"urlSecretRef": {"name": "x"}}, {}]),
    "spec.models.managed": NOT_BOTH,
    "spec.models.external": external_models(),
    "spec.models.keep": numbers(1),
    "spec.models.initial": texts(forms.ModelUri),
    "spec.models.deletionPolicy": st.sampled_from(["Retain", "Delete", "Keep"]),
    "spec.exposure.service": st.sampled_from([{"type": "NodePort"}, {"annotations": {"a": "b"}}]),
    "spec.exposure.ingress.host": texts(forms.Host),
    "spec.exposure.ingress.tlsSecretName": st.sampled_from([ABSENT, "tls", ""]),
    "spec.exposure.ingress.clientCASecretName": st.sampled_from([ABSENT, "ca", ""]),
    "spec.exposure.gateway.hostnames": st.lists(texts(forms.Host), max_size=17),
    "spec.metrics.influxdb.url": texts(forms.WebUrl),
}


def one_change(place: str) -> st.SearchStrategy[tuple[str, Any]]:
    value = st.one_of(*[PLACES[place]] * 15, OTHERS)
    return st.tuples(st.just(place), value)


CHANGES = st.lists(st.sampled_from(sorted(PLACES)).flatmap(one_change), max_size=3).map(dict)


def changed_as_far_as_possible(manifest: str, changes: Changes) -> dict[str, Any]:
    """Leaves out changes within what another one has taken away."""
    document = changed(manifest, {})
    for path, value in changes.items():
        *sections, name = path.split(".")
        within: Any = document
        for section in sections:
            within = within.setdefault(section, {}) if isinstance(within, dict) else None
        if not isinstance(within, dict):
            continue
        if value is ABSENT:
            within.pop(name, None)
        else:
            within[name] = value
    return document


def refusals(document: dict[str, Any]) -> tuple[str, ...]:
    """What the models say."""
    try:
        FederatedRound.read(document)
    except ResourceError as error:
        return error.sentences
    return ()


def is_taken(answer: Answer) -> bool:
    assert answer.status in (201, 400, 422), answer.body
    return answer.status == 201


@settings(max_examples=300)
@given(manifest=st.sampled_from([MINIMAL, COMPLETE]), changes=CHANGES)
def test_the_api_server_and_the_models_take_the_same_manifests(
    api: ApiServer, manifest: str, changes: Changes
) -> None:
    document = changed_as_far_as_possible(manifest, changes)
    refused = refusals(document)
    answer = api.ask("POST", CREATE, document)
    event("refused" if refused else "taken")
    assert is_taken(answer) == (not refused), (refused, answer.problems)
    if not refused:
        assert FederatedRound.read(answer.body).spec == FederatedRound.read(document).spec


@settings(max_examples=200)
@given(manifest=st.sampled_from([MINIMAL, COMPLETE]), changes=CHANGES)
def test_where_only_rules_are_broken_their_sentences_are_the_same(
    api: ApiServer, manifest: str, changes: Changes
) -> None:
    document = changed_as_far_as_possible(manifest, changes)
    told = [message for _, message in api.ask("POST", CREATE, document).problems]
    sentences = [match[1] for message in told if (match := OF_A_RULE.fullmatch(message))]
    if told and len(sentences) == len(told):
        event("rules alone")
        assert set(map(without_value, refusals(document))) <= set(map(without_value, sentences))


def without_value(sentence: str) -> str:
    """Values are written as in JSON by us, and as they are by the API server."""
    return re.sub('is ".*", but|is ".*…, but', "is …, but", sentence, flags=re.DOTALL)


BOUNDS = [0, 3, 5, 10, 100, 1000, 3600, 4096, 2**32, 10**12, 2**40]
EDGES = [bound + step for bound in BOUNDS for step in (-1, 0, 1)]
NUMBERS = [
    "spec.rounds", "spec.pet.model.length", "spec.coordinator.replicas", "spec.models.keep",
    "spec.coordinator.maxMessageBytes", "spec.pet.sum.prob", "spec.pet.update.prob",
    *(f"spec.pet.{phase}.{what}.{end}" for phase in ("sum", "update", "sum2")
      for what in ("count", "time") for end in ("min", "max")),
]  # fmt: skip
TEXTS = {
    "metadata.name": "a", "spec.redis.managed.storage": "1", "spec.models.initial": "s3://abc/k",
    "spec.exposure.ingress.host": "a", "spec.metrics.influxdb.url": "http://a",
    "spec.exposure.ingress.className": "a", "spec.redis.managed.storageClassName": "a",
    "spec.models.external.bucket": "abc", "spec.models.external.endpoint": "http://a",
}  # fmt: skip
LENGTHS = [bound + step for bound in (32, 63, 253, 1093, 2048) for step in (-1, 0, 1)]
TRICKY = [
    "", "-", ".", "a-", "-a", "a.b", "a..b", "a.-b", "a-.b", "A", "1.5Gi", "1.Gi", ".5", "1gi",
    "1 Gi", "-1", "1e3", "1Ei", "1k", "1m", "*.a", "*", "a.*", "ab", "abc", "a_b", "192.168.0.1",
    "s3://abc/k", "s3://ab/k", "s3://abc/", "s3://Abc/k", "s3://abc/k\n", "s3://abc/a b", "abc\n",
    "http://a", "HTTPS://A", "ftp://a", "http://", "http:// a", "http://a b", "http://a:0",
    "http://a:65535", "http://a:65536", "http://a:", "http://[::1]:80/x", "http://[::1", "http://é",
    "http://a/@b", "http://u@a", "http://u:p@a/", "http://a?q#f", "http://a\n", "http://a/é", "é",
]  # fmt: skip


def single_changes() -> Iterator[tuple[str, Changes]]:
    """Every number at every edge, and every text at its longest and in tricky forms."""
    for place in NUMBERS:
        yield from ((COMPLETE, {place: value}) for value in EDGES)
    for kind in ("M3", "M6", "M9", "M12"):
        for most in (10**6, 10**6 + 1, 10**9, 10**9 + 1):
            yield MINIMAL, {"spec.pet.mask.modelType": kind, "spec.pet.update.count.max": most}
    bucket = {"bucket": "abc", "credentialsSecretRef": {"name": "s3"}}
    for place, start in TEXTS.items():
        store = {"spec.models.external": dict(bucket)} if "external" in place else {}
        for text in (*TRICKY, *(start + "a" * (length - len(start)) for length in LENGTHS)):
            yield MINIMAL, {"spec.exposure.ingress": {"host": "a"}, **store, place: text}


def test_they_agree_at_every_edge_of_every_field(api: ApiServer) -> None:
    disagreed = []
    for manifest, changes in single_changes():
        document = changed_as_far_as_possible(manifest, changes)
        refused = refusals(document)
        answer = api.ask("POST", CREATE, document)
        if is_taken(answer) == bool(refused):
            disagreed.append((changes, refused, answer.problems))
    assert disagreed == []


NULLS = st.dictionaries(st.sampled_from(sorted(PLACES)), st.none(), min_size=1, max_size=4)


@settings(max_examples=100)
@given(nulls=NULLS)
def test_what_the_api_server_keeps_is_readable_whatever_was_null(
    api: ApiServer, nulls: Changes
) -> None:
    document = changed_as_far_as_possible(COMPLETE, nulls)
    answer = api.ask("POST", CREATE, document)
    if is_taken(answer):
        assert refusals(answer.body) == ()
    else:
        assert refusals(document), json.dumps(document)


def test_a_whole_number_with_a_point_is_kept_as_one_that_is_readable(api: ApiServer) -> None:
    """The API server takes 4.0 for 4 and keeps 4."""
    answer = api.ask("POST", CREATE, changed(MINIMAL, {"spec.pet.model.length": 4.0}))
    assert FederatedRound.read(answer.body).spec.pet.model.length == 4
