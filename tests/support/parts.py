"""The real programs that the tests run: which there are, and where each lies once it is built.

`tests/peers/build.py` builds them into a cache outside the checkout, one folder a part:

    CACHE/parts/NAME-KEY/bin/PROGRAM        CACHE = $XAYNET_CACHE or ~/.cache/xaynet-operator

KEY is the digest of all files in the part's source folder: lock files, and our own sources where
there are some. A folder is there whole or not at all. What the system's own packages bring has no
folder.
"""

import hashlib
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

PEERS = Path(__file__).parents[1] / "peers"
RUST_PROGRAMS = ("published-coordinator", "published-participant", "reference-bench")
KUBERNETES_PROGRAMS = ("kubelet", "kube-controller-manager", "kube-scheduler", "kube-proxy")
NODE_TOOLS = {
    "containerd": ("containerd", "containerd-shim-runc-v2", "ctr"),
    "runc": ("runc",),
    "buildah": ("buildah",),
    "mmdebstrap": ("mmdebstrap",),
    "containernetworking-plugins": ("bridge", "host-local", "portmap"),
    "iptables": ("iptables",),
    "nftables": ("nft",),
    "conntrack": ("conntrack",),
    "socat": ("socat",),
    "iproute2": ("ip",),
    "busybox-static": ("busybox",),
}
BESIDE_PATH = ("/usr/lib/cni", "/usr/sbin", "/sbin")
"""Where Debian puts programs that users don't start."""


class MissingPart(Exception):
    """A program was not built yet; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Part:
    name: str
    source: Path
    """The folder of its lock files and sources."""
    programs: tuple[str, ...]
    packages: tuple[str, ...] = ()
    """What Debian calls them, if they are the system's own."""

    @property
    def folder(self) -> Path:
        return cache() / "parts" / f"{self.name}-{self.key}"

    @property
    def key(self) -> str:
        digest = hashlib.sha256(self.name.encode())
        for path in sorted(path for path in self.source.rglob("*") if path.is_file()):
            name = path.relative_to(self.source)
            if name.parts[0] != "target":  # what cargo leaves when it is called by hand
                digest.update(f"{name}\0{path.stat().st_size}\0".encode())
                digest.update(path.read_bytes())
        if self.name == "wheel":  # a virtual environment is of no use without its interpreter
            digest.update(f"{sys.base_prefix} {sys.version}".encode())
        return digest.hexdigest()[:16]

    def find(self, program: str) -> Path | None:
        """Where the program lies; None if the part was not built yet."""
        if self.packages:
            found = shutil.which(program, path=os.pathsep.join([os.environ["PATH"], *BESIDE_PATH]))
            return Path(found) if found else None
        path = self.folder / "bin" / program
        return path if path.exists() else None


PARTS = {
    part.name: part
    for part in (
        Part("redis", PEERS, ("redis-server",), ("redis-server",)),
        Part("minio", PEERS / "minio", ("minio",)),
        Part("versitygw", PEERS / "versitygw", ("versitygw",)),
        Part("wheel", PEERS / "wheel", ("python",)),
        Part("peers", PEERS / "rust", RUST_PROGRAMS),
        Part("etcd", PEERS, ("etcd",), ("etcd-server",)),
        Part("apiserver", PEERS / "kubernetes", ("kube-apiserver", "kubectl")),
        Part("kubernetes", PEERS / "kubernetes", KUBERNETES_PROGRAMS),
        Part("coredns", PEERS / "coredns", ("coredns",)),
        Part("local-path", PEERS / "local-path", ("local-path-provisioner",)),
        Part("node-tools", PEERS, tuple(sum(NODE_TOOLS.values(), ())), tuple(NODE_TOOLS)),
    )
}

NODE_PARTS = ("kubernetes", "coredns", "local-path", "node-tools")
"""Those of use only where a node of Kubernetes can run: as root on Linux."""


def cache() -> Path:
    """The folder that outlives checkouts."""
    if chosen := os.environ.get("XAYNET_CACHE"):
        return Path(chosen)
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "xaynet-operator"


def is_built(part: Part) -> bool:
    return all(part.find(program) for program in part.programs)


def program(part: str, name: str) -> Path:
    """Where a program of a part lies.

    Raises:
        MissingPart: if it was not built yet.
    """
    found = PARTS[part].find(name)
    if found is None:
        raise MissingPart(f"{name} is missing: run `python tests/peers/build.py {part}`")
    return found
