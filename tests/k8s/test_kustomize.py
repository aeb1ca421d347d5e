"""Everything in `k8s` renders, runs restricted, and agrees with the code that it installs."""

import re
from pathlib import Path

import pytest
import yaml
from recipes import IMAGES, version

from xaynet_operator.manifests.coordinator import CONFIG
from xaynet_operator.manifests.network import CONTROL_PORT, PUBLIC_PORT
from xaynet_operator.manifests.redis import REDIS_CONF
from xaynet_operator.owned import Component, object_name
from xaynet_operator.resource import FederatedRound
from xaynet_operator.settings import OperatorSettings

ROOT = Path(__file__).parents[2]
K8S = ROOT / "k8s"
FOLDERS = sorted(str(path.parent.relative_to(K8S)) for path in K8S.rglob("kustomization.yaml"))
WHOLE = [folder for folder in FOLDERS if folder != "coordinator/base"]
LOCAL = ["overlays/development", "examples/digits", "coordinator/development"]
RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
}

in_each = pytest.mark.parametrize("folder", FOLDERS)


def of_kind(manifests, kind):
    return [one for one in manifests if one["kind"] == kind]


def named(manifests, kind, name):
    (found,) = [one for one in of_kind(manifests, kind) if one["metadata"]["name"] == name]
    return found


def workloads(manifests):
    return [one for one in manifests if "template" in one.get("spec", {})]


def pods(manifests):
    return [one["spec"]["template"]["spec"] for one in workloads(manifests)]


def data_of(manifests, kind, prefix):
    """The one generated object whose name is the prefix and a digest."""
    pattern = re.compile(rf"{prefix}-[a-z0-9]{{10}}")
    (found,) = [one for one in of_kind(manifests, kind) if pattern.fullmatch(name_of(one))]
    return found["data"]


def name_of(manifest):
    return manifest["metadata"]["name"]


@in_each
def test_every_folder_renders(rendered, folder):
    assert all(one["apiVersion"] and name_of(one) for one in rendered(folder))


@in_each
def test_every_pod_may_run_where_pods_are_restricted(rendered, folder):
    for pod in pods(rendered(folder)):
        security = pod["securityContext"]
        assert (security["runAsNonRoot"], security["runAsUser"]) == (True, 65532)
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["enableServiceLinks"] is False
        for container in pod["containers"]:
            assert container["securityContext"] == RESTRICTED
            assert container["resources"]["requests"].keys() == {"cpu", "memory"}


@in_each
def test_selectors_select_the_pods_that_they_mean(rendered, folder):
    manifests = rendered(folder)
    labels = [one["spec"]["template"]["metadata"]["labels"].items() for one in workloads(manifests)]
    for one in workloads(manifests) + of_kind(manifests, "PodDisruptionBudget"):
        if selector := one["spec"].get("selector"):
            assert sum(selector["matchLabels"].items() <= each for each in labels) == 1
    for service in of_kind(manifests, "Service"):
        assert sum(service["spec"]["selector"].items() <= each for each in labels) == 1


@pytest.mark.parametrize("folder", WHOLE)
def test_what_pods_read_is_installed_with_them(rendered, folder):
    manifests = rendered(folder)
    there = {(one["kind"], name_of(one)) for one in manifests}
    for pod in pods(manifests):
        assert set(references(pod)) <= there


def references(pod):
    """The ConfigMaps, Secrets and volumes that a pod needs."""
    if account := pod.get("serviceAccountName"):
        yield "ServiceAccount", account
    for volume in pod["volumes"]:
        if "configMap" in volume:
            yield "ConfigMap", volume["configMap"]["name"]
        if "secret" in volume:
            yield "Secret", volume["secret"]["secretName"]
        if "persistentVolumeClaim" in volume:
            yield "PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"]
    for container in pod["containers"]:
        yield from variables_from(container)


def variables_from(container):
    for source in container.get("envFrom", []):
        for kind in source:
            yield {"configMapRef": "ConfigMap", "secretRef": "Secret"}[kind], source[kind]["name"]
    for variable in container.get("env", []):
        if reference := variable.get("valueFrom", {}).get("secretKeyRef"):
            yield "Secret", reference["name"]


@pytest.mark.parametrize("folder", LOCAL)
def test_images_are_those_that_are_built_here(rendered, folder):
    manifests = rendered(folder)
    used = {container["image"] for pod in pods(manifests) for container in pod["containers"]}
    settings = [one.get("data", {}) for one in of_kind(manifests, "ConfigMap")]
    used |= {text for data in settings for name, text in data.items() if name.endswith("_IMAGE")}
    assert used
    assert used <= {recipe.reference for recipe in IMAGES.values()}


def test_the_base_asks_for_the_same_version(rendered):
    text = yaml.safe_dump_all(rendered("base"))
    assert set(re.findall(r"\bxaynet-(?:operator|coordinator|redis|minio):([\w.]+)", text)) == {
        version()
    }


@pytest.mark.parametrize("folder", ["base", "overlays/development", "overlays/namespaced"])
def test_the_operator_accepts_its_variables_and_is_asked_where_it_answers(rendered, folder):
    manifests = rendered(folder)
    ((container,),) = [pod["containers"] for pod in pods(manifests)]
    variables = dict(data_of(manifests, "ConfigMap", "xaynet-operator-settings"))
    variables |= {one["name"]: "from-the-pod" for one in container["env"]}
    settings = OperatorSettings.read(variables)
    assert len(variables) == len(settings.model_fields_set), "a variable that nobody reads"
    (port,) = container["ports"]
    assert settings.probe_address.endswith(f":{port['containerPort']}")


def test_the_operator_is_two_of_which_one_may_be_missing(rendered):
    manifests = rendered("base")
    assert named(manifests, "Deployment", "xaynet-operator")["spec"]["replicas"] == 2
    assert named(manifests, "PodDisruptionBudget", "xaynet-operator")["spec"]["maxUnavailable"] == 1


def test_the_resource_is_defined_before_the_operator_starts(rendered):
    (definition,) = of_kind(rendered("base"), "CustomResourceDefinition")
    (committed,) = (ROOT / "crds").glob("*.xaynet.dev.yaml")
    assert definition["spec"] == yaml.safe_load(committed.read_text())["spec"]


def test_the_example_is_the_round_of_the_demo_with_all_its_participants(rendered):
    manifests = rendered("examples/digits")
    (resource,) = of_kind(manifests, "FederatedRound")
    demo = yaml.safe_load((ROOT / "examples" / "digits" / "round.yaml").read_text())
    assert resource["spec"] == demo["spec"]
    cr = FederatedRound.model_validate(resource)
    job = named(manifests, "Job", "digits-participants")["spec"]
    assert (job["completions"], job["parallelism"], job["completionMode"]) == (10, 10, "Indexed")
    (container,) = job["template"]["spec"]["containers"]
    service = object_name(cr.metadata.name, Component.COORDINATOR)
    assert container["args"] == [f"http://{service}:{PUBLIC_PORT}", "--round", cr.metadata.name]


def test_participants_may_look_at_their_round_and_at_nothing_else(rendered):
    manifests = rendered("examples/digits")
    (rule,) = named(manifests, "Role", "digits-participants")["rules"]
    (resource,) = of_kind(manifests, "FederatedRound")
    assert rule == {
        "apiGroups": ["xaynet.dev"],
        "resources": ["federatedrounds"],
        "resourceNames": [name_of(resource)],
        "verbs": ["get"],
    }


def test_the_coordinator_alone_listens_where_it_is_asked(rendered):
    manifests = rendered("coordinator/development")
    (container,) = named(manifests, "Deployment", "coordinator")["spec"]["template"]["spec"][
        "containers"
    ]
    ports = {one["name"]: one["containerPort"] for one in container["ports"]}
    assert ports == {"http": PUBLIC_PORT, "control": CONTROL_PORT}
    assert container["args"] == ["-c", CONFIG]
    (ingress,) = of_kind(manifests, "Ingress")
    (path,) = ingress["spec"]["rules"][0]["http"]["paths"]
    service = named(manifests, "Service", path["backend"]["service"]["name"])
    assert path["backend"]["service"]["port"]["name"] in {
        one["name"] for one in service["spec"]["ports"]
    }


def test_the_coordinator_alone_has_the_same_redis_as_one_with_an_operator(rendered):
    manifests = rendered("coordinator/development")
    assert data_of(manifests, "ConfigMap", "coordinator-redis")["redis.conf"] == REDIS_CONF
