"""What an operator tells on a real API server: conditions and events, each once."""

import copy

import pytest
import yaml

from on_api_server import Resource
from operators import CRD
from xaynet_operator.cluster import path
from xaynet_operator.telling import FEDERATED_ROUND

pytestmark = [pytest.mark.apiserver, pytest.mark.usefixtures("operator")]

ALL = {
    "Ready",
    "Progressing",
    "Paused",
    "ParametersApplied",
    "Degraded",
    "Completed",
    "Terminated",
}
DEFINITION = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/federatedrounds.xaynet.dev"


@pytest.fixture
def resource(api, namespace):
    made = Resource(api, namespace).create()
    made.wait_until_made()
    return made


def test_all_conditions_are_there_from_the_first_visit_on(api, namespace):
    resource = Resource(api, namespace).create()
    body = resource.wait_until(lambda body: "status" in body, 15)
    conditions = body["status"]["conditions"]
    assert {one["type"] for one in conditions} == ALL
    assert {one["observedGeneration"] for one in conditions} == {1}
    assert {one["status"] for one in conditions} <= {"True", "False", "Unknown"}


def test_an_edit_is_observed(resource):
    resource.edit(rounds=3)
    body = resource.wait_until(lambda body: body["status"]["observedGeneration"] == 2)
    assert {one["observedGeneration"] for one in body["status"]["conditions"]} == {2}


def test_of_ten_edits_the_last_one_counts(resource):
    for rounds in range(1, 11):
        generation = resource.edit(rounds=rounds)
    assert generation == 11
    body = resource.wait_until(lambda body: body["status"]["observedGeneration"] == 11)
    assert body["spec"]["rounds"] == 10


def test_what_somebody_else_writes_into_the_status_is_written_over(resource, api):
    before = resource.body()["status"]
    wrong = [{**one, "reason": "Wrong"} for one in before["conditions"]]
    where = path(FEDERATED_ROUND, resource.namespace, resource.name, "status")
    patch = {"status": {"conditions": wrong, "totals": {"successful": 7}}}
    answer = api.ask("PATCH", where, patch, "application/merge-patch+json")
    assert answer.status == 200, answer.body
    for kind in ("Ready", "Progressing", "Completed", "Terminated"):  # what it can know here
        before_it = next(one for one in before["conditions"] if one["type"] == kind)
        resource.wait_for_reason(kind, before_it["reason"], 15)


def test_an_event_is_there_once_whoever_tells_it(resource, operator):
    resource.edit(desiredState="Terminated")
    resource.wait_until(lambda body: resource.condition("Ready", body)["reason"] == "Erasing")
    operator.restart()
    resource.edit(rounds=4)
    resource.wait_until(lambda body: body["status"]["observedGeneration"] == 3)
    told = [one["reason"] for one in resource.events()]
    assert told.count("Terminating") == 1
    for one in resource.events():
        assert one["regarding"]["uid"] == resource.body()["metadata"]["uid"]
        assert one["reportingController"] == "xaynet.dev/operator"


def test_a_resource_that_an_older_definition_let_in_is_told_so(api, namespace):
    definition = yaml.safe_load(CRD.read_text())
    loose = copy.deepcopy(definition["spec"])
    schema = loose["versions"][0]["schema"]["openAPIV3Schema"]["properties"]
    schema["spec"] = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    resource = Resource(api, namespace, pet={"model": {"length": "many"}})
    replace(api, loose)
    try:
        wait_until_let_in(resource)
        ready = resource.wait_for_reason("Ready", "SpecUnreadable")
        assert ready["status"] == "False"
        assert "spec.pet.model.length" in ready["message"]
        assert resource.owned() == {}
        right = Resource(api, namespace).document["spec"]["pet"]
        resource.edit(pet=right)
        resource.wait_until_made()
        resource.delete()
    finally:
        replace(api, definition["spec"])


def replace(api, spec):
    answer = api.ask("PATCH", DEFINITION, {"spec": spec}, "application/merge-patch+json")
    assert answer.status == 200, answer.body


def wait_until_let_in(resource):
    """The new definition is in force soon after it was taken."""
    where = path(FEDERATED_ROUND, resource.namespace)
    for _ in range(200):
        answer = resource.api.ask("POST", where, resource.document)
        if answer.status == 201:
            return
    raise AssertionError(answer.body)


def test_a_field_that_kubernetes_does_not_have_is_told(resource):
    resource.edit(coordinator={"affinity": {"nodeAffinity": {"anything": {}}}})

    def is_told(body):
        degraded = resource.condition("Degraded", body)
        return degraded.get("reason") == "ObjectRefused" and "anything" in degraded["message"]

    resource.wait_until(is_told, 15)
