"""NetworkPolicies as rules of the kernel (nftables): pure.

    chain policies     replies pass; then by sender to `e_ADDRESS`, by receiver to `i_ADDRESS`
    chain e_ADDRESS    of each pod whose egress some policy restricts: `return` for what is allowed,
    chain i_ADDRESS    and `drop` for the rest; the same for ingress

Probes of the kubelet start on the node itself and are not forwarded, so no rule touches them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Tree = dict[str, Any]
Direction = Literal["ingress", "egress"]
DIRECTIONS: tuple[Direction, Direction] = ("egress", "ingress")
PEERS = {"ingress": ("from", "saddr"), "egress": ("to", "daddr")}
"""The key of a rule's peers, and which address of a packet is theirs."""


@dataclass(frozen=True, slots=True)
class Pod:
    namespace: str
    labels: Mapping[str, str]
    address: str
    ports: Mapping[str, int]
    """Those that have names."""


@dataclass(frozen=True, slots=True)
class World:
    pods: tuple[Pod, ...]
    namespaces: Mapping[str, Mapping[str, str]]
    """The labels of each."""


def read_world(pods: list[Tree], namespaces: list[Tree]) -> World:
    """What the API server lists, as far as policies look at it."""
    labels = {each["metadata"]["name"]: each["metadata"].get("labels", {}) for each in namespaces}
    return World(tuple(read_pod(pod) for pod in pods if has_address(pod)), labels)


def has_address(pod: Tree) -> bool:
    """Whether it has one, and does not share it with its node."""
    alive = pod["status"].get("phase") in ("Pending", "Running")
    return alive and bool(pod["status"].get("podIP")) and not pod["spec"].get("hostNetwork")


def read_pod(pod: Tree) -> Pod:
    ports = [port for each in pod["spec"]["containers"] for port in each.get("ports", [])]
    named = {port["name"]: port["containerPort"] for port in ports if "name" in port}
    metadata = pod["metadata"]
    return Pod(metadata["namespace"], metadata.get("labels", {}), pod["status"]["podIP"], named)


def ruleset(policies: list[Tree], world: World) -> str:
    """What `nft -f` reads; it replaces all earlier rules at once."""
    start = ["table ip policies", "delete table ip policies", "table ip policies {"]
    chains: list[str] = []
    jumps: list[str] = ["ct state established,related accept"]
    for direction in DIRECTIONS:
        allowed = restricted(policies, direction, world)
        side = "saddr" if direction == "egress" else "daddr"
        for address, rules in allowed.items():
            chains += chain(chain_name(direction, address), [*rules, "counter drop"])
        if allowed:
            goals = (f"{address} : jump {chain_name(direction, address)}" for address in allowed)
            jumps.append(f"ip {side} vmap {{ {', '.join(goals)} }}")
    first = "type filter hook forward priority -5; policy accept;"
    return "\n".join([*start, *chains, *chain("policies", [first, *jumps]), "}", ""])


def chain(name: str, rules: list[str]) -> list[str]:
    return [f"  chain {name} {{", *(f"    {rule}" for rule in rules), "  }"]


def chain_name(direction: Direction, address: str) -> str:
    return f"{direction[0]}_{address.replace('.', '_')}"


def restricted(policies: list[Tree], direction: Direction, world: World) -> dict[str, list[str]]:
    """The address of each pod that some policy restricts, with what is allowed all the same."""
    found: dict[str, list[str]] = {}
    for policy in policies:
        namespace, spec = policy["metadata"]["namespace"], policy["spec"]
        if direction.capitalize() not in spec["policyTypes"]:
            continue
        for pod in world.pods:
            if pod.namespace == namespace and selects(spec.get("podSelector", {}), pod.labels):
                rules = found.setdefault(pod.address, [])
                for rule in spec.get(direction, []):
                    rules += allowances(rule, direction, pod, world)
    return found


def allowances(rule: Tree, direction: Direction, pod: Pod, world: World) -> list[str]:
    """The rule of a policy for one pod: each pair of a peer and a port is one line."""
    key, side = PEERS[direction]
    return [
        f"{peer}{port}return"
        for peer in peers(rule.get(key, []), side, pod.namespace, world)
        for port in ports(rule.get("ports", []), direction, pod, world)
    ]


def peers(wanted: list[Tree], side: str, namespace: str, world: World) -> list[str]:
    """The conditions for the other side, one of which must hold."""
    if not wanted:
        return [""]
    blocks = [block(each["ipBlock"], side) for each in wanted if "ipBlock" in each]
    chosen = [each for each in wanted if "ipBlock" not in each]
    addresses = {
        pod.address
        for pod in world.pods
        if any(is_peer(each, pod, namespace, world) for each in chosen)
    }
    return [*blocks, f"ip {side} {{ {', '.join(sorted(addresses))} }} "] if addresses else blocks


def block(wanted: Tree, side: str) -> str:
    excepted = wanted.get("except", [])
    rest = f"ip {side} != {{ {', '.join(excepted)} }} " if excepted else ""
    return f"ip {side} {wanted['cidr']} {rest}"


def is_peer(wanted: Tree, pod: Pod, namespace: str, world: World) -> bool:
    """Without a namespaceSelector it means pods of the policy's own namespace."""
    if "namespaceSelector" in wanted:
        labels = world.namespaces.get(pod.namespace, {})
        if not selects(wanted["namespaceSelector"], labels):
            return False
    elif pod.namespace != namespace:
        return False
    return selects(wanted.get("podSelector", {}), pod.labels)


def ports(wanted: list[Tree], direction: Direction, pod: Pod, world: World) -> list[str]:
    """The conditions for the port; a name means the receiving pod's port of that name."""
    if not wanted:
        return [""]
    found: list[str] = []
    for each in wanted:
        protocol, port = each.get("protocol", "TCP").lower(), each.get("port")
        if port is None:
            found.append(f"meta l4proto {protocol} ")
        elif isinstance(port, int):
            last = f"-{each['endPort']}" if "endPort" in each else ""
            found.append(f"{protocol} dport {port}{last} ")
        else:
            receivers = [pod] if direction == "ingress" else world.pods
            found += [
                f"ip daddr {receiver.address} {protocol} dport {receiver.ports[port]} "
                for receiver in receivers
                if port in receiver.ports
            ]
    return found


def selects(selector: Tree, labels: Mapping[str, str]) -> bool:
    """Whether a label selector means these labels; an empty one means all."""
    exact = selector.get("matchLabels", {}).items()
    return all(labels.get(key) == value for key, value in exact) and all(
        holds(each, labels.get(each["key"])) for each in selector.get("matchExpressions", [])
    )


def holds(expression: Tree, value: str | None) -> bool:
    match expression["operator"]:
        case "In":
            return value in expression["values"]
        case "NotIn":
            return value not in expression["values"]
        case "Exists":
            return value is not None
        case _:
            return value is None
