"""Which objects a FederatedRound has, at each stage."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rounds_on_kubernetes import OPTIONAL, SPECS, UID, facts, objects_of, served
from xaynet_operator.desired import desired
from xaynet_operator.facts import Facts, Images, Stage
from xaynet_operator.generated import entries_of
from xaynet_operator.manifests.kinds import KINDS, OPTIONAL_KINDS
from xaynet_operator.owned import Component, base_name, object_name

KINDS_BY_NAME = {kind.kind: kind for kind in KINDS}
every_spec = pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS.keys())
every_stage = pytest.mark.parametrize("stage", Stage)

REDIS = {
    "Secret/digits-redis",
    "ConfigMap/digits-redis",
    "PersistentVolumeClaim/digits-redis",
    "Service/digits-redis",
    "StatefulSet/digits-redis",
    "PodDisruptionBudget/digits-redis",
}
MINIO = {
    "Secret/digits-minio",
    "PersistentVolumeClaim/digits-minio",
    "Service/digits-minio",
    "StatefulSet/digits-minio",
    "PodDisruptionBudget/digits-minio",
}
SHARED = {"Secret/digits-control", "Secret/digits-rounds", "ConfigMap/digits-coordinator"}
COORDINATOR = {
    "Service/digits-coordinator",
    "Service/digits-control",
    "Deployment/digits-coordinator",
    "PodDisruptionBudget/digits-coordinator",
}
EXPOSED = {
    "Ingress/digits-coordinator",
    "HTTPRoute/digits-coordinator",
    "ServiceMonitor/digits-coordinator",
}
ERASING = {"Job/digits-erase"}


def replicas(spec: dict, stage: Stage) -> dict[str, int]:
    objects = objects_of(served(**spec), facts(stage))
    return {
        key: one["spec"]["replicas"]
        for key, one in objects.items()
        if one["kind"] in ("Deployment", "StatefulSet")
    }


def test_a_minimal_service_has_a_coordinator_a_redis_and_a_minio():
    assert objects_of(served()).keys() == SHARED | COORDINATOR | REDIS | MINIO


def test_a_service_with_everything_has_its_ways_in_too():
    everything = SHARED | COORDINATOR | REDIS | MINIO | EXPOSED
    assert objects_of(served(**SPECS["everything"])).keys() == everything


def test_external_stores_are_nobody_s_objects():
    assert objects_of(served(**SPECS["external stores"])).keys() == SHARED | COORDINATOR


@pytest.mark.parametrize("kind", sorted(OPTIONAL))
def test_an_optional_kind_that_the_cluster_does_not_know_is_left_out(kind):
    cr = served(**SPECS["everything"])
    known = Facts(Stage.SERVING, facts().images, served=OPTIONAL - {kind})
    assert objects_of(cr).keys() - objects_of(cr, known).keys() == {f"{kind}/digits-coordinator"}


def test_asleep_a_service_has_the_same_objects_without_pods_of_coordinator_and_redis():
    spec = SPECS["everything"]
    awake, asleep = (objects_of(served(**spec), facts(s)) for s in (Stage.SERVING, Stage.ASLEEP))
    assert awake.keys() == asleep.keys()
    assert {key for key in awake if awake[key] != asleep[key]} == {
        "Deployment/digits-coordinator",
        "StatefulSet/digits-redis",
    }
    assert replicas(spec, Stage.ASLEEP) == {
        "Deployment/digits-coordinator": 0,
        "StatefulSet/digits-redis": 0,
        "StatefulSet/digits-minio": 1,
    }


def test_serving_every_workload_has_one_pod():
    assert set(replicas({}, Stage.SERVING).values()) == {1}


def test_erasing_a_service_has_its_stores_and_the_job_and_no_coordinator():
    cr = served(**SPECS["everything"])
    assert objects_of(cr, facts(Stage.ERASING)).keys() == SHARED | REDIS | MINIO | ERASING
    assert set(replicas({}, Stage.ERASING).values()) == {1}


def test_erasing_external_stores_needs_no_more_than_the_job_and_what_it_reads():
    cr = served(**SPECS["external stores"])
    assert objects_of(cr, facts(Stage.ERASING)).keys() == SHARED | ERASING


@every_spec
def test_ended_nothing_is_left_but_retained_models_that_we_keep(spec):
    retained = spec.get("models", {}).get("deletionPolicy") != "Delete"
    managed = "external" not in spec.get("models", {})
    left = MINIO if retained and managed else set()
    assert objects_of(served(**spec), facts(Stage.ENDED)).keys() == left


@every_stage
@every_spec
def test_the_same_resource_and_facts_give_the_same_objects(spec, stage):
    first, second = (desired(served(**spec), facts(stage)) for _ in range(2))
    assert json.dumps(first) == json.dumps(second)


@every_spec
def test_objects_come_in_the_order_of_applying(spec):
    order = [kind.kind for kind in KINDS]
    kinds = [one["kind"] for one in desired(served(**spec), facts())]
    assert kinds == sorted(kinds, key=order.index)
    assert order[0] == "Secret"
    assert order.index("PersistentVolumeClaim") < order.index("StatefulSet")


@every_stage
@every_spec
def test_no_object_comes_twice_and_every_kind_is_listed(spec, stage):
    wanted = desired(served(**spec), facts(stage))
    assert len(objects_of(served(**spec), facts(stage))) == len(wanted)
    for one in wanted:
        assert one["apiVersion"] == KINDS_BY_NAME[one["kind"]].api_version


def test_every_kind_that_is_listed_is_desired_at_some_stage():
    cr = served(**SPECS["everything"])
    wanted = {one["kind"] for stage in Stage for one in desired(cr, facts(stage))}
    assert wanted == KINDS_BY_NAME.keys()
    assert {kind.kind for kind in OPTIONAL_KINDS} == OPTIONAL


@every_stage
@every_spec
def test_every_object_is_the_resource_s_own_but_for_the_volume_of_retained_models(spec, stage):
    owner = {
        "apiVersion": "xaynet.dev/v1alpha1",
        "kind": "FederatedRound",
        "name": "digits",
        "uid": UID,
        "controller": True,
        "blockOwnerDeletion": True,
    }
    retained = spec.get("models", {}).get("deletionPolicy") != "Delete"
    for key, one in objects_of(served(**spec), facts(stage)).items():
        outlives = retained and key == "PersistentVolumeClaim/digits-minio"
        assert one["metadata"].get("ownerReferences") == (None if outlives else [owner]), key
        assert one["metadata"]["namespace"] == "learning"
        labels = one["metadata"]["labels"]
        assert labels["app.kubernetes.io/instance"] == "digits"
        assert labels["app.kubernetes.io/managed-by"] == "xaynet-operator"
        assert key.endswith(f"digits-{labels['app.kubernetes.io/component']}")


@every_stage
@every_spec
def test_secrets_are_who_they_belong_to_and_nothing_else(spec, stage):
    cr = served(**spec)
    secrets = [one for one in desired(cr, facts(stage)) if one["kind"] == "Secret"]
    assert {one["metadata"]["name"] for one in secrets} == entries_of(cr, stage).keys()
    for secret in secrets:
        assert secret.keys() == {"apiVersion", "kind", "metadata", "type"}
        assert "annotations" not in secret["metadata"]


@pytest.mark.parametrize("name", ["x", "9-lives", "a" * 40, "a" * 41, "r" * 63, "7" * 63])
@every_stage
def test_all_names_and_labels_are_valid_for_every_name_of_a_resource(name, stage):
    for one in desired(served(name, **SPECS["everything"]), facts(stage)):
        assert re.fullmatch(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?", one["metadata"]["name"])
        assert all(len(value) <= 63 for value in one["metadata"]["labels"].values())


NAMES = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", fullmatch=True)


@given(NAMES)
def test_the_longest_label_that_kubernetes_makes_of_a_name_has_63_characters(name):
    revision = f"{object_name(name, Component.REDIS)}-0123456789"
    assert len(revision) <= 63
    assert re.fullmatch(r"[a-z][a-z0-9-]*[a-z0-9]|[a-z]", base_name(name))


@given(st.lists(NAMES, min_size=2, max_size=5, unique=True))
def test_two_resources_never_share_a_name(names):
    objects = [object_name(name, component) for name in names for component in Component]
    assert len(set(objects)) == len(objects)


def test_an_image_of_the_resource_comes_before_the_installed_one():
    own = {"image": "registry.example.org/own:3"}
    cr = served(coordinator=own, redis={"managed": own}, models={"managed": own})
    assert images(cr) == {"registry.example.org/own:3"}
    assert images(served()) == {
        "registry.example.org/c:1",
        "registry.example.org/r:1",
        "registry.example.org/m:1",
    }


def images(cr) -> set[str]:
    return {
        container["image"]
        for one in desired(cr, facts())
        for container in one.get("spec", {})
        .get("template", {})
        .get("spec", {})
        .get("containers", [])
    }


def test_the_pull_policy_is_the_resource_s_the_installed_one_or_the_cluster_s():
    installed = Facts(Stage.SERVING, Images("c", "r", "m", pull_policy="Never"))
    policies = {
        "of the resource": policy(served(coordinator={"imagePullPolicy": "Always"}), installed),
        "installed": policy(served(), installed),
        "of the cluster": policy(served(), facts()),
    }
    assert policies == {"of the resource": "Always", "installed": "Never", "of the cluster": None}


def policy(cr, around) -> str | None:
    deployment = objects_of(cr, around)["Deployment/digits-coordinator"]
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    return container.get("imagePullPolicy")
