"""Two nodes: pods meet across them, and what is stored outlives a cut of their power."""

import json

import pytest

from node.waiting import wait_until
from shells import claim, shell, shell_on, web
from spaces import new_namespace

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]


@pytest.fixture
def space(two_nodes):
    with new_namespace(two_nodes) as name:
        yield name


def started(cluster, namespace, *pods):
    cluster.apply(*pods)
    for pod in pods:
        if pod["kind"] == "Pod":
            name = pod["metadata"]["name"]
            cluster.wait_for(f"pod/{name}", "condition=Ready", namespace)


def said(cluster, namespace, pod, script):
    return cluster.kubectl("exec", f"-n{namespace}", pod, "--", "sh", "-c", script)


def restarts(cluster, namespace, pod):
    status = cluster.get(f"pod/{pod}", f"-n{namespace}")["status"]
    return status["containerStatuses"][0]["restartCount"]


def test_a_pod_reaches_a_service_on_the_other_node_and_keeps_its_address(two_nodes, space):
    script = "httpd -f -v -p 8080 -h /tmp"
    server = web("greeting", space, "hello", nodeName="node1")
    server[0]["spec"]["containers"][0]["command"][2] = script
    asking = shell("asking", space, nodeName="node2")
    started(two_nodes, space, *server, asking)
    said(two_nodes, space, "asking", "timeout 5 wget -q -O- greeting:8080/none 2>&1 || true")
    address = two_nodes.get("pod/asking", f"-n{space}")["status"]["podIP"]
    assert address in two_nodes.kubectl("logs", "greeting", f"-n{space}")


def test_pods_and_volumes_are_back_after_the_power_was_cut(two_nodes, space):
    started(two_nodes, space, claim("notes", space), shell_on("notes", "keeper", space))
    said(two_nodes, space, "keeper", "echo remembered > /data/note && sync")
    identity = "jsonpath={.metadata.uid}"
    before = two_nodes.kubectl("get", "pod/keeper", f"-n{space}", "-o", identity)
    two_nodes.restart()
    wait_until(lambda: restarts(two_nodes, space, "keeper") == 1, 90, "the pod's restart")
    two_nodes.wait_for("pod/keeper", "condition=Ready", space)
    assert said(two_nodes, space, "keeper", "cat /data/note") == "remembered\n"
    assert two_nodes.kubectl("get", "pod/keeper", f"-n{space}", "-o", identity) == before


def test_a_node_without_power_is_noticed_and_comes_back_with_its_pods(two_nodes, space):
    started(two_nodes, space, shell("remote", space, nodeName="node2"))
    two_nodes.stop_node(2)
    two_nodes.wait_for("node/node2", "condition=Ready=Unknown", "default", seconds=120)
    two_nodes.start_node(2)
    two_nodes.wait_for("node/node2", "condition=Ready", "default")
    wait_until(lambda: restarts(two_nodes, space, "remote") == 1, 90, "the pod's restart")
    two_nodes.wait_for("pod/remote", "condition=Ready", space)


def test_a_node_off_the_network_is_noticed_and_its_pods_go_on(two_nodes, space):
    started(two_nodes, space, shell("remote", space, nodeName="node2"))
    two_nodes.disconnect(2)
    two_nodes.wait_for("node/node2", "condition=Ready=Unknown", "default", seconds=120)
    two_nodes.connect(2)
    two_nodes.wait_for("node/node2", "condition=Ready", "default")
    assert restarts(two_nodes, space, "remote") == 0
    assert json.loads(said(two_nodes, space, "remote", "echo 1")) == 1
