"""What holds for every pod: its rights, its place, and what restarts it."""

import pytest

from rounds_on_kubernetes import (
    PLACEMENT,
    SPECS,
    container_of,
    facts,
    objects_of,
    pods_in,
    served,
)
from xaynet_operator.facts import Stage
from xaynet_operator.manifests.connections import secrets_used
from xaynet_operator.manifests.pods import secrets_of

every_spec = pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS.keys())


def every_pod(cr, **versions):
    """The pods of all stages."""
    return {
        f"{stage.name} {key}": pod
        for stage in Stage
        for key, pod in pods_in(objects_of(cr, facts(stage, **versions))).items()
    }


@every_spec
def test_no_pod_has_a_right_that_it_does_not_need(spec):
    for key, template in every_pod(served(**spec)).items():
        pod, container = template["spec"], container_of(template)
        assert pod["securityContext"]["runAsNonRoot"], key
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, key
        assert pod["automountServiceAccountToken"] is False, key
        assert pod["enableServiceLinks"] is False, key
        rights = container["securityContext"]
        assert rights["capabilities"] == {"drop": ["ALL"]}, key
        assert rights["allowPrivilegeEscalation"] is False, key
        assert rights["readOnlyRootFilesystem"] is True, key
        assert all("hostPath" not in volume for volume in pod["volumes"]), key


def test_why_a_container_ended_is_told_from_its_log():
    for template in every_pod(served()).values():
        assert container_of(template)["terminationMessagePolicy"] == "FallbackToLogsOnError"


def test_all_files_that_are_mounted_are_read_only_but_data_and_tmp():
    for key, template in every_pod(served(**SPECS["everything"])).items():
        mounts = container_of(template)["volumeMounts"]
        writable = {mount["mountPath"] for mount in mounts if not mount.get("readOnly")}
        assert writable <= {"/tmp", "/data"}, key
        assert {mount["name"] for mount in mounts} == {
            volume["name"] for volume in template["spec"]["volumes"]
        }


def test_placement_is_passed_through_to_every_pod():
    for key, template in every_pod(served(**SPECS["everything"])).items():
        pod = template["spec"]
        for field in PLACEMENT.keys() - {"resources"}:
            assert pod[field] == PLACEMENT[field], (key, field)
        assert container_of(template)["resources"] == PLACEMENT["resources"]
        assert pod["imagePullSecrets"] == [{"name": "registry"}], key


def test_without_resources_a_pod_asks_for_a_little_and_empty_ones_ask_for_nothing():
    for template in every_pod(served()).values():
        assert container_of(template)["resources"].keys() == {"requests"}
    nothing = {"resources": {}}
    cr = served(coordinator=nothing, redis={"managed": nothing}, models={"managed": nothing})
    for template in every_pod(cr).values():
        assert container_of(template)["resources"] == {}


def test_labels_of_the_user_never_take_the_place_of_ours():
    ours = {"app.kubernetes.io/instance": "another", "team": "fl"}
    deployment = objects_of(served(coordinator={"podLabels": ours}))[
        "Deployment/digits-coordinator"
    ]
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert labels["team"] == "fl"
    assert deployment["spec"]["selector"]["matchLabels"].items() <= labels.items()


def test_annotations_of_the_user_never_take_the_place_of_ours():
    theirs = {"xaynet.dev/configuration": "mine", "example.org/owner": "fl"}
    cr = served(coordinator={"podAnnotations": theirs})
    annotations = annotations_of(cr)
    assert annotations["example.org/owner"] == "fl"
    assert annotations["xaynet.dev/configuration"] != "mine"


def annotations_of(cr, key="Deployment/digits-coordinator", **versions):
    return pods_in(objects_of(cr, facts(**versions)))[key]["metadata"]["annotations"]


@every_spec
def test_every_workload_finds_its_own_pods_and_no_others(spec):
    objects = objects_of(served(**spec))
    for key in pods_in(objects):
        selector = objects[key]["spec"]["selector"]["matchLabels"]
        found = [
            other
            for other, pod in pods_in(objects).items()
            if selector.items() <= pod["metadata"]["labels"].items()
        ]
        assert found == [key]


def test_the_pod_that_erases_is_behind_no_service():
    objects = objects_of(served(), facts(Stage.ERASING))
    labels = pods_in(objects)["Job/digits-erase"]["metadata"]["labels"]
    services = [one["spec"]["selector"] for one in objects.values() if one["kind"] == "Service"]
    assert services
    assert not any(selector.items() <= labels.items() for selector in services)


def test_other_settings_restart_the_coordinator_and_nothing_else():
    assert restarted(served(), served(models={"keep": 3})) == {"Deployment/digits-coordinator"}


def test_what_may_change_while_rounds_run_restarts_nothing():
    edited = served(rounds=20, desiredState="Paused")
    assert restarted(served(), edited) == set()


def restarted(before, after) -> set[str]:
    old, new = (pods_in(objects_of(cr)) for cr in (before, after))
    return {key for key in old if old[key] != new[key]}


@pytest.mark.parametrize(
    ("secret", "users"),
    [
        ("digits_control", {"Deployment/digits-coordinator"}),
        ("digits_rounds", {"Deployment/digits-coordinator"}),
        ("digits_redis", {"Deployment/digits-coordinator", "StatefulSet/digits-redis"}),
        ("digits_minio", {"Deployment/digits-coordinator", "StatefulSet/digits-minio"}),
        ("of_someone_else", set()),
    ],
)
def test_a_new_version_of_a_secret_restarts_exactly_the_pods_that_use_it(secret, users):
    versions = {"digits_control": "1", "digits_rounds": "1", "digits_redis": "1"}
    old = pods_in(objects_of(served(), facts(**versions)))
    new = pods_in(objects_of(served(), facts(**{**versions, secret: "2"})))
    assert {key for key in old if old[key] != new[key]} == users


def test_a_new_version_of_an_external_secret_restarts_the_coordinator():
    cr = served(**SPECS["external stores"])
    for secret in ("redis_elsewhere", "s3_models", "s3_rounds"):
        old, new = (annotations_of(cr, **{secret: version}) for version in ("1", "2"))
        assert old != new


@every_spec
def test_the_secrets_to_watch_are_those_that_pods_use(spec):
    cr = served(**spec)
    used = {name for pod in pods_in(objects_of(cr)).values() for name in secrets_of(pod["spec"])}
    assert used == secrets_used(cr)


def test_the_job_that_erases_does_not_change_with_secrets():
    around = (facts(Stage.ERASING, digits_redis=version) for version in ("1", "2"))
    first, second = (objects_of(served(), one)["Job/digits-erase"] for one in around)
    assert first == second


@every_spec
def test_nothing_secret_is_in_the_open(spec):
    """Variables with a plain value are only those that say how a program behaves."""
    plain = {"MINIO_BROWSER": "off", "MINIO_UPDATE": "off", "HOME": "/tmp"}
    for template in every_pod(served(**spec)).values():
        for variable in container_of(template)["env"]:
            if "value" in variable:
                assert plain[variable["name"]] == variable["value"]


def test_nodes_can_be_drained():
    budgets = [one for one in objects_of(served()).values() if one["kind"] == "PodDisruptionBudget"]
    assert len(budgets) == 3
    assert all(one["spec"]["maxUnavailable"] == 1 for one in budgets)
