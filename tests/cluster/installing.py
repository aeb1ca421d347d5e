"""The operator on a cluster, from the images and manifests that users get."""

import json
import subprocess
import sys
from pathlib import Path

from node.interface import Cluster

ROOT = Path(__file__).parents[2]
NAMESPACE = "xaynet-system"
OPERATOR = "xaynet-operator"
IMAGES = ("operator", "coordinator", "redis", "minio", "participant")


def images(*names: str) -> list[Path]:
    """The archives of the images, built if they are out of date.

    Raises:
        RuntimeError: with what the build said, if it failed.
    """
    command = [sys.executable, ROOT / "images" / "build.py", *names]
    built = subprocess.run(command, check=False, capture_output=True, text=True)
    if built.returncode:
        raise RuntimeError(f"the images cannot be built: {built.stderr[-2000:]}")
    return [Path(line) for line in built.stdout.split()]


def install(cluster: Cluster, replicas: int = 1) -> None:
    """Bring the images and the operator, and wait until it is there."""
    for archive in images(*IMAGES):
        cluster.load(archive)
    overlay = ROOT / "k8s" / "overlays" / "development"
    rendered = cluster.kubectl("kustomize", str(overlay))
    cluster.kubectl("apply", "--server-side", "--filename=-", stdin=rendered)
    scale(cluster, replicas)
    crd = "crd/federatedrounds.xaynet.dev"
    cluster.kubectl("wait", crd, "--for=condition=Established", "--timeout=60s")


def scale(cluster: Cluster, replicas: int) -> None:
    """Have that many operators, and wait until they are there, or gone."""
    where = f"--namespace={NAMESPACE}"
    cluster.kubectl("scale", "deployment/xaynet-operator", f"--replicas={replicas}", where)
    if replicas:
        cluster.kubectl(
            "rollout", "status", "deployment/xaynet-operator", "--timeout=120s", where, timeout=150
        )
        return
    pods = "--selector=app.kubernetes.io/component=operator"
    cluster.kubectl("wait", "pod", pods, "--for=delete", "--timeout=60s", where, timeout=90)


def operators(cluster: Cluster) -> list[str]:
    """The names of the operator's pods that are not on their way out."""
    selector = "--selector=app.kubernetes.io/component=operator"
    pods = cluster.get("pods", selector, f"--namespace={NAMESPACE}")["items"]
    return [pod["metadata"]["name"] for pod in pods if "deletionTimestamp" not in pod["metadata"]]


def kill_operator(cluster: Cluster) -> None:
    """Kill every operator without a warning; its Deployment brings new ones."""
    for name in operators(cluster):
        cluster.try_kubectl(
            "delete", "pod", name, "--force", "--grace-period=0", f"--namespace={NAMESPACE}"
        )


def leader(cluster: Cluster) -> str | None:
    """The pod that holds the lease."""
    lease = json.loads(
        cluster.kubectl(
            "get", "lease", "xaynet-operator", f"--namespace={NAMESPACE}", "--output=json"
        )
    )
    return lease["spec"].get("holderIdentity") or None
