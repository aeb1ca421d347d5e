"""The control groups of a node's containers: made before the kubelet starts, gone with the node.

With version 1 each controller has a tree of its own, with version 2 all share one. The node was
run on version 1 only; Kubernetes 1.34 is the last that takes it.
"""

import contextlib
from pathlib import Path

from node.places import Node
from node.waiting import wait_until

MOUNTED = Path("/sys/fs/cgroup")
CONTROLLERS = ("cpu", "cpuacct", "cpuset", "memory", "devices", "freezer", "blkio", "pids")


def make_cgroups(node: Node) -> None:
    """Makes the node's folder in each tree."""
    unified = MOUNTED / "cgroup.controllers"
    if unified.exists():
        (MOUNTED / "cgroup.subtree_control").write_text("+cpu +cpuset +memory +pids +io")
    for tree in _trees():
        (tree / node.link).mkdir(exist_ok=True)
    cpuset = MOUNTED / "cpuset"
    if cpuset.exists():  # version 1 starts with none at all
        for name in ("cpuset.cpus", "cpuset.mems"):
            (cpuset / node.link / name).write_text((cpuset / name).read_text())


def remove_cgroups(node: Node) -> None:
    """Removes the node's folders; what is left of dead containers slows the kubelet's start."""

    def gone() -> bool:
        for folder in cgroups(node):
            with contextlib.suppress(OSError):  # its last process is just ending
                folder.rmdir()
        return not cgroups(node)

    wait_until(gone, 20, f"the end of the cgroups of {node.link}")


def cgroups(node: Node) -> list[Path]:
    """All folders of a node, the deepest first."""
    tops = [tree / node.link for tree in _trees() if (tree / node.link).exists()]
    below = [path for top in tops for path in top.rglob("*") if path.is_dir()]
    return sorted([*tops, *below], key=lambda path: len(path.parts), reverse=True)


def _trees() -> list[Path]:
    if (MOUNTED / "cgroup.controllers").exists():
        return [MOUNTED]
    names = (*CONTROLLERS, "systemd", "unified")
    return [MOUNTED / name for name in names if (MOUNTED / name).is_dir()]
