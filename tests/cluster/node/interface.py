"""What a test may do with a cluster, whoever provides it."""

import json
import os
import subprocess
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

from node.waiting import ClusterFailed
from parts import program


class Unsupported(Exception):
    """This provider can't do that; only the bare node can."""


class Cluster(ABC):
    """A cluster of one or two nodes; `kubeconfig` is there once it is up."""

    name: str
    kubeconfig: Path
    can_restart = False
    """Whether the verbs that restart, stop, start, disconnect and connect nodes work."""

    @abstractmethod
    def missing(self) -> str | None:
        """What this machine lacks to run it, as part of a sentence; None if it can."""

    @abstractmethod
    def up(self) -> None:
        """Makes a new cluster, in place of what an earlier run left; returns once all is ready.

        Raises:
            ClusterFailed: with the end of a log, if it does not come up in time.
        """

    @abstractmethod
    def down(self) -> None:
        """Removes it, its data included; harmless if there is none."""

    @abstractmethod
    def load(self, archive: Path) -> None:
        """Brings an image, a file of `buildah push IMAGE oci-archive:FILE:NAME`, to all nodes."""

    def restart(self) -> None:
        """Cuts the power of all nodes and starts them with what their disks hold."""
        raise Unsupported(f"the provider {self.name} can't restart its nodes")

    def stop_node(self, number: int) -> None:
        """Cuts the power of one node."""
        raise Unsupported(f"the provider {self.name} can't stop a node")

    def start_node(self, number: int) -> None:
        """Starts a node that was stopped; returns once it is Ready."""
        raise Unsupported(f"the provider {self.name} can't start a node")

    def disconnect(self, number: int) -> None:
        """Takes a node off the network; Kubernetes notices after a while (`wait_for` it)."""
        raise Unsupported(f"the provider {self.name} can't disconnect a node")

    def connect(self, number: int) -> None:
        """Puts a node back on the network."""
        raise Unsupported(f"the provider {self.name} can't connect a node")

    def kubectl(self, *arguments: str, stdin: str | None = None, timeout: float = 60) -> str:
        """What kubectl prints.

        Raises:
            ClusterFailed: with what it says, if it fails.
        """
        finished = self.try_kubectl(*arguments, stdin=stdin, timeout=timeout)
        if finished.returncode:
            text = finished.stderr.strip()
            raise ClusterFailed(f"`kubectl {' '.join(arguments)}` failed: {text}")
        return finished.stdout

    def try_kubectl(
        self, *arguments: str, stdin: str | None = None, timeout: float = 60
    ) -> subprocess.CompletedProcess[str]:
        """The same, for what may fail."""
        return subprocess.run(
            self.kubectl_command(*arguments),
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
            env=os.environ | {"KUBECACHEDIR": str(self.kubeconfig.parent / "kubectl")},
        )

    def kubectl_command(self, *arguments: str) -> list[str]:
        """For a test that runs it by itself, as for `port-forward`."""
        kubectl = program("apiserver", "kubectl")
        return [str(kubectl), f"--kubeconfig={self.kubeconfig}", *arguments]

    def get(self, *arguments: str) -> dict[str, Any]:
        """`kubectl get` as a tree."""
        return json.loads(self.kubectl("get", *arguments, "--output=json"))

    def apply(self, *manifests: dict[str, Any]) -> None:
        """Applies manifests in this order."""
        items = {"apiVersion": "v1", "kind": "List", "items": list(manifests)}
        self.kubectl("apply", "--server-side", "--filename=-", stdin=json.dumps(items))

    def wait_for(self, what: str, condition: str, namespace: str, seconds: float = 60) -> None:
        """`kubectl wait`, as in `wait_for("pod/a", "condition=Ready", "default")`.

        Raises:
            ClusterFailed: with the namespace's last events, if it does not come true in time.
        """
        bound = f"--timeout={seconds:.0f}s"
        arguments = ("wait", what, f"--for={condition}", f"--namespace={namespace}", bound)
        waited = self.try_kubectl(*arguments, timeout=seconds + 30)
        if waited.returncode:
            raise ClusterFailed(f"{waited.stderr.strip()}\n{self.last_events(namespace)}")

    def last_events(self, namespace: str, number: int = 15) -> str:
        """What happened in a namespace, the latest last."""
        order = "--sort-by=.metadata.creationTimestamp"
        found = self.try_kubectl("get", "events", f"--namespace={namespace}", order)
        return "\n".join(found.stdout.splitlines()[-number:])
