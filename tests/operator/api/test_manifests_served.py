"""A real API server takes every object that may be desired, whole and as it is.

HTTPRoute and ServiceMonitor are left out: their definitions come from other projects.
"""

import json

import pytest

from rounds_on_kubernetes import IMAGES, SPECS, pods_in, served
from xaynet_operator.desired import desired
from xaynet_operator.facts import Facts, Stage
from xaynet_operator.manifests.kinds import KIND_OF

pytestmark = pytest.mark.apiserver

APPLY = "application/apply-patch+yaml"
STRICT = "fieldManager=tests&force=true&fieldValidation=Strict"
RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}
LONGEST = "7" * 63


@pytest.fixture
def namespace(api, uid) -> str:
    """A namespace that refuses pods with more rights than they need."""
    body = {"metadata": {"name": uid, "labels": RESTRICTED}}
    assert api.ask("POST", "/api/v1/namespaces", body).status == 201
    return uid


def collection(manifest) -> str:
    kind, namespace = KIND_OF[manifest["kind"]], manifest["metadata"]["namespace"]
    group = f"/apis/{kind.api_version}" if "/" in kind.api_version else f"/api/{kind.api_version}"
    return f"{group}/namespaces/{namespace}/{kind.plural}"


def apply(api, manifest):
    where = f"{collection(manifest)}/{manifest['metadata']['name']}?{STRICT}"
    answer = api.ask("PATCH", where, manifest, APPLY)
    assert answer.status in (200, 201), json.dumps(answer.body, indent=1)
    return answer.body["metadata"]["resourceVersion"]


@pytest.mark.parametrize("stage", Stage)
@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS.keys())
def test_every_object_is_taken_and_applying_it_again_changes_nothing(api, namespace, spec, stage):
    wanted = desired(served(namespace=namespace, **spec), Facts(stage, IMAGES))
    # Twice, as the API server itself writes a new claim once more when it is applied again.
    for _ in range(2):
        versions = [apply(api, manifest) for manifest in wanted]
    assert [apply(api, manifest) for manifest in wanted] == versions


def test_one_stage_after_the_other_is_taken(api, namespace):
    cr = served(namespace=namespace, **SPECS["everything"])
    for stage in (Stage.SERVING, Stage.ASLEEP, Stage.SERVING, Stage.ERASING, Stage.ENDED):
        for manifest in desired(cr, Facts(stage, IMAGES)):
            apply(api, manifest)


@pytest.mark.parametrize("spec", ["minimal", "everything"])
def test_the_longest_name_that_begins_with_a_digit_is_taken(api, namespace, spec):
    for manifest in desired(
        served(LONGEST, namespace, **SPECS[spec]), Facts(Stage.SERVING, IMAGES)
    ):
        apply(api, manifest)


@pytest.mark.parametrize("stage", [Stage.SERVING, Stage.ERASING])
@pytest.mark.parametrize("name", ["digits", LONGEST])
def test_every_pod_is_let_into_a_restricted_namespace(api, namespace, name, stage):
    wanted = desired(served(name, namespace), Facts(stage, IMAGES))
    templates = pods_in({f"{one['kind']}/{one['metadata']['name']}": one for one in wanted})
    assert len(templates) == 3
    for key, template in templates.items():
        metadata = {**template["metadata"], "name": key.partition("/")[2], "namespace": namespace}
        body = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}
        answer = api.ask("POST", f"/api/v1/namespaces/{namespace}/pods", body)
        assert answer.status == 201, answer.body


def test_what_is_in_a_secret_survives_applying(api, namespace):
    cr = served(namespace=namespace)
    (control, *_) = desired(cr, Facts(Stage.SERVING, IMAGES))
    drawn = {**control, "data": {"token": "c2VjcmV0"}}
    assert api.ask("POST", collection(control), drawn).status == 201
    apply(api, control)
    apply(api, control)
    kept = api.ask("GET", f"{collection(control)}/{control['metadata']['name']}").body
    assert kept["data"] == {"token": "c2VjcmV0"}


def test_a_volume_that_is_not_retained_any_more_gets_an_owner_and_loses_it_again(api, namespace):
    owners = []
    for policy in ("Retain", "Delete", "Retain"):
        cr = served(namespace=namespace, models={"deletionPolicy": policy})
        (claim,) = (
            one
            for one in desired(cr, Facts(Stage.SERVING, IMAGES))
            if one["kind"] == "PersistentVolumeClaim" and "minio" in one["metadata"]["name"]
        )
        apply(api, claim)
        found = api.ask("GET", f"{collection(claim)}/{claim['metadata']['name']}").body
        owners.append(len(found["metadata"].get("ownerReferences", [])))
    assert owners == [0, 1, 0]
