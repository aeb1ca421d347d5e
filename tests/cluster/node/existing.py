"""A cluster that is there already, named by $XAYNET_KUBECONFIG.

Nothing is made or removed, and no image can be loaded: those that tests use (`localhost/shell:1`
and the project's own) must be on its nodes.
"""

import os
from pathlib import Path

from node.interface import Cluster, Unsupported
from node.waiting import ClusterFailed

VARIABLE = "XAYNET_KUBECONFIG"


class ExistingCluster(Cluster):
    name = "kubeconfig"

    def __init__(self, slot: int = 0, nodes: int = 1, leashed: bool = False) -> None:
        self.kubeconfig = Path(os.environ.get(VARIABLE, ""))

    def missing(self) -> str | None:
        return None if self.kubeconfig.is_file() else f"a kubeconfig file in ${VARIABLE}"

    def up(self) -> None:
        answer = self.try_kubectl("get", "--raw=/readyz")
        if answer.returncode:
            raise ClusterFailed(f"the cluster of {self.kubeconfig} is not ready: {answer.stderr}")

    def down(self) -> None:
        """Leaves it as it is."""

    def load(self, archive: Path) -> None:
        raise Unsupported(f"push {archive.name} to a registry that the cluster of ${VARIABLE} uses")
