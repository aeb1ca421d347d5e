"""What the API server takes, what it makes of it, and what kubectl shows of it."""

import json
from typing import Any

import pytest
import yaml

from api_server import ApiServer
from federated_rounds import COMPLETE, DIGITS, MINIMAL, changed
from xaynet_operator.crd import FILE_NAME
from xaynet_operator.resource import CONDITION_TYPES, FederatedRound, FederatedRoundStatus

pytestmark = pytest.mark.apiserver

MOMENT = "2026-11-23T20:00:00Z"


def created(api: ApiServer, manifest: object, name: str, *options: str) -> dict[str, Any]:
    """The resource as the API server keeps it."""
    document = yaml.safe_load(manifest) if isinstance(manifest, str) else manifest
    document = json.loads(json.dumps(document, default=str))
    document["metadata"] = {"name": name, "namespace": "learning"}
    ran = api.kubectl("create", "-f", "-", "-o", "json", *options, given=document)
    assert ran.code == 0, ran.errors
    return json.loads(ran.output)


def shown(api: ApiServer, *arguments: str) -> str:
    ran = api.kubectl(*arguments, "--namespace", "learning")
    assert ran.code == 0, ran.errors
    return ran.output


def words(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines() if line.strip()]


def test_the_definition_is_established_and_its_schema_structural(api: ApiServer) -> None:
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    answer = api.ask("GET", f"{path}/{FILE_NAME.removesuffix('.yaml')}")
    conditions = {each["type"]: each["status"] for each in answer.body["status"]["conditions"]}
    assert conditions == {"NamesAccepted": "True", "Established": "True"}


@pytest.mark.parametrize("name", ["complete", "minimal", "example"])
def test_what_is_stored_is_what_the_models_make_of_the_manifest(api: ApiServer, name: str) -> None:
    manifest = {"complete": COMPLETE, "minimal": MINIMAL, "example": DIGITS.read_text()}[name]
    stored = created(api, manifest, f"stored-{name}")
    assert FederatedRound.read(stored).spec == FederatedRound.parse(manifest).spec


def test_defaults_are_filled_in_and_seen(api: ApiServer) -> None:
    spec = created(api, MINIMAL, "defaults")["spec"]
    assert (spec["protocol"], spec["desiredState"]) == ("PET", "Running")
    assert spec["pet"]["update"]["count"] == {"min": 3, "max": 10}
    assert spec["pet"]["sum"]["time"] == {"min": 5, "max": 60}
    assert spec["coordinator"]["replicas"] == 1
    assert spec["models"] == {"deletionPolicy": "Retain"}
    assert spec["exposure"] == {"service": {"type": "ClusterIP"}}
    assert (spec["pause"], spec["redis"]) == ({"scaleToZero": False}, {})


def test_a_null_is_as_good_as_nothing(api: ApiServer) -> None:
    nulls = {
        "spec.rounds": None,
        "spec.desiredState": None,
        "spec.redis": {"managed": None, "external": None},
        "spec.models": {"managed": {"storageClassName": None}, "initial": None},
        "spec.coordinator.affinity": None,
    }
    spec = created(api, changed(MINIMAL, nulls), "nulls")["spec"]
    assert "rounds" not in spec
    assert spec["desiredState"] == "Running"
    assert spec["redis"] == {}
    assert spec["models"] == {"managed": {"storage": "10Gi"}, "deletionPolicy": "Retain"}
    assert "affinity" not in spec["coordinator"]


def test_what_kubernetes_knows_is_passed_through(api: ApiServer) -> None:
    passed = {
        "resources": {"requests": {"cpu": 1, "memory": "1Gi"}, "claims": [{"name": "gpu"}]},
        "tolerations": [{"key": "a", "tolerationSeconds": 3}],
        "affinity": {"nodeAffinity": {"anything": [1, {"else": None}]}},
        "topologySpreadConstraints": [{"maxSkew": 1, "labelSelector": {"matchLabels": {"a": "b"}}}],
        "podLabels": {"team": "fl"},
    }
    coordinator = created(api, changed(MINIMAL, {"spec.coordinator": passed}), "passed")["spec"][
        "coordinator"
    ]
    assert {key: coordinator[key] for key in passed} == passed


@pytest.mark.parametrize("name", ["a", "1", "a" * 63, "a-1"])
def test_names_that_are_labels_are_taken(api: ApiServer, name: str) -> None:
    created(api, MINIMAL, name, "--dry-run=server")  # others ask for such names too


def test_models_of_every_type_may_be_as_many_as_masks_add_up(api: ApiServer) -> None:
    for kind, most in (("M3", 10**3), ("M6", 10**6), ("M9", 10**9), ("M12", 10**12)):
        changes = {"spec.pet.mask.modelType": kind, "spec.pet.update.count.max": most}
        created(api, changed(MINIMAL, changes), f"as-many-as-{kind.lower()}")


def test_the_status_is_a_subresource_and_conditions_are_merged_by_type(api: ApiServer) -> None:
    name = "conditions"
    stored = created(api, MINIMAL, name)
    path = f"{resources()}/{name}/status"
    for types, manager in ((CONDITION_TYPES[:2], "one"), (CONDITION_TYPES[2:], "other")):
        answer = api.ask(
            "PATCH",
            f"{path}?fieldManager={manager}",
            {**kind_and_name(name), "status": {"conditions": [condition(each) for each in types]}},
            "application/apply-patch+yaml",
        )
        assert answer.status == 200, answer.body
    status = FederatedRoundStatus.model_validate(answer.body["status"])
    assert [each.type for each in status.conditions] == list(CONDITION_TYPES)
    assert answer.body["metadata"]["generation"] == stored["metadata"]["generation"]


def test_a_condition_of_a_type_that_is_there_twice_is_refused(api: ApiServer) -> None:
    created(api, MINIMAL, "twice")
    document = {"status": {"conditions": [condition("Ready"), condition("Ready")]}}
    answer = api.ask(
        "PATCH", f"{resources()}/twice/status", document, "application/merge-patch+json"
    )
    assert answer.status == 422
    assert answer.problems == (("status.conditions[1]", 'Duplicate value: {"type":"Ready"}'),)


def resources() -> str:
    return "/apis/xaynet.dev/v1alpha1/namespaces/learning/federatedrounds"


def kind_and_name(name: str) -> dict[str, Any]:
    return {
        "apiVersion": "xaynet.dev/v1alpha1",
        "kind": "FederatedRound",
        "metadata": {"name": name},
    }


def condition(kind: str, reason: str = "NotYetObserved") -> dict[str, Any]:
    moment = {"lastTransitionTime": MOMENT, "observedGeneration": 1}
    return {"type": kind, "status": "True", "reason": reason, "message": "", **moment}


def test_kubectl_get_shows_what_people_ask_first(api: ApiServer) -> None:
    created(api, DIGITS.read_text(), "columns")
    status = {
        "state": "Pausing",
        "round": {"id": 7, "phase": "Update", "update": {"accepted": 3}},
        "totals": {"successful": 6},
        "endpoint": "http://fl.example.org",
        "conditions": [condition("Paused"), condition("Ready", "CoordinatorReady")],
    }
    patch = json.dumps({"status": status})
    shown(api, "patch", "fr/columns", "--subresource=status", "--type=merge", "--patch", patch)
    head, row = words(shown(api, "get", "fr", "columns"))
    assert head == ["NAME", "STATE", "PHASE", "ROUND", "UPDATES", "DONE", "READY", "AGE"]
    assert row[:-1] == ["columns", "Pausing", "Update", "7", "3", "6", "True"]
    head, row = words(shown(api, "get", "fround", "columns", "--output=wide"))
    assert head[7:-1] == ["ASKED", "WANTED", "REASON", "ENDPOINT"]
    assert row[7:-1] == ["Running", "8", "CoordinatorReady", "http://fl.example.org"]


@pytest.mark.parametrize("category", ["all", "xaynet"])
def test_kubectl_finds_the_resource_in_categories(api: ApiServer, category: str) -> None:
    created(api, MINIMAL, f"in-{category}")
    assert f"federatedround.xaynet.dev/in-{category}" in shown(
        api, "get", category, "--output=name"
    )


def test_kubectl_waits_for_a_condition(api: ApiServer) -> None:
    created(api, MINIMAL, "waited-for")
    patch = json.dumps({"status": {"conditions": [condition("Completed", "AllRoundsDone")]}})
    shown(api, "patch", "fr/waited-for", "--subresource=status", "--type=merge", "--patch", patch)
    shown(api, "wait", "fr/waited-for", "--for=condition=Completed", "--timeout=10s")


def test_kubectl_explains_a_field(api: ApiServer) -> None:
    explained = shown(api, "explain", "federatedround.spec.pet.update.count")
    assert "How many update messages a round takes. Example: {min: 3, max: 1000}" in explained
    for line in (
        "max <integer> -required-",
        "Fewest updates a global model is made of; fewer would reveal each other. Must be a whole "
        "number, at least 3 and at most 1000000000000. Default: 3. Example: 3",
    ):
        assert line in " ".join(explained.split())


def test_kubectl_explains_the_choices_of_a_field(api: ApiServer) -> None:
    explained = shown(api, "explain", "fr.spec.desiredState")
    assert words(explained)[3:8] == [
        ["FIELD:", "desiredState", "<string>"], ["ENUM:"], ["Running"], ["Paused"], ["Terminated"],
    ]  # fmt: skip


def test_kubectl_explains_every_field_with_an_example(api: ApiServer) -> None:
    explained = shown(api, "explain", "fr", "--recursive")
    for name in ("clientCASecretName", "topologySpreadConstraints", "activeGeneration"):
        assert name in explained
    for section in ("spec.exposure.ingress", "spec.models.external", "status.parameters"):
        _, _, fields = shown(api, "explain", f"fr.{section}").partition("FIELDS:")
        described = [field for field in fields.split("\n\n") if field.strip()]
        assert described
        assert all("Example:" in " ".join(field.split()) for field in described)
