"""NetworkPolicies as rules: who may send to whom, on which port."""

import pytest

from node.policies import read_world, ruleset

NAMESPACES = [
    {"metadata": {"name": "shop", "labels": {"team": "a"}}},
    {"metadata": {"name": "other", "labels": {"team": "b"}}},
]


def pod(name, address, namespace="shop", phase="Running", **labels):
    ports = [{"name": "web", "containerPort": 8080}]
    return {
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {"containers": [{"ports": ports}]},
        "status": {"phase": phase, "podIP": address},
    }


WORLD = read_world(
    [
        pod("server", "10.0.0.1", app="server"),
        pod("client", "10.0.0.2", app="client"),
        pod("guest", "10.0.0.3", "other", app="client"),
        pod("done", "10.0.0.4", phase="Succeeded", app="client"),
    ],
    NAMESPACES,
)


def policy(**spec):
    types = [name.capitalize() for name in ("ingress", "egress") if name in spec]
    chosen = {"podSelector": {"matchLabels": {"app": "server"}}, "policyTypes": types}
    return {"metadata": {"namespace": "shop"}, "spec": chosen | spec}


def chain(name, *policies):
    """The rules of a chain."""
    lines = [line.strip() for line in ruleset(list(policies), WORLD).splitlines()]
    start = lines.index(f"chain {name} {{") + 1
    return lines[start : lines.index("}", start)]


def ingress(**rule):
    """What one rule for the server's ingress allows."""
    rules = chain("i_10_0_0_1", policy(ingress=[rule]))
    assert rules[-1] == "counter drop"
    return rules[:-1]


def test_without_policies_everything_passes():
    assert "drop" not in ruleset([], WORLD)


def test_a_policy_without_rules_drops_all_but_replies():
    assert chain("i_10_0_0_1", policy(ingress=[])) == ["counter drop"]
    assert chain("policies", policy(ingress=[]))[1:] == [
        "ct state established,related accept",
        "ip daddr vmap { 10.0.0.1 : jump i_10_0_0_1 }",
    ]


def test_a_rule_without_peers_and_ports_allows_everything():
    assert ingress() == ["return"]


@pytest.mark.parametrize(
    ("peer", "condition"),
    [
        ({"podSelector": {}}, "ip saddr { 10.0.0.1, 10.0.0.2 }"),
        ({"podSelector": {"matchLabels": {"app": "client"}}}, "ip saddr { 10.0.0.2 }"),
        ({"namespaceSelector": {"matchLabels": {"team": "b"}}}, "ip saddr { 10.0.0.3 }"),
        (
            {"namespaceSelector": {}, "podSelector": {"matchLabels": {"app": "client"}}},
            "ip saddr { 10.0.0.2, 10.0.0.3 }",
        ),
        ({"ipBlock": {"cidr": "10.9.0.0/16"}}, "ip saddr 10.9.0.0/16"),
        (
            {"ipBlock": {"cidr": "10.9.0.0/16", "except": ["10.9.1.0/24"]}},
            "ip saddr 10.9.0.0/16 ip saddr != { 10.9.1.0/24 }",
        ),
    ],
)
def test_a_peer_is_chosen_by_pod_by_namespace_or_by_address(peer, condition):
    assert ingress(**{"from": [peer]}) == [f"{condition} return"]


def test_peers_that_are_not_there_are_not_everybody():
    nobody = {"podSelector": {"matchLabels": {"app": "nobody"}}}
    assert ingress(**{"from": [nobody]}) == []


@pytest.mark.parametrize(
    ("port", "condition"),
    [
        ({"port": 80}, "tcp dport 80"),
        ({"port": 53, "protocol": "UDP"}, "udp dport 53"),
        ({"port": 80, "endPort": 90}, "tcp dport 80-90"),
        ({"protocol": "TCP"}, "meta l4proto tcp"),
        ({"port": "web"}, "ip daddr 10.0.0.1 tcp dport 8080"),
    ],
)
def test_a_port_is_a_number_a_range_or_a_name_of_the_receiver(port, condition):
    assert ingress(ports=[port]) == [f"{condition} return"]


def test_a_name_of_a_port_that_the_receiver_lacks_allows_nothing():
    assert ingress(ports=[{"port": "metrics"}]) == []


def test_egress_to_a_named_port_is_for_each_receiver_its_own():
    to = {"to": [{"namespaceSelector": {"matchLabels": {"team": "b"}}}], "ports": [{"port": "web"}]}
    rules = chain("e_10_0_0_1", policy(egress=[to]))
    assert "ip daddr { 10.0.0.3 } ip daddr 10.0.0.3 tcp dport 8080 return" in rules


@pytest.mark.parametrize(
    ("operator", "values", "chosen"),
    [
        ("In", ["client"], ["10.0.0.2"]),
        ("NotIn", ["client"], ["10.0.0.1"]),
        ("Exists", None, ["10.0.0.1", "10.0.0.2"]),
        ("DoesNotExist", None, []),
    ],
)
def test_expressions_choose_by_presence_and_value(operator, values, chosen):
    expression = {"key": "app", "operator": operator} | ({"values": values} if values else {})
    rules = ingress(**{"from": [{"podSelector": {"matchExpressions": [expression]}}]})
    assert rules == ([f"ip saddr {{ {', '.join(chosen)} }} return"] if chosen else [])


def test_two_policies_for_one_pod_allow_what_either_allows():
    first, second = (policy(ingress=[{"ports": [{"port": port}]}]) for port in (80, 81))
    allowed = ["tcp dport 80 return", "tcp dport 81 return", "counter drop"]
    assert chain("i_10_0_0_1", first, second) == allowed
