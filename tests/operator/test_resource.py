"""The FederatedRound resource: manifests that are accepted, and the sentence for the others."""

import json
from pathlib import Path
from typing import Annotated

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from definitions import fields_of
from federated_rounds import COMPLETE, DIGITS, MINIMAL
from xaynet_operator.resource import (
    CONDITION_TYPES,
    IMMUTABLE,
    FederatedRound,
    FederatedRoundStatus,
    ResourceError,
    refused_changes,
)
from xaynet_pet import MaskConfig


def edited(manifest: str, **changes: object) -> FederatedRound:
    """The manifest with other values, by paths within the spec: ``pet__sum__prob=0.5``."""
    document = yaml.safe_load(manifest)
    for path, value in changes.items():
        *sections, name = path.split("__")
        section = document["spec"]
        for part in sections:
            section = section.setdefault(part, {})
        section[name] = value
    return FederatedRound.read(document)


def refusal(text: str) -> tuple[str, ...]:
    with pytest.raises(ResourceError) as refused:
        FederatedRound.parse(text)
    assert str(refused.value) == "\n".join(refused.value.sentences)
    return refused.value.sentences


def test_a_complete_manifest_is_read() -> None:
    spec = FederatedRound.parse(COMPLETE).spec
    assert spec.pet.mask_config.vect == MaskConfig("Prime", "F32", "B0", "M3")
    assert spec.coordinator.resources == {"limits": {"memory": "2Gi"}}
    assert spec.redis.managed is not None
    assert spec.redis.managed.storage == "1Gi"
    assert spec.exposure.ingress is not None
    assert spec.exposure.ingress.client_ca_secret_name == "ca"
    assert spec.models.keep == 10


def test_a_minimal_manifest_gets_the_defaults() -> None:
    spec = FederatedRound.parse(MINIMAL).spec
    assert (spec.protocol, spec.desired_state, spec.rounds) == ("PET", "Running", None)
    assert (spec.pet.sum.count.min, spec.pet.update.count.min, spec.pet.sum2.count.min) == (1, 3, 1)
    assert (spec.pet.sum.time.min, spec.pet.update.time.min, spec.pet.sum2.time.min) == (5, 10, 5)
    assert spec.coordinator.replicas == 1
    assert spec.redis.external is None
    assert spec.models.deletion_policy == "Retain"
    assert spec.exposure.service.type == "ClusterIP"
    assert not spec.pause.scale_to_zero


def test_the_same_manifest_in_json_is_the_same_resource() -> None:
    assert FederatedRound.parse(json.dumps(yaml.safe_load(MINIMAL))) == FederatedRound.parse(
        MINIMAL
    )


def test_a_resource_written_by_us_is_read_back() -> None:
    resource = FederatedRound.parse(COMPLETE)
    text = resource.model_dump_json(by_alias=True, exclude_none=True)
    assert FederatedRound.parse(text) == resource


def test_the_example_is_a_round_for_ten_participants() -> None:
    spec = FederatedRound.load(DIGITS).spec
    assert spec.pet.model.length == 64 * 10 + 10
    assert spec.rounds is not None
    assert spec.rounds >= 5
    assert spec.pet.update.prob == 1
    assert spec.pet.sum.count.max >= 10
    assert spec.pet.update.count.max >= 10
    assert min(spec.pet.sum.time.min, spec.pet.update.time.min, spec.pet.sum2.time.min) >= 1


@pytest.mark.parametrize(
    ("was", "becomes", "sentence"),
    [
        ("count: {min: 3, max: 1000}", "count: {min: 10, max: 5}",
         "spec.pet.update.count.max is 5, but must be at least spec.pet.update.count.min, which is"
         " 10"),
        ("count: {min: 1, max: 100}, time: {min: 5, max: 3600}}\n  coordinator",
         "count: {max: 101}, time: {max: 3600}}\n  coordinator",
         "spec.pet.sum2.count.max is 101, but must be at most spec.pet.sum.count.max, which is"
         " 100"),
        ("max: 1000", "max: 1001",
         "spec.pet.update.count.max is 1001, but must be at most 1000, the"
         " most that spec.pet.mask.modelType M3 can add up"),
        ("modelType: M3", "modelType: m3",
         'spec.pet.mask.modelType is "m3", but must be one of M3, M6, M9, M12'),
        ("prob: 0.01", "prob: .nan",
         "spec.pet.sum.prob is NaN, but must be a number, more than 0 and"
         " less than 1"),
        ("rounds: 10", "rounds: '10'",
         'spec.rounds is "10", but must be a whole number, at least 1'
         " and at most 1000000000000"),
        ("length: 55117", "length: 4.5",
         "spec.pet.model.length is 4.5, but must be a whole number, "
         "at least 1 and at most 4294967295"),
        ("protocol: PET", "protocol: FedAvg", 'spec.protocol is "FedAvg", but must be PET; FedAvg, '
         "the older protocol of xain-fl, is not supported yet"),
        ("desiredState: Running", "desiredState: Stopped",
         'spec.desiredState is "Stopped", but must be one of Running, Paused, Terminated'),
        ("scaleToZero", "scale_to_zero",
         "spec.pause.scale_to_zero is not a known field; known here: scaleToZero"),
        ("{storage: 1Gi}", "{storage: much}", 'spec.redis.managed.storage is "much", but must be a '
         "quantity of Kubernetes, such as 1Gi or 500Mi"),
        ("redis: {", "redis: {external: {urlSecretRef: {name: x}}, ",
         "spec.redis.managed and spec.redis.external are both given: give one"),
        ("models: {managed: {storage: 10Gi}", "models: {external: {bucket: digits}",
         "spec.models.external.credentialsSecretRef is missing; it must be given, for example "
         '{"name": "s3-models"}'),
        ("s3://models/first.npy", "first.npy", 'spec.models.initial is "first.npy", but must be '
         "s3:// with bucket and key, such as s3://models/first.npy"),
        ("tlsSecretName: tls, ", "", "spec.exposure.ingress.clientCASecretName is given, but "
         "spec.exposure.ingress.tlsSecretName is not: client certificates need TLS"),
        ("http://influxdb", "http://me:secret@influxdb", 'spec.metrics.influxdb.url is "http://…@'
         'influxdb:8086", but must be a URL without user and password, such as '
         "http://minio:9000"),
        ("name: digits", "name: Digits",
         'metadata.name is "Digits", but must be 1 to 63 of a-z, 0-9 '
         "and -, beginning and ending with a letter or digit"),
        ("kind: FederatedRound", "kind: Pod", 'kind is "Pod", but must be FederatedRound'),
        ("xaynet.dev/v1alpha1", "v1",
         'apiVersion is "v1", but must be xaynet.dev/v1alpha1'),
        ("  rounds: 10", "  rounds: 10\n  rounds: 11",
         "the manifest is not valid YAML: line 10, column 3: rounds is given twice"),
        ("spec:", "spec: [",
         "the manifest is not valid YAML: line 7, column 15: expected ',' or ']',"
         " but got ':'"),
        ("\nkind", "\n---\nkind", "the manifest must hold one resource of kind FederatedRound"),
        ("\napi", "\0api", "the manifest is not valid YAML: it holds characters that YAML does not "
         "allow"),
    ],
)  # fmt: skip
def test_a_wrong_manifest_is_refused_with_a_sentence(was: str, becomes: str, sentence: str) -> None:
    assert was in COMPLETE
    assert refusal(COMPLETE.replace(was, becomes)) == (sentence,)


@pytest.mark.parametrize("text", ["", "3", "[]", "a", "--- {}\n--- {}"])
def test_what_is_not_one_resource_is_refused(text: str) -> None:
    assert refusal(text) == ("the manifest must hold one resource of kind FederatedRound",)


def test_every_problem_is_told_at_once() -> None:
    told = refusal(COMPLETE.replace("rounds: 10", "rounds: 0").replace("prob: 0.1,", "prob: 2,"))
    assert len(told) == 2


def test_a_file_that_cannot_be_read_is_refused_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ResourceError, match=r"round.yaml cannot be read: No such file"):
        FederatedRound.load(tmp_path / "round.yaml")
    (tmp_path / "round.yaml").write_bytes(b"\xff")
    with pytest.raises(ResourceError, match="it is not UTF-8 text"):
        FederatedRound.load(tmp_path / "round.yaml")


@pytest.mark.parametrize(
    "text",
    ["a: 0x_", "a: &a [*a]", "a: !!timestamp 2026-13-45", "? !!timestamp 2026-01-01\n: 1",
     "a: !!binary YQ==", "a: !!set {b}", "? [a]\n: 1", "a: !!python/none x", "[" * 5000],
)  # fmt: skip
def test_yaml_that_is_no_json_is_refused_with_a_sentence(text: str) -> None:
    [sentence] = refusal(text)
    assert sentence.startswith("the manifest ")


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    for manifest in (text, MINIMAL + text, COMPLETE.replace("PET", text)):
        try:
            FederatedRound.parse(manifest)
        except ResourceError as error:
            if not error.sentences:
                raise


def test_a_storage_class_and_the_kind_of_a_store_cannot_change() -> None:
    old = edited(MINIMAL, redis__managed__storageClassName="fast").spec
    new = edited(
        MINIMAL, redis__managed__storageClassName="slow", models__external__bucket="digits",
        models__external__credentialsSecretRef={"name": "s3"},
    ).spec  # fmt: skip
    assert refused_changes(old, new) == (
        'spec.redis.managed.storageClassName is "slow", but must stay "fast": a volume cannot '
        "move to another class",
        "spec.models.external cannot be added: the models would stay behind",
    )
    assert refused_changes(new, old)[1].startswith("spec.models.external cannot be removed")


def test_terminated_is_final() -> None:
    ended = edited(MINIMAL, desiredState="Terminated").spec
    running = FederatedRound.parse(MINIMAL).spec
    assert refused_changes(running, ended) == ()
    assert refused_changes(ended, running) == (
        'spec.desiredState is "Running", but must stay "Terminated": that is final',
    )


def test_what_may_change_at_runtime_is_not_refused() -> None:
    old = FederatedRound.parse(COMPLETE).spec
    new = edited(
        COMPLETE, rounds=20, desiredState="Paused", pet__model={"length": 5},
        pet__mask__boundType="B2", models__keep=3,
    ).spec  # fmt: skip
    assert refused_changes(old, new) == ()


def test_immutable_fields_exist() -> None:
    known = {path for path, _ in fields_of(type(FederatedRound.parse(MINIMAL).spec))}
    assert {immutable.field for immutable in IMMUTABLE} <= known


def test_every_field_has_a_description_and_valid_examples() -> None:
    for path, field in fields_of(FederatedRound):
        assert field.description, path
        assert field.examples, path
        adapter = TypeAdapter(Annotated[field.annotation, *field.metadata, path])
        for example in field.examples:
            adapter.validate_python(example)


def test_a_status_survives_json_and_ignores_what_a_newer_operator_wrote() -> None:
    document = {
        "observedGeneration": 3,
        "conditions": [
            {
                "type": kind,
                "status": "Unknown",
                "reason": "NotYetObserved",
                "lastTransitionTime": "2026-11-23T20:00:00Z",
                "observedGeneration": 3,
            }
            for kind in CONDITION_TYPES
        ],
        "round": {"id": 7, "phase": "Update", "update": {"accepted": 37}, "secondsLeft": 12},
        "totals": {"successful": 6},
        "fromTheFuture": {"a": 1},
    }
    status = FederatedRoundStatus.model_validate_json(json.dumps(document), strict=True)
    assert status.round is not None
    assert (status.round.update.accepted, status.round.sum.accepted) == (37, 0)
    assert [condition.type for condition in status.conditions] == list(CONDITION_TYPES)
    text = status.model_dump_json(by_alias=True)
    assert FederatedRoundStatus.model_validate_json(text, strict=True) == status


def test_a_status_keeps_no_more_rounds_than_its_history_has_room_for() -> None:
    finished = {
        "id": 1, "outcome": "Failed", "finishedAt": "2026-11-23T20:00:00Z", "durationSeconds": 3
    }  # fmt: skip
    FederatedRoundStatus.model_validate({"history": [finished] * 10})
    with pytest.raises(ValueError, match="at most 10"):
        FederatedRoundStatus.model_validate({"history": [finished] * 11})
