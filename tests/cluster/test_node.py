"""The cluster of the tests is a real one: names, volumes, policies, limits, and kubectl's verbs."""

import re
import subprocess
import urllib.request

import pytest

from node.manifests import manifest
from node.waiting import ClusterFailed, wait_until
from parts import PARTS
from shells import claim, shell, shell_on, web

pytestmark = pytest.mark.cluster


def run(cluster, namespace, *pods):
    """Applies pods and what belongs to them, and waits until they are ready."""
    cluster.apply(*pods)
    for pod in pods:
        if pod["kind"] == "Pod":
            name = pod["metadata"]["name"]
            cluster.wait_for(f"pod/{name}", "condition=Ready", namespace)


def execute(cluster, namespace, pod, script, **options):
    return cluster.kubectl("exec", f"-n{namespace}", "-i", pod, "--", "sh", "-c", script, **options)


def says(cluster, namespace, script):
    """What the pod `asking` prints, though it may fail: names and rules of a new Service spread
    over the nodes, and a name that was not known is remembered as such for some seconds."""
    command = ("exec", f"-n{namespace}", "asking", "--", "sh", "-c", script)
    return cluster.try_kubectl(*command).stdout


def test_its_node_is_ready_and_runs_the_pinned_release(cluster):
    (node,) = cluster.get("nodes")["items"]
    conditions = {each["type"]: each["status"] for each in node["status"]["conditions"]}
    assert conditions["Ready"] == "True"
    pinned = (PARTS["kubernetes"].source / "go.mod").read_text()
    assert f"k8s.io/kubernetes {node['status']['nodeInfo']['kubeletVersion']}" in pinned


def test_a_pod_reaches_a_service_by_its_name(cluster, namespace):
    run(cluster, namespace, *web("greeting", namespace, "hello"), shell("asking", namespace))
    for name in ("greeting", f"greeting.{namespace}.svc.cluster.local"):
        ask = f"timeout 5 wget -q -O- {name}:8080"
        reached = f"{name} reached from a pod"
        wait_until(lambda ask=ask: says(cluster, namespace, ask) == "hello\n", 60, reached)


def test_the_machine_reaches_services(cluster, namespace):
    run(cluster, namespace, *web("greeting", namespace, "hello"))
    address = cluster.get("service/greeting", f"-n{namespace}")["spec"]["clusterIP"]

    def is_reached():
        try:
            with urllib.request.urlopen(f"http://{address}:8080", timeout=10) as answer:
                return answer.read() == b"hello\n"
        except OSError:
            return False

    wait_until(is_reached, 60, f"{address} reached from the machine")


def test_no_pod_gets_out(cluster, namespace):
    run(cluster, namespace, shell("asking", namespace))
    said = execute(cluster, namespace, "asking", "wget -q -O- http://192.0.2.1 2>&1 || true")
    assert "Network is unreachable" in said


def test_what_is_on_a_volume_survives_the_pod(cluster, namespace):
    run(cluster, namespace, claim("notes", namespace), shell_on("notes", "first", namespace))
    execute(cluster, namespace, "first", "echo remembered > /data/note")
    cluster.kubectl("delete", "pod", "first", f"-n{namespace}")
    run(cluster, namespace, shell_on("notes", "second", namespace))
    assert execute(cluster, namespace, "second", "cat /data/note") == "remembered\n"


def test_a_volume_goes_with_its_claim(cluster, namespace):
    run(cluster, namespace, claim("notes", namespace), shell_on("notes", "only", namespace))
    volume = cluster.get("pvc/notes", f"-n{namespace}")["spec"]["volumeName"]
    cluster.kubectl("delete", "pod/only", "pvc/notes", f"-n{namespace}")
    cluster.wait_for(f"pv/{volume}", "delete", namespace)


def test_logs_show_what_a_pod_said(cluster, namespace):
    cluster.apply(shell("talking", namespace, "echo first; echo second"))
    done = "jsonpath={.status.containerStatuses[0].state.terminated}"
    cluster.wait_for("pod/talking", done, namespace)
    assert cluster.kubectl("logs", "talking", f"-n{namespace}") == "first\nsecond\n"


def test_exec_passes_input_and_the_exit_code(cluster, namespace):
    run(cluster, namespace, shell("listening", namespace))
    assert execute(cluster, namespace, "listening", "cat", stdin="spoken") == "spoken"
    with pytest.raises(ClusterFailed, match="exit code 3"):
        execute(cluster, namespace, "listening", "exit 3")


def test_port_forward_reaches_a_service(cluster, namespace):
    run(cluster, namespace, *web("greeting", namespace, "hello"))
    command = cluster.kubectl_command("port-forward", "service/greeting", ":8080", f"-n{namespace}")
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as forward:
        assert forward.stdout is not None
        port = re.search(r"127.0.0.1:(\d+)", forward.stdout.readline())
        assert port is not None
        with urllib.request.urlopen(f"http://127.0.0.1:{port[1]}", timeout=10) as answer:
            assert answer.read() == b"hello\n"
        forward.kill()


def test_a_container_that_takes_too_much_memory_is_killed_for_it(cluster, namespace):
    limit = {"resources": {"limits": {"memory": "16Mi"}}}
    greedy = shell("greedy", namespace, "tail /dev/zero; exit $?", limit, restartPolicy="Never")
    cluster.apply(greedy)
    ended = "jsonpath={.status.containerStatuses[0].state.terminated}"
    cluster.wait_for("pod/greedy", ended, namespace)
    (status,) = cluster.get("pod/greedy", f"-n{namespace}")["status"]["containerStatuses"]
    state = status["state"]["terminated"]
    assert (state["reason"], state["exitCode"]) == ("OOMKilled", 137)


def test_a_namespace_can_enforce_the_restricted_level(cluster, namespace):
    label = "pod-security.kubernetes.io/enforce=restricted"
    cluster.kubectl("label", "namespace", namespace, label)
    with pytest.raises(ClusterFailed, match="violates PodSecurity"):
        cluster.apply(shell("careless", namespace))


def test_a_network_policy_is_enforced(cluster, namespace):
    guarded = web("guarded", namespace, "secret")
    run(cluster, namespace, *guarded, shell("friend", namespace), shell("stranger", namespace))

    def reaches(pod):
        script = "timeout 2 wget -q -O- guarded:8080 || true"
        return execute(cluster, namespace, pod, script) == "secret\n"

    assert reaches("friend")
    assert reaches("stranger")
    spec = {
        "podSelector": {"matchLabels": {"app": "guarded"}},
        "policyTypes": ["Ingress"],
        "ingress": [
            {
                "from": [{"podSelector": {"matchLabels": {"app": "friend"}}}],
                "ports": [{"port": 8080}],
            }
        ],
    }
    cluster.apply(
        manifest("networking.k8s.io/v1", "NetworkPolicy", "friends", namespace, spec=spec)
    )
    wait_until(lambda: not reaches("stranger"), 30, "the policy in force")
    assert reaches("friend")
    cluster.kubectl("delete", "networkpolicy", "friends", f"-n{namespace}")
    wait_until(lambda: reaches("stranger"), 30, "the policy gone")
