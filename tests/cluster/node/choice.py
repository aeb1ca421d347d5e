"""Who provides the cluster: what $XAYNET_CLUSTER says, or the first that can on this machine.

bare         the machine itself, with root on Linux
kind         Docker
kubeconfig   the cluster of $XAYNET_KUBECONFIG; first of all if that is set
"""

import os

from node.bare import BareCluster
from node.existing import VARIABLE, ExistingCluster
from node.interface import Cluster
from node.kind import KindCluster

PROVIDERS = {
    "bare": BareCluster,
    "kind": KindCluster,
    "kubeconfig": ExistingCluster,
}


class NoCluster(Exception):
    """No provider can run here; the text is a sentence that says what each lacks."""


def choose(
    slot: int = 0, nodes: int = 1, leashed: bool = False, provider: str | None = None
) -> Cluster:
    """The cluster of a slot, not started.

    Raises:
        NoCluster: if there is no way to run it.
    """
    lacking: list[str] = []
    for name in wanted(provider):
        cluster = PROVIDERS[name](slot, nodes, leashed)
        missing = cluster.missing()
        if missing is None:
            return cluster
        lacking.append(f"{name} needs {missing}")
    raise NoCluster(
        f"No Kubernetes cluster can run here ({'; '.join(lacking)});"
        " `make test-fast` needs none of it."
    )


def wanted(provider: str | None) -> list[str]:
    chosen = provider or os.environ.get("XAYNET_CLUSTER")
    if chosen is None:
        return ["kubeconfig"] if VARIABLE in os.environ else ["bare", "kind", "kubeconfig"]
    if chosen not in PROVIDERS:
        known = ", ".join(PROVIDERS)
        raise NoCluster(f"XAYNET_CLUSTER is {chosen}, which is none of {known}.")
    return [chosen]
