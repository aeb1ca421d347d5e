"""The operator may do what it does, and nothing more."""

import pytest

from xaynet_operator.lease import LEASE
from xaynet_operator.manifests.kinds import KINDS, SECRET
from xaynet_operator.settings import OperatorSettings
from xaynet_operator.telling import EVENT, FEDERATED_ROUND
from xaynet_operator.watching import POD, WATCHED

KEEPS = {"get", "list", "create", "patch", "delete"}
USERS = {
    "view": {"get", "list", "watch"},
    "edit": {"get", "list", "watch", "create", "update", "patch", "delete"},
}


def group(kind):
    return kind.api_version.rpartition("/")[0]


def allowed(role):
    """The verbs of each group and resource."""
    found = {}
    for rule in role["rules"]:
        for api_group in rule["apiGroups"]:
            for resource in rule["resources"]:
                assert (api_group, resource) not in found
                found[api_group, resource] = set(rule["verbs"])
    return found


@pytest.fixture
def role(rendered):
    def find(kind, name):
        (found,) = [
            one
            for one in rendered("base")
            if (one["kind"], one["metadata"]["name"]) == (kind, name)
        ]
        return found

    return find


def test_the_operator_may_do_what_it_does_and_nothing_more(role):
    resource = (group(FEDERATED_ROUND), FEDERATED_ROUND.plural)
    expected = {
        resource: {"get", "list", "watch", "patch"},
        (resource[0], f"{resource[1]}/status"): {"patch"},
        (resource[0], f"{resource[1]}/finalizers"): {"update"},
        (group(EVENT), EVENT.plural): {"create"},
        (group(POD), POD.plural): {"get", "list", "watch"},
        ("apiextensions.k8s.io", "customresourcedefinitions"): {"list", "watch"},
    }
    for kind in KINDS:
        expected[group(kind), kind.plural] = KEEPS | ({"watch"} if kind in WATCHED else set())
    assert allowed(role("ClusterRole", "xaynet-operator")) == expected


def test_secrets_are_never_watched(role):
    assert "watch" not in allowed(role("ClusterRole", "xaynet-operator"))["", SECRET.plural]


def test_of_leases_the_operator_has_its_own_one_only(role):
    new, own = role("Role", "xaynet-operator-lease")["rules"]
    assert new == {"apiGroups": [group(LEASE)], "resources": [LEASE.plural], "verbs": ["create"]}
    assert own["resourceNames"] == [OperatorSettings.model_fields["lease_name"].default]
    assert (own["apiGroups"], own["resources"]) == (new["apiGroups"], new["resources"])
    assert set(own["verbs"]) == {"get", "update"}


@pytest.mark.parametrize("name", ["xaynet-operator", "xaynet-operator-lease"])
def test_rights_are_given_to_the_operator_alone(rendered, name):
    bindings = [one for one in rendered("base") if one["kind"].endswith("RoleBinding")]
    (binding,) = [one for one in bindings if one["roleRef"]["name"] == name]
    (subject,) = binding["subjects"]
    assert subject == {
        "kind": "ServiceAccount",
        "name": "xaynet-operator",
        "namespace": "xaynet-system",
    }


@pytest.mark.parametrize("name", ["view", "edit", "admin"])
def test_who_may_use_a_namespace_may_use_its_rounds(role, name):
    found = role("ClusterRole", f"xaynet-{name}")
    assert found["metadata"]["labels"][f"rbac.authorization.k8s.io/aggregate-to-{name}"] == "true"
    verbs = allowed(found)
    assert verbs["xaynet.dev", "federatedrounds/status"] <= USERS["view"]
    assert verbs["xaynet.dev", "federatedrounds"] >= USERS.get(name, USERS["edit"])
    if name == "view":
        assert verbs["xaynet.dev", "federatedrounds"] == USERS["view"]


def test_an_operator_of_one_namespace_has_no_right_in_others(rendered, role):
    manifests = rendered("overlays/namespaced")
    bound = [one for one in manifests if one["kind"].endswith("RoleBinding")]
    assert {one["metadata"]["namespace"] for one in bound} == {"xaynet-system"}
    assert {(one["kind"], one["roleRef"]["kind"]) for one in bound} == {("RoleBinding", "Role")}
    (own,) = [
        one
        for one in manifests
        if (one["kind"], one["metadata"]["name"]) == ("Role", "xaynet-operator")
    ]
    assert own["rules"] == role("ClusterRole", "xaynet-operator")["rules"]
    (settings,) = [one["data"] for one in manifests if one["kind"] == "ConfigMap"]
    assert settings["XAYNET_OPERATOR_NAMESPACES"] == own["metadata"]["namespace"]
