"""A cluster in Docker, by `kind` (https://kind.sigs.k8s.io), for machines without root.

It was never run by those who wrote it: the machines of this project have no Docker engine. It
downloads kind's node image, and has none of the verbs that restart nodes.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

from node.images import shell_image
from node.interface import Cluster
from node.places import places
from node.waiting import ClusterFailed
from parts import PARTS, is_built

NEEDED = ("apiserver", "node-tools")
"""For kubectl, and for buildah."""


class KindCluster(Cluster):
    name = "kind"

    def __init__(self, slot: int = 0, nodes: int = 1, leashed: bool = False) -> None:
        self.cluster = f"xaynet{slot}"
        self.nodes = places(slot, nodes).nodes
        self.kubeconfig = places(slot, nodes).folder / "kind" / "kubeconfig"

    def missing(self) -> str | None:
        for program in ("kind", "docker"):
            if shutil.which(program) is None:
                return f"`{program}` on PATH"
        if parts := [name for name in NEEDED if not is_built(PARTS[name])]:
            return f"`python tests/peers/build.py {' '.join(parts)}`"
        engine = subprocess.run(["docker", "info"], capture_output=True, check=False, timeout=30)
        return "a running Docker engine" if engine.returncode else None

    def up(self) -> None:
        self.down()
        self.kubeconfig.parent.mkdir(parents=True, exist_ok=True)
        roles = [{"role": "control-plane"}, *({"role": "worker"} for _ in self.nodes[1:])]
        settings = {"kind": "Cluster", "apiVersion": "kind.x-k8s.io/v1alpha4", "nodes": roles}
        create = ("create", "cluster", "--config=-", "--wait=180s")
        self._kind(*create, stdin=json.dumps(settings))
        self.load(shell_image())

    def down(self) -> None:
        self._kind("delete", "cluster")
        shutil.rmtree(self.kubeconfig.parent, ignore_errors=True)

    def load(self, archive: Path) -> None:
        self._kind("load", "image-archive", str(archive))

    def _kind(self, *arguments: str, stdin: str = "") -> None:
        finished = subprocess.run(
            ["kind", *arguments, f"--name={self.cluster}"],
            env=os.environ | {"KUBECONFIG": str(self.kubeconfig)},
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        if finished.returncode:
            raise ClusterFailed(f"`kind {' '.join(arguments)}` failed: {finished.stderr.strip()}")
