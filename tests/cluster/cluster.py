"""A Kubernetes cluster for tests and for trying out: `cluster.py up|down|load|kubeconfig|env`.

    up [--nodes N]      a new cluster, in place of an earlier one
    load ARCHIVE ...    brings images, files of `buildah push IMAGE oci-archive:FILE:NAME`
    kubeconfig          prints where the kubeconfig is
    env                 prints what a shell evaluates so that `kubectl` is there and reaches it
    down                removes it, and what killed test runs left

Who provides it: `node/choice.py`.
"""

import argparse
import sys
from contextlib import suppress
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "support"))

from node.bare import BareCluster
from node.choice import PROVIDERS, NoCluster, choose
from node.interface import Cluster, Unsupported
from node.places import SLOTS, SlotTaken, held, nodes_there
from node.waiting import ClusterFailed
from parts import MissingPart, program

SLOT = SLOTS[0]


def main() -> int:
    arguments = parse()
    try:
        nodes = arguments.nodes or (1 if arguments.verb == "up" else nodes_there(SLOT))
        cluster = choose(SLOT, nodes, provider=arguments.provider)
        with held(SLOT):
            obey(cluster, arguments)
    except (NoCluster, ClusterFailed, MissingPart, SlotTaken, Unsupported) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def parse() -> argparse.Namespace:
    what = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=what)
    parser.add_argument("verb", choices=("up", "down", "load", "kubeconfig", "env"))
    parser.add_argument("archive", nargs="*", type=Path)
    parser.add_argument("--nodes", type=int, choices=(1, 2))
    parser.add_argument(
        "--provider", choices=list(PROVIDERS), help="the first that can, by default"
    )
    arguments = parser.parse_args()
    if bool(arguments.archive) != (arguments.verb == "load"):
        parser.error("`load`, and only `load`, takes archives")
    return arguments


def obey(cluster: Cluster, arguments: argparse.Namespace) -> None:
    match arguments.verb:
        case "up":
            cluster.up()
            print(f"export KUBECONFIG={cluster.kubeconfig}")
        case "down":
            cluster.down()
            if isinstance(cluster, BareCluster):
                remove_remains()
        case "load":
            for archive in arguments.archive:
                cluster.load(archive)
        case "env":
            kubectl = program("apiserver", "kubectl")
            print(f"export KUBECONFIG={cluster.kubeconfig} PATH={kubectl.parent}:$PATH")
        case _:
            print(cluster.kubeconfig)


def remove_remains() -> None:
    """Removes what killed test runs left."""
    for slot in SLOTS[1:]:
        with suppress(SlotTaken), held(slot):
            BareCluster(slot).down()


if __name__ == "__main__":
    sys.exit(main())
