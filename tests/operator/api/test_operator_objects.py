"""What an operator makes for a resource on a real API server, keeps so, and takes away again."""

import base64

import pytest

from on_api_server import Resource
from rounds_on_kubernetes import EXTERNAL_MODELS, EXTERNAL_REDIS
from xaynet_operator.cluster import path
from xaynet_operator.manifests.kinds import CONFIG_MAP, DEPLOYMENT, KIND_OF, SECRET, SERVICE
from xaynet_operator.telling import FEDERATED_ROUND

pytestmark = [pytest.mark.apiserver, pytest.mark.usefixtures("operator")]

USER = "system:serviceaccount:xaynet-system:xaynet-operator"
ALL = {
    *(f"Secret/digits-{name}" for name in ("control", "rounds", "redis", "minio")),
    *(f"ConfigMap/digits-{name}" for name in ("coordinator", "redis")),
    *(f"PersistentVolumeClaim/digits-{name}" for name in ("redis", "minio")),
    *(f"Service/digits-{name}" for name in ("coordinator", "control", "redis", "minio")),
    *(f"StatefulSet/digits-{name}" for name in ("redis", "minio")),
    "Deployment/digits-coordinator",
    *(f"PodDisruptionBudget/digits-{name}" for name in ("coordinator", "redis", "minio")),
}


@pytest.fixture(scope="module", autouse=True)
def aged(api, operator):
    """Was there before all others."""
    assert api.ask("POST", "/api/v1/namespaces", {"metadata": {"name": "aged"}}).status == 201
    return Resource(api, "aged").create()


@pytest.fixture
def resource(api, namespace):
    made = Resource(api, namespace).create()
    made.wait_until_made()
    return made


def test_all_objects_are_made_and_belong_to_the_resource(resource):
    owned = resource.owned()
    assert owned.keys() == ALL
    uid = resource.body()["metadata"]["uid"]
    for key, one in owned.items():
        owners = [owner["uid"] for owner in one["metadata"].get("ownerReferences", [])]
        assert owners == ([] if key == "PersistentVolumeClaim/digits-minio" else [uid]), key
    drawn = {key: {*one["data"]} for key, one in owned.items() if key.startswith("Secret/")}
    assert drawn == {
        "Secret/digits-control": {"token"},
        "Secret/digits-rounds": {"key"},
        "Secret/digits-redis": {"password", "url", "auth.conf"},
        "Secret/digits-minio": {"accesskey", "secretkey"},
    }


@pytest.mark.parametrize("key", sorted(ALL))
def test_what_is_removed_comes_back(resource, key):
    before = resource.remove(key)
    after = resource.wait_for_object(
        key, lambda one: one["metadata"]["uid"] != before["metadata"]["uid"]
    )
    assert after["metadata"]["labels"] == before["metadata"]["labels"]
    assert {*after.get("data", {})} == {*before.get("data", {})}


@pytest.mark.parametrize(
    ("key", "change", "field"),
    [
        ("Service/digits-redis", {"spec": {"selector": {"a": "b"}}}, "spec.selector.a"),
        ("Deployment/digits-coordinator", {"spec": {"replicas": 0}}, "spec.replicas"),
        ("ConfigMap/digits-coordinator", {"data": {"config.toml": "x"}}, "data.config.toml"),
        (
            "Secret/digits-control",
            {"metadata": {"ownerReferences": []}},
            "metadata.ownerReferences",
        ),
        ("StatefulSet/digits-redis", {"metadata": {"labels": None}}, "metadata.labels"),
        (
            "Deployment/digits-coordinator",
            {"metadata": {"labels": {"app.kubernetes.io/managed-by": "somebody"}}},
            "metadata.labels",
        ),
    ],
)
def test_what_is_changed_is_changed_back(resource, key, change, field):
    def at(one):
        section, _, name = field.partition(".")
        *within, last = name.split(".", 1) if section == "spec" else [name]
        place = one[section]
        for part in within:
            place = place.get(part, {})
        return place.get(last)

    before = at(resource.owned()[key])
    assert at(resource.change(key, change)) != before
    resource.wait_for_object(key, lambda one: at(one) == before)


def test_an_entry_that_a_secret_loses_is_drawn_anew(resource):
    before = resource.secret("digits-control")["token"]
    resource.change("Secret/digits-control", {"data": {"token": None}})
    found = resource.wait_for_object(
        "Secret/digits-control", lambda one: "token" in one.get("data", {})
    )
    assert found["data"]["token"] != before


def test_a_secret_that_somebody_rotates_is_left_so_and_its_pods_learn_of_it(resource):
    def template(one):
        return one["spec"]["template"]["metadata"]["annotations"]

    before = template(resource.owned()["Deployment/digits-coordinator"])
    token = base64.b64encode(b"rotated by hand").decode()
    resource.change("Secret/digits-control", {"data": {"token": token}})
    resource.wait_for_object("Deployment/digits-coordinator", lambda one: template(one) != before)
    assert resource.secret("digits-control") == {"token": token}


def test_what_is_not_wanted_any_more_is_removed(resource):
    resource.edit(exposure={"ingress": {"host": "fl.example.org"}})
    resource.wait_for_object("Ingress/digits-coordinator", lambda one: True)
    resource.edit(exposure={"ingress": None})
    resource.wait_until_gone(KIND_OF["Ingress"], "digits-coordinator", 15)
    resource.wait_for_reason("Progressing", "Provisioning")
    assert resource.owned().keys() == ALL


def test_the_object_of_somebody_else_is_left_alone_and_named(api, namespace):
    theirs = {"metadata": {"name": "digits-redis"}, "data": {"theirs": "1"}}
    assert api.ask("POST", path(CONFIG_MAP, namespace), theirs).status == 201
    resource = Resource(api, namespace).create()
    ready = resource.wait_for_reason("Ready", "ObjectRefused")
    assert "ConfigMap digits-redis" in ready["message"]
    assert resource.get(CONFIG_MAP, "digits-redis")["data"] == {"theirs": "1"}
    assert resource.owned().keys() == ALL - {"ConfigMap/digits-redis"}
    api.ask("DELETE", path(CONFIG_MAP, namespace, "digits-redis"))
    resource.wait_for_reason("Ready", "Starting")


def test_a_volume_that_was_retained_is_taken_up_again(api, resource, namespace):
    claim = resource.owned()["PersistentVolumeClaim/digits-minio"]
    before = resource.body()["metadata"]["uid"]
    resource.delete()
    # Nobody here removes what belongs to nobody any more.
    for key in ALL - {"PersistentVolumeClaim/digits-minio"}:
        resource.remove(key)
    again = Resource(api, namespace).create()
    again.wait_until_made()
    assert again.body()["metadata"]["uid"] != before
    assert (
        again.owned()["PersistentVolumeClaim/digits-minio"]["metadata"]["uid"]
        == claim["metadata"]["uid"]
    )


def test_what_an_earlier_one_of_the_name_has_left_is_waited_for(api, resource, namespace):
    resource.delete()
    again = Resource(api, namespace).create()
    again.wait_until_made()
    assert (
        again.owned()["Service/digits-redis"]["metadata"]["ownerReferences"][0]["uid"]
        != (again.body()["metadata"]["uid"])
    )
    for key in ALL - {"PersistentVolumeClaim/digits-minio"}:
        resource.remove(key)
    uid = again.body()["metadata"]["uid"]
    again.wait_for_object(
        "Service/digits-redis", lambda one: one["metadata"]["ownerReferences"][0]["uid"] == uid
    )
    told = {one["note"] for one in again.events()}
    assert not any("does not belong" in note for note in told), told


def test_where_nothing_happens_nothing_is_written(aged, api):
    def is_settled(body):  # no pods come, and after a while that is told
        return aged.condition("Ready", body).get("reason") not in (None, "Starting")

    aged.wait_until(is_settled)
    before, asked = aged.versions(), len(api.requests(USER))
    list(api.watched(path(FEDERATED_ROUND, aged.namespace), 30))
    assert aged.versions() == before
    made = api.requests(USER)[asked:]
    written = [one for one in made if one["verb"] not in ("get", "list", "watch")]
    of_others = [one for one in written if one["objectRef"].get("namespace") != aged.namespace]
    assert written == of_others
    reads = [one for one in made if one["objectRef"].get("namespace") == aged.namespace]
    assert len(reads) <= 5, "a list of its Secrets for each regular visit"


def test_the_finalizer_is_there_as_long_as_a_store_is_external(api, namespace):
    def finalizers(body):
        return body["metadata"].get("finalizers", [])

    resource = Resource(api, namespace, redis=EXTERNAL_REDIS, models=EXTERNAL_MODELS).create()
    resource.patch({"metadata": {"finalizers": ["example.org/theirs"]}})
    resource.wait_until(lambda body: "xaynet.dev/erase" in finalizers(body))
    resource.patch({"metadata": {"finalizers": ["example.org/theirs"]}})
    body = resource.wait_until(lambda body: "xaynet.dev/erase" in finalizers(body))
    assert {*finalizers(body)} == {"example.org/theirs", "xaynet.dev/erase"}
    assert "Deployment/digits-coordinator" in resource.owned()

    resource.delete()
    resource.wait_for_object("Job/digits-erase", lambda one: True)
    resource.wait_until_gone(DEPLOYMENT, "digits-coordinator", 15)
    ended = [{"type": kind, "status": "True"} for kind in ("SuccessCriteriaMet", "Complete")]
    times = {"startTime": "2026-11-23T20:00:00Z", "completionTime": "2026-11-23T20:00:01Z"}
    for one in ended:
        one |= {
            "lastTransitionTime": times["completionTime"],
            "lastProbeTime": times["completionTime"],
        }
    resource.change(
        "Job/digits-erase", {"status": {**times, "conditions": ended, "succeeded": 1}}, "status"
    )
    resource.wait_until(lambda body: finalizers(body) == ["example.org/theirs"])
    resource.patch({"metadata": {"finalizers": None}})
    assert resource.body() is None
    assert "ErasureIncomplete" not in {one["reason"] for one in resource.events()}


def test_a_resource_without_external_stores_goes_at_once(resource):
    assert "finalizers" not in resource.body()["metadata"]
    resource.delete()
    assert resource.body() is None


def test_services_and_secrets_of_others_are_never_touched(api, resource, namespace):
    for kind, more in (
        (SECRET, {"data": {"a": "Yg=="}}),
        (SERVICE, {"spec": {"ports": [{"port": 1}]}}),
    ):
        theirs = {
            "metadata": {"name": "theirs", "labels": {"app.kubernetes.io/instance": "digits"}}
        }
        assert api.ask("POST", path(kind, namespace), theirs | more).status == 201
    resource.edit(rounds=3)
    resource.wait_for_reason("Progressing", "Provisioning")
    for kind in (SECRET, SERVICE):
        assert (
            resource.get(kind, "theirs")["metadata"]["managedFields"][0]["manager"]
            != "xaynet-operator"
        )
