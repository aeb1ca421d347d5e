"""An operator has exactly the rights that it needs, in the whole cluster or in one namespace."""

import pytest
import yaml

from on_api_server import Resource
from operators import ROOT, SYSTEM, Operator, installed
from rounds_on_kubernetes import EVERYTHING, EXTERNAL_MODELS, EXTERNAL_REDIS
from xaynet_operator.telling import FEDERATED_ROUND

pytestmark = pytest.mark.apiserver

USER = f"system:serviceaccount:{SYSTEM}:xaynet-operator"
# For definitions that this server does not have, for admission, and for what has not happened here.
UNSEEN = {
    ("gateway.networking.k8s.io", "httproutes"),
    ("monitoring.coreos.com", "servicemonitors"),
    ("xaynet.dev", "federatedrounds/finalizers"),
    ("apiextensions.k8s.io", "customresourcedefinitions", "get"),
    ("xaynet.dev", "federatedrounds", "get"),
    ("", "namespaces"),
    ("", "events"),
    ("events.k8s.io", "events", "patch"),
    ("", "pods", "get"),
}
# What is applied for the first time needs a right to create, and is told as a patch.
WRITES = ("create", "delete")


def granted():
    """Group, resource and verb of all that the ClusterRole allows."""
    text = (ROOT / "k8s" / "base" / "cluster_role.yaml").read_text()
    role = next(one for one in yaml.safe_load_all(text) if one["kind"] == "ClusterRole")
    return {
        (group, resource, verb)
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def used(api):
    """The same, of all that the operator has asked for until now, and what was refused."""
    asked, refused = set(), []
    for one in api.requests(USER):
        where = one.get("objectRef")
        if where is None:
            continue  # discovery
        resource = "/".join(filter(None, [where["resource"], where.get("subresource")]))
        asked.add((where.get("apiGroup", ""), resource, one["verb"]))
        if one["responseStatus"].get("code") in (401, 403):
            refused.append((one["verb"], one["requestURI"], one["responseStatus"].get("message")))
    return asked, refused


def live_through_everything(api, namespace):
    """Make, repair, prune and end resources of all sorts."""
    rich = Resource(api, namespace, "rich", **EVERYTHING).create()
    rich.wait_for_object("Ingress/rich-coordinator", lambda one: True)
    rich.remove("Service/rich-redis")
    rich.wait_for_object("Service/rich-redis", lambda one: True)
    rich.change("Secret/rich-control", {"data": {"token": None}})
    rich.wait_for_object("Secret/rich-control", lambda one: "token" in one.get("data", {}))
    rich.edit(desiredState="Terminated")
    rich.wait_for_object("Job/rich-erase", lambda one: True)
    end(rich, "rich-erase")
    rich.wait_until(lambda body: rich.condition("Terminated", body).get("status") == "True")

    outside = Resource(api, namespace, "outside", redis=EXTERNAL_REDIS, models=EXTERNAL_MODELS)
    outside.create()
    outside.wait_until(lambda body: body["metadata"].get("finalizers"))
    outside.delete()
    outside.wait_for_object("Job/outside-erase", lambda one: True)
    end(outside, "outside-erase")
    outside.wait_until_gone(FEDERATED_ROUND, "outside", 15)


def end(resource, job):
    """Play the cluster that runs a Job to its end."""
    time = "2026-11-23T20:00:00Z"
    conditions = [
        {"type": kind, "status": "True", "lastTransitionTime": time, "lastProbeTime": time}
        for kind in ("SuccessCriteriaMet", "Complete")
    ]
    status = {"startTime": time, "completionTime": time, "conditions": conditions, "succeeded": 1}
    resource.change(f"Job/{job}", {"status": status}, "status")


def test_nothing_is_refused_and_nothing_is_granted_in_vain(
    rights, api, namespace, launch, tmp_path
):
    launch(Operator(tmp_path, rights, "clusterwide"))
    live_through_everything(api, namespace)
    asked, refused = used(api)
    assert refused == []
    cluster_wide = {one for one in asked if one[0] != "coordination.k8s.io"}
    assert cluster_wide <= granted()
    in_vain = {
        one
        for one in granted() - cluster_wide
        if one not in UNSEEN and one[:2] not in UNSEEN and one[2] not in WRITES
    }
    assert in_vain == set()


def test_in_one_namespace_a_role_there_is_enough(api, launch, tmp_path, namespace):
    """The operator looks after its own namespace, and has no right anywhere else."""
    assert api.kubectl("delete", "clusterrolebinding", "xaynet-operator").code == 0
    try:
        kubeconfig = installed(api, "overlays/namespaced")
        began = len(api.requests(USER))
        launch(Operator(tmp_path, kubeconfig, "namespaced", namespaces=SYSTEM))
        elsewhere = Resource(api, namespace, "elsewhere").create()
        live_through_everything(api, SYSTEM)
        assert elsewhere.owned() == {}
        answered = api.requests(USER)[began:]
        assert [one["requestURI"] for one in answered if one["responseStatus"]["code"] == 403] == []
    finally:
        installed(api)
