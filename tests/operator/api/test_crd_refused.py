"""Wrong manifests, which the API server itself refuses, each with a sentence."""

from typing import Any

import pytest

from api_server import ApiServer, Ran
from federated_rounds import ABSENT, COMPLETE, MINIMAL, changed
from xaynet_operator.resource import FederatedRound, ResourceError

pytestmark = pytest.mark.apiserver

LONG = "a" * 64
# Said beside a problem that is in the way of other rules.
UNCHECKED = (
    "<nil>: Invalid value: null: some validation rules were not checked because the object was "
    "invalid; correct the existing errors to complete validation"
)
PET = "spec.pet"
MODELS = "spec.models"
INGRESS = "spec.exposure.ingress"
INFLUX = "spec.metrics.influxdb.url"
NAME = "but must be 1 to 63 of a-z, 0-9 and -, beginning and ending with a letter or digit"
QUANTITY = "but must be a quantity of Kubernetes, such as 1Gi or 500Mi"
HOST = "but must be a host name, such as fl.example.org"
URI = "but must be s3:// with bucket and key, such as s3://models/first.npy"
URL = "but must be a URL without user and password, such as http://minio:9000"
BUCKET = "but must be a bucket name: 3 to 63 of a-z, 0-9, - and ."

# What is changed, the field that is refused, and how the sentence about it goes on.
SENTENCES: list[tuple[dict[str, Any], str, str]] = [
    ({f"{PET}.update.count": {"min": 10, "max": 5}}, f"{PET}.update.count.max",
     "is 5, but must be at least spec.pet.update.count.min, which is 10"),
    ({f"{PET}.sum.count.min": 101}, f"{PET}.sum.count.max",
     "is 100, but must be at least spec.pet.sum.count.min, which is 101"),
    ({f"{PET}.sum2.count": {"min": 9, "max": 8}}, f"{PET}.sum2.count.max",
     "is 8, but must be at least spec.pet.sum2.count.min, which is 9"),
    ({f"{PET}.sum.time.max": 0}, f"{PET}.sum.time.max",
     "is 0, but must be at least spec.pet.sum.time.min, which is 5"),
    ({f"{PET}.update.time": {"max": 9}}, f"{PET}.update.time.max",
     "is 9, but must be at least spec.pet.update.time.min, which is 10"),
    ({f"{PET}.sum2.time.max": 4}, f"{PET}.sum2.time.max",
     "is 4, but must be at least spec.pet.sum2.time.min, which is 5"),
    ({f"{PET}.sum2.count.max": 101}, f"{PET}.sum2.count.max",
     "is 101, but must be at most spec.pet.sum.count.max, which is 100"),
    ({f"{PET}.update.count.max": 1001}, f"{PET}.update.count.max",
     "is 1001, but must be at most 1000, the most that spec.pet.mask.modelType M3 can add up"),
    ({f"{PET}.update.count.max": 10**9 + 1, f"{PET}.mask.modelType": "M9"},
     f"{PET}.update.count.max",
     "is 1000000001, but must be at most 1000000000, the most that spec.pet.mask.modelType M9 "
     "can add up"),
    ({"spec.protocol": "FedAvg"}, "spec.protocol", 'is "FedAvg", but must be PET; FedAvg, the '
     "older protocol of xain-fl, is not supported yet"),
    ({"spec.coordinator.replicas": 2}, "spec.coordinator.replicas",
     "is 2, but must be 1; several coordinators are not supported yet"),
    ({"spec.coordinator.replicas": 0}, "spec.coordinator.replicas",
     "is 0, but must be 1; several coordinators are not supported yet"),
    ({"metadata.name": "a.b"}, "metadata.name", f'is "a.b", {NAME}'),
    ({"metadata.name": LONG}, "metadata.name", f'is "{LONG[:59]}…, {NAME}'),
    ({"spec.redis.managed.storage": "much"}, "spec.redis.managed.storage",
     f'is "much", {QUANTITY}'),
    ({f"{MODELS}.managed.storage": "1 Gi"}, f"{MODELS}.managed.storage", f'is "1 Gi", {QUANTITY}'),
    ({f"{MODELS}.managed.storage": ""}, f"{MODELS}.managed.storage", f'is "", {QUANTITY}'),
    ({f"{MODELS}.initial": "first.npy"}, f"{MODELS}.initial", f'is "first.npy", {URI}'),
    ({f"{MODELS}.initial": "s3://models/"}, f"{MODELS}.initial", f'is "s3://models/", {URI}'),
    ({f"{MODELS}.initial": "s3:/" + "x" * 99}, f"{MODELS}.initial", f'is "s3:/{"x" * 55}…, {URI}'),
    ({f"{INGRESS}.host": "https://fl.example.org"}, f"{INGRESS}.host",
     f'is "https://fl.example.org", {HOST}'),
    ({f"{INGRESS}.host": "fl..example.org"}, f"{INGRESS}.host", f'is "fl..example.org", {HOST}'),
    ({INFLUX: "influxdb:8086"}, INFLUX, f'is "influxdb:8086", {URL}'),
    ({INFLUX: "http://me:secret@influxdb:8086"}, INFLUX, f'is "http://…@influxdb:8086", {URL}'),
    ({INFLUX: "http://influxdb:65536"}, INFLUX, f'is "http://influxdb:65536", {URL}'),
    ({MODELS: {"external": {"bucket": "a..b", "credentialsSecretRef": {"name": "s3"}}}},
     f"{MODELS}.external.bucket", f'is "a..b", {BUCKET}'),
]  # fmt: skip

# Sentences about two fields.
PAIRS: list[tuple[dict[str, Any], str, str]] = [
    ({"spec.redis.external": {"urlSecretRef": {"name": "x"}}}, "spec.redis",
     "spec.redis.managed and spec.redis.external are both given: give one"),
    ({f"{MODELS}.external": {"bucket": "digits", "credentialsSecretRef": {"name": "s3"}}}, MODELS,
     "spec.models.managed and spec.models.external are both given: give one"),
    ({f"{INGRESS}.tlsSecretName": ABSENT}, f"{INGRESS}.clientCASecretName",
     f"{INGRESS}.clientCASecretName is given, but {INGRESS}.tlsSecretName is not: client "
     "certificates need TLS"),
    ({MODELS: {"external": {"bucket": "digits", "credentialsSecretRef": {"name": "a"},
                            "roundsCredentialsSecretRef": {"name": "b"}}}},
     f"{MODELS}.external.roundsCredentialsSecretRef",
     f"{MODELS}.external.roundsCredentialsSecretRef is given, but {MODELS}.external.roundsBucket "
     "is not: give both or none"),
]  # fmt: skip

# What the API server says of its own to single values.
OWN: list[tuple[dict[str, Any], str]] = [
    ({"spec.rounds": 0}, "spec.rounds: Invalid value: 0: spec.rounds in body should be greater "
     "than or equal to 1"),
    ({"spec.rounds": "10"}, 'spec.rounds: Invalid value: "string": spec.rounds in body must be of '
     'type integer: "string"'),
    ({"spec.rounds": 10**12 + 1}, "spec.rounds: Invalid value: 1000000000001: spec.rounds in body "
     "should be less than or equal to 1000000000000"),
    ({f"{PET}.sum.prob": 0}, f"{PET}.sum.prob: Invalid value: 0: {PET}.sum.prob in body should be "
     "greater than 0"),
    ({f"{PET}.sum.prob": 1}, f"{PET}.sum.prob: Invalid value: 1: {PET}.sum.prob in body should be "
     "less than 1"),
    ({f"{PET}.update.prob": 1.5}, f"{PET}.update.prob: Invalid value: 1.5: {PET}.update.prob in "
     "body should be less than or equal to 1"),
    ({f"{PET}.model.length": 4.5}, f'{PET}.model.length: Invalid value: "number": {PET}.model.'
     'length in body must be of type integer: "number"'),
    ({f"{PET}.model.length": 2**32}, f"{PET}.model.length: Invalid value: 4294967296: {PET}.model."
     "length in body should be less than or equal to 4294967295"),
    ({f"{PET}.update.count.min": 2}, f"{PET}.update.count.min: Invalid value: 2: {PET}.update."
     "count.min in body should be greater than or equal to 3"),
    ({f"{PET}.sum.count.min": 0}, f"{PET}.sum.count.min: Invalid value: 0: {PET}.sum.count.min in "
     "body should be greater than or equal to 1"),
    ({f"{PET}.sum.time.min": -1}, f"{PET}.sum.time.min: Invalid value: -1: {PET}.sum.time.min in "
     "body should be greater than or equal to 0"),
    ({f"{PET}.mask.modelType": "m3"}, f'{PET}.mask.modelType: Unsupported value: "m3": supported '
     'values: "M3", "M6", "M9", "M12"'),
    ({f"{PET}.mask.groupType": "Real"}, f'{PET}.mask.groupType: Unsupported value: "Real": '
     'supported values: "Integer", "Prime", "Power2"'),
    ({"spec.desiredState": "Stopped"}, 'spec.desiredState: Unsupported value: "Stopped": supported '
     'values: "Running", "Paused", "Terminated"'),
    ({"spec.protocol": "pet"}, 'spec.protocol: Unsupported value: "pet": supported values: "PET", '
     '"FedAvg"'),
    ({f"{MODELS}.deletionPolicy": "Keep"}, f'{MODELS}.deletionPolicy: Unsupported value: "Keep": '
     'supported values: "Retain", "Delete"'),
    ({f"{MODELS}.keep": 0}, f"{MODELS}.keep: Invalid value: 0: {MODELS}.keep in body should be "
     "greater than or equal to 1"),
    ({"spec.coordinator.maxMessageBytes": 100}, "spec.coordinator.maxMessageBytes: Invalid value: "
     "100: spec.coordinator.maxMessageBytes in body should be greater than or equal to 4096"),
    ({"spec.coordinator.imagePullPolicy": "Sometimes"}, "spec.coordinator.imagePullPolicy: "
     'Unsupported value: "Sometimes": supported values: "Always", "IfNotPresent", "Never"'),
    ({"spec.coordinator.tolerations": ["all"]}, 'spec.coordinator.tolerations[0]: Invalid value: '
     '"string": spec.coordinator.tolerations[0] in body must be of type object: "string"'),
    ({"spec.coordinator.resources": "much"}, 'spec.coordinator.resources: Invalid value: "string": '
     'spec.coordinator.resources in body must be of type object: "string"'),
    ({"spec.exposure.service.type": "ExternalName"}, "spec.exposure.service.type: Unsupported "
     'value: "ExternalName": supported values: "ClusterIP", "NodePort", "LoadBalancer"'),
    ({f"{INGRESS}.className": ""}, f'{INGRESS}.className: Invalid value: "": {INGRESS}.className '
     "in body should be at least 1 chars long"),
    ({"spec.exposure.gateway.hostnames": ["a.b", "A_b"]}, "spec.exposure.gateway.hostnames[1]: "
     'Invalid value: "string": must be a host name, such as fl.example.org'),
    ({"spec.exposure.gateway.parentRef": ABSENT}, "spec.exposure.gateway.parentRef: Required "
     "value"),
    ({"spec.metrics.serviceMonitor": "yes"}, 'spec.metrics.serviceMonitor: Invalid value: "string":'
     ' spec.metrics.serviceMonitor in body must be of type boolean: "string"'),
    ({f"{INGRESS}.host": "a" * 254}, f"{INGRESS}.host: Too long: may not be more than 253 bytes"),
    ({f"{PET}.sum.prob": None}, f"{PET}.sum.prob: Required value"),
    ({f"{PET}.update.count": {"min": 3}}, f"{PET}.update.count.max: Required value"),
    ({f"{PET}.mask": ABSENT}, f"{PET}.mask: Required value"),
    ({"spec.pet": ABSENT}, "spec.pet: Required value"),
    ({"spec": ABSENT}, "spec: Required value"),
    ({MODELS: {"external": {"bucket": "digits"}}},
     f"{MODELS}.external.credentialsSecretRef: Required value"),
]  # fmt: skip

# What is refused before it is judged.
UNREADABLE = [
    ("scaleToZero: false", "scale_to_zero: false",
     'strict decoding error: unknown field "spec.pause.scale_to_zero"'),
    ("  rounds: 10", "  round: 10", 'strict decoding error: unknown field "spec.round"'),
    ("sum2:   {count: {min: 1,", "sum2:   {count: {mni: 1,",
     'strict decoding error: unknown field "spec.pet.sum2.count.mni"'),
    ("prob: 0.01", "prob: .nan", "json: unsupported value: NaN"),
]  # fmt: skip


def applied(api: ApiServer, manifest: object) -> Ran:
    return api.kubectl("apply", "--dry-run=server", "-f", "-", given=manifest)


def problems(refused: Ran) -> list[str]:
    """The lines in which kubectl tells the problems."""
    assert refused.code == 1, refused
    _, _, told = refused.errors.partition(" is invalid: ")
    lines = [line.removeprefix("* ") for line in told.strip().split("\n")]
    return [line for line in lines if line and line != UNCHECKED]


def ours(document: dict[str, Any]) -> tuple[str, ...]:
    """What we say to the same manifest without an API server."""
    with pytest.raises(ResourceError) as refused:
        FederatedRound.read(document)
    return refused.value.sentences


@pytest.mark.parametrize(("changes", "field", "goes_on"), SENTENCES)
def test_a_wrong_value_is_refused_with_our_sentence(
    api: ApiServer, changes: dict[str, Any], field: str, goes_on: str
) -> None:
    document = changed(COMPLETE, changes)
    [problem] = problems(applied(api, document))
    where, _, sentence = problem.split(": ", 2)
    assert (where, sentence.split(": ", 1)[1]) == (field, f"{field} {goes_on}")
    assert ours(document) == (f"{field} {goes_on}",)


@pytest.mark.parametrize(("changes", "field", "sentence"), PAIRS)
def test_fields_that_do_not_go_together_are_refused_with_our_sentence(
    api: ApiServer, changes: dict[str, Any], field: str, sentence: str
) -> None:
    document = changed(COMPLETE, changes)
    assert problems(applied(api, document)) == [f'{field}: Invalid value: "object": {sentence}']
    assert ours(document) == (sentence,)


@pytest.mark.parametrize(("changes", "problem"), OWN)
def test_a_value_out_of_bounds_is_refused_with_a_line_that_names_the_field(
    api: ApiServer, changes: dict[str, Any], problem: str
) -> None:
    document = changed(COMPLETE, changes)
    assert problems(applied(api, document)) == [problem]
    assert len(ours(document)) == 1


@pytest.mark.parametrize(("was", "becomes", "told"), UNREADABLE)
def test_a_manifest_with_unknown_fields_or_values_is_refused(
    api: ApiServer, was: str, becomes: str, told: str
) -> None:
    assert was in COMPLETE
    refused = applied(api, COMPLETE.replace(was, becomes))
    assert refused.code == 1
    assert told in refused.errors


def test_every_problem_is_told_at_once(api: ApiServer) -> None:
    changes = {"spec.rounds": 0, f"{PET}.update.count.max": 1001, "spec.coordinator.replicas": 3}
    assert len(problems(applied(api, changed(COMPLETE, changes)))) == 3


def test_a_minimal_manifest_is_refused_by_what_its_defaults_contradict(api: ApiServer) -> None:
    document = changed(MINIMAL, {f"{PET}.sum.time.max": 4})
    assert ours(document) == tuple(
        line.split(": ", 2)[2].split(": ", 1)[-1] for line in problems(applied(api, document))
    )


def test_a_name_in_capitals_is_refused(api: ApiServer) -> None:
    told = problems(applied(api, changed(COMPLETE, {"metadata.name": "Digits"})))
    assert told[-1] == f'metadata.name: Invalid value: "object": metadata.name is "Digits", {NAME}'
