"""Where a cluster lives: its folders, its addresses, and the names of what it makes on the machine.

Several clusters fit on a machine, one a slot. Slot 0 is the one of `make cluster-up`; test runs
take the others. All that a slot makes bears its prefix, so that what a killed run left is found:

    folder      CACHE/cluster/SLOT      data, logs, certificates
    links       xaynetSLOT (a bridge), xaynetSLOTnN (the host's end of a node's cable)
    cgroups     /xaynetSLOTnN
    addresses   10.211.SLOT.0/24 the host (.1) and the nodes (.2, .3), 10.(96+SLOT).0.0/16 Services,
                10.(160+SLOT).N.0/24 the pods of node N
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fcntl import LOCK_EX, LOCK_NB, flock
from os import getuid
from pathlib import Path
from tempfile import gettempdir

from parts import cache

SLOTS = range(8)
MOST_NODES = 2


class SlotTaken(Exception):
    """Somebody else works on the cluster of a slot."""


@dataclass(frozen=True, slots=True)
class Node:
    slot: int
    number: int

    @property
    def name(self) -> str:
        return f"node{self.number}"

    @property
    def link(self) -> str:
        """Its cable's end at the host; also its cgroup."""
        return f"xaynet{self.slot}n{self.number}"

    @property
    def address(self) -> str:
        return f"10.211.{self.slot}.{self.number + 1}"

    @property
    def pods(self) -> str:
        return f"10.{160 + self.slot}.{self.number}.0/24"

    @property
    def folder(self) -> Path:
        return cache() / "cluster" / str(self.slot) / self.name


@dataclass(frozen=True, slots=True)
class Places:
    slot: int
    nodes: tuple[Node, ...]

    @property
    def folder(self) -> Path:
        return cache() / "cluster" / str(self.slot)

    @property
    def kubeconfig(self) -> Path:
        return self.folder / "kubeconfig"

    @property
    def bridge(self) -> str:
        return f"xaynet{self.slot}"

    @property
    def host(self) -> str:
        """The machine's own address, as nodes and pods see it."""
        return f"10.211.{self.slot}.1"

    @property
    def services(self) -> str:
        return f"10.{96 + self.slot}.0.0/16"

    @property
    def all_pods(self) -> str:
        return f"10.{160 + self.slot}.0.0/16"

    @property
    def api_service(self) -> str:
        """The address of the API server as the Service `kubernetes`."""
        return f"10.{96 + self.slot}.0.1"

    @property
    def dns(self) -> str:
        return f"10.{96 + self.slot}.0.10"

    @property
    def server(self) -> str:
        return f"https://{self.nodes[0].address}:6443"

    def pki(self, name: str) -> Path:
        return self.folder / "pki" / name

    def log(self, name: str) -> Path:
        return self.folder / "log" / f"{name}.log"


def places(slot: int, nodes: int) -> Places:
    """Of a cluster with that many nodes in a slot."""
    if nodes not in range(1, MOST_NODES + 1):
        raise ValueError(f"a cluster has one or {MOST_NODES} nodes, not {nodes}")
    return Places(slot, tuple(Node(slot, number) for number in range(1, nodes + 1)))


def nodes_there(slot: int) -> int:
    """How many nodes the cluster in a slot has; at least one."""
    return sum(node.folder.exists() for node in places(slot, MOST_NODES).nodes) or 1


@contextmanager
def slot_of_its_own() -> Iterator[int]:
    """The first slot that no other test run holds; held until the context ends.

    Raises:
        SlotTaken: if all are held.
    """
    for slot in SLOTS[1:]:
        with suppress(SlotTaken), held(slot):
            yield slot
            return
    raise SlotTaken(f"{len(SLOTS) - 1} test runs hold a cluster each; wait for one to end")


@contextmanager
def held(slot: int) -> Iterator[None]:
    """Holds a slot, machine-wide; the system releases it if this process dies.

    Raises:
        SlotTaken: if another holds it.
    """
    # Not in the cache: the names of links and cgroups are the same whatever the cache.
    path = Path(gettempdir()) / f"xaynet-cluster-{slot}-of-{getuid()}.lock"
    with path.open("w") as file:
        try:
            flock(file, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            raise SlotTaken(f"another command or test run works on cluster {slot}") from None
        yield
