"""A cluster on the bare machine: all of Kubernetes, in namespaces of its own.

It needs root on Linux and the parts of `tests/peers/build.py`, but no Docker and no registry. Of
the machine it uses what `places` names, and nothing else. The first node also runs the control
plane.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from node import box, programs
from node.cgroups import make_cgroups, remove_cgroups
from node.images import node_images
from node.interface import Cluster
from node.network import lay_bridge, lay_cable, remove_links, set_cable
from node.pki import today, write_pki
from node.places import MOST_NODES, Node, places
from node.running_programs import RunningPrograms
from node.services import DNS, VOLUMES, cluster_services
from node.snapshots import snapshotter
from node.waiting import ClusterFailed
from parts import PARTS, is_built

NEEDED = ("etcd", "apiserver", "kubernetes", "coredns", "local-path", "node-tools")
START = 90.0
"""Seconds for each step of a start; on an idle machine all of them together take 15."""


class BareCluster(Cluster):
    """`leashed`: it ends with this process, else it stays until `down`."""

    name = "bare"
    can_restart = True

    def __init__(self, slot: int = 0, nodes: int = 1, leashed: bool = False) -> None:
        self.places = places(slot, nodes)
        self.kubeconfig = self.places.kubeconfig
        self.leashed = leashed
        self._programs = RunningPrograms()

    def missing(self) -> str | None:
        if sys.platform != "linux" or os.geteuid() != 0:
            return "root on Linux"
        if shutil.which("cc") is None:
            return "a C compiler"
        parts = [name for name in NEEDED if not is_built(PARTS[name])]
        return f"`python tests/peers/build.py {' '.join(parts)}`" if parts else None

    def up(self) -> None:
        self.down()
        images = node_images()
        self.places.folder.mkdir(parents=True)
        write_pki(self.places, today())
        programs.write_settings(self.places, snapshotter(self.places.folder))
        self._start_machines()
        for image in images:
            self.load(image)
        self._wait_for_api()
        self._start_kubernetes()
        self.apply(*cluster_services(self.places))
        self._wait_until_ready()

    def down(self) -> None:
        slot = self.places.slot
        for node in places(slot, MOST_NODES).nodes:
            self._cut_power(node)
        remove_links(slot)
        if self.places.folder.exists():
            shutil.rmtree(self.places.folder)

    def load(self, archive: Path) -> None:
        for node in self.places.nodes:
            place = f"--address={programs.SOCKET}", "--namespace=k8s.io"
            ctr = box.inside(node, "ctr", *place, "images", "import", "--no-unpack", "-")
            with archive.open("rb") as file:
                finished = subprocess.run(ctr, stdin=file, capture_output=True, check=False)
            if finished.returncode:
                raise ClusterFailed(f"{archive} can't be loaded: {finished.stderr.decode()}")

    def restart(self) -> None:
        for node in self.places.nodes:
            self._cut_power(node)
        remove_links(self.places.slot)
        self._start_machines()
        self._wait_for_api()
        for node in self.places.nodes:
            self._doubt(node)
        self._start_kubernetes()
        self._wait_until_ready()

    def stop_node(self, number: int) -> None:
        self._cut_power(self._second(number))

    def start_node(self, number: int) -> None:
        node = self._second(number)
        self._open_box(node)
        self._start_containerd(node)
        self._doubt(node)
        self._start_kubelet(node)
        self.wait_for(f"node/{node.name}", "condition=Ready", "", START)

    def disconnect(self, number: int) -> None:
        set_cable(self._second(number), "down")

    def connect(self, number: int) -> None:
        set_cable(self._second(number), "up")

    def _second(self, number: int) -> Node:
        """The node of that number, which must not be the one of the control plane."""
        if number < 2:
            raise ValueError("node 1 runs the control plane: restart all")
        return self.places.nodes[number - 1]

    def _cut_power(self, node: Node) -> None:
        box.close_box(node)
        self._programs.forget(node)
        remove_cgroups(node)

    def _doubt(self, node: Node) -> None:
        """Takes back that the node is Ready, which it said before its power was cut."""
        ready = {"type": "Ready", "status": "Unknown"}
        patch = json.dumps({"status": {"conditions": [ready]}})
        self.kubectl("patch", "node", node.name, "--subresource=status", f"--patch={patch}")

    def _start_machines(self) -> None:
        """Starts the nodes, the API server, and what runs containers meanwhile."""
        lay_bridge(self.places)
        for node in self.places.nodes:
            self._open_box(node)
        first = self.places.nodes[0]
        self._launch(first, "etcd", programs.etcd(self.places))
        self._launch(first, "apiserver", programs.apiserver(self.places))
        for node in self.places.nodes:
            self._start_containerd(node)

    def _start_kubernetes(self) -> None:
        """Starts all that talks to the API server."""
        first = self.places.nodes[0]
        self._launch(first, "controller-manager", programs.controller_manager(self.places))
        self._launch(first, "scheduler", programs.scheduler(self.places))
        for node in self.places.nodes:
            self._start_kubelet(node)

    def _open_box(self, node: Node) -> None:
        log = self.places.log(node.name)
        self._programs.launch(node, box.opening(node, self.leashed), log)
        self._wait_until(lambda: box.is_open(node), f"the namespaces of {node.name}", log)
        lay_cable(node, self.places)
        make_cgroups(node)

    def _start_containerd(self, node: Node) -> None:
        log = self._launch(node, f"{node.name}-containerd", programs.containerd(node))
        question = box.inside(node, "ctr", f"--address={programs.SOCKET}", "version")
        self._wait_until(lambda: succeeds(question), f"containerd of {node.name}", log)

    def _start_kubelet(self, node: Node) -> None:
        self._launch(node, f"{node.name}-kubelet", programs.kubelet(node))
        self._launch(node, f"{node.name}-proxy", programs.proxy(node, self.places))
        self._launch(node, f"{node.name}-policies", programs.policies(self.places))

    def _launch(self, node: Node, name: str, command: programs.Command) -> Path:
        """Starts a program on a node; where its log is."""
        log = self.places.log(name)
        self._programs.launch(node, box.inside(node, *command), log)
        return log

    def _wait_for_api(self) -> None:
        def answers() -> bool:
            return self.try_kubectl("get", "--raw=/readyz", timeout=20).returncode == 0

        self._wait_until(answers, "the API server", self.places.log("apiserver"))

    def _wait_until_ready(self) -> None:
        """Waits for nodes, names, volumes, and for the account that pods have by default."""
        for node in self.places.nodes:
            ready = self._says(f"node/{node.name}", "condition=Ready", "default")
            self._wait_until(ready, f"{node.name} Ready", self.places.log(f"{node.name}-kubelet"))
        kubelet = self.places.log("node1-kubelet")
        for deployment, namespace in (("coredns", DNS), ("provisioner", VOLUMES)):
            ready = self._says(f"deployment/{deployment}", "condition=Available", namespace)
            self._wait_until(ready, f"{deployment} available", kubelet)
        self._wait_until(self._names_are_answered, "answers from CoreDNS", kubelet)
        account = self._says("serviceaccount/default", "create", "default")
        self._wait_until(account, "the default account", self.places.log("controller-manager"))

    def _names_are_answered(self) -> bool:
        """Asked for itself: what the API server says may be of before a restart."""
        try:
            socket.create_connection((self.places.dns, 53), timeout=1).close()
        except OSError:
            return False
        return True

    def _says(self, what: str, condition: str, namespace: str) -> Callable[[], bool]:
        """Whether the API server says so, asked for a second."""
        arguments = (what, f"--for={condition}", f"--namespace={namespace}", "--timeout=1s")
        return lambda: self.try_kubectl("wait", *arguments).returncode == 0

    def _wait_until(self, question: Callable[[], bool], what: str, log: Path) -> None:
        self._programs.wait_until(question, START, what, log)


def succeeds(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False, timeout=20).returncode == 0
