"""The cables of a cluster: a bridge at the machine, and one cable to each node.

There is no way out: a node has routes to the other nodes, the machine and the Services, and any
other address is "Network is unreachable" at once.

What still has the address of a Service when it leaves a node is dropped there. kube-proxy changes
its tables one after the other, and a connection that begins between the two finds neither the way
to a pod nor a refusal: the kernel would remember it so, and not even its repetitions would arrive.
"""

import subprocess

from node.box import first_process, inside
from node.places import Node, Places
from node.waiting import ClusterFailed, wait_until

UNSERVED = """
add table ip unserved
add chain ip unserved leaving {{ type filter hook postrouting priority 0; }}
add rule ip unserved leaving ip daddr {services} drop
"""


def lay_bridge(places: Places) -> None:
    """Makes the bridge at which the machine has its address."""
    ip("link", "add", places.bridge, "type", "bridge")
    ip("address", "add", f"{places.host}/24", "dev", places.bridge)
    ip("link", "set", places.bridge, "up")


def lay_cable(node: Node, places: Places) -> None:
    """Connects a node, and lets the machine reach its pods."""
    peer = ("peer", "name", "eth0", "netns", str(first_process(node)))
    ip("link", "add", node.link, "type", "veth", *peer)
    ip("link", "set", node.link, "master", places.bridge, "up")
    ip("route", "replace", node.pods, "via", node.address, "dev", places.bridge)
    if node == places.nodes[0]:  # any node would do
        ip("route", "replace", places.services, "via", node.address, "dev", places.bridge)
    on_node(node, "address", "add", f"{node.address}/24", "dev", "eth0")
    for link in ("eth0", "lo"):
        on_node(node, "link", "set", link, "up")
    # Needed for the first look at the route only; kube-proxy then puts in the real address.
    on_node(node, "route", "add", places.services, "via", places.host)
    run(inside(node, "nft", UNSERVED.format(services=places.services)))
    for other in places.nodes:
        if other != node:
            on_node(node, "route", "add", other.pods, "via", other.address)


def remove_links(slot: int) -> None:
    """Removes the bridge and all cables of a slot, and the routes with them."""
    for name in links(slot):
        ip("link", "delete", name, check=False)  # the kernel may have been quicker
    wait_until(lambda: not links(slot), 10, f"the end of the links of slot {slot}")


def links(slot: int) -> list[str]:
    """The names of what a slot has laid."""
    lines = ip("-brief", "link", "show").splitlines()
    names = [line.split()[0].partition("@")[0] for line in lines]
    return [name for name in names if name == f"xaynet{slot}" or name.startswith(f"xaynet{slot}n")]


def set_cable(node: Node, state: str) -> None:
    """Takes the cable out ("down") or puts it in ("up")."""
    ip("link", "set", node.link, state)


def on_node(node: Node, *arguments: str) -> None:
    """Runs `ip` on the node."""
    run(inside(node, "ip", *arguments))


def ip(*arguments: str, check: bool = True) -> str:
    return run(["ip", *arguments], check)


def run(command: list[str], check: bool = True) -> str:
    finished = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    if check and finished.returncode:
        raise ClusterFailed(f"`{' '.join(command)}` failed: {finished.stderr.strip()}")
    return finished.stdout
