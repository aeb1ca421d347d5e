"""The processes of containers, as the machine sees them: killed, stopped and continued.

They are found by the identity of their container, which is part of the names of its cgroups.
"""

import os
import signal
from contextlib import suppress
from pathlib import Path

from node.waiting import wait_until
from served import Tree

Signal = signal.Signals


def container_id(pod: Tree) -> str:
    """The identity of the container that a pod of one container runs now; empty if none."""
    states = pod.get("status", {}).get("containerStatuses", [])
    if not states or "running" not in states[0]["state"]:
        return ""
    return states[0]["containerID"].rpartition("/")[2]


def processes(pod: Tree) -> list[int]:
    """The processes of a pod's container; none if it does not run."""
    container = container_id(pod)
    numbers = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return [number for number in numbers if container and container in cgroups_of(number)]


def cgroups_of(process: int) -> str:
    """Empty if it has ended."""
    try:
        return Path(f"/proc/{process}/cgroup").read_text()
    except OSError:
        return ""


def send(pod: Tree, what: Signal) -> None:
    """Send a signal to all that runs in a pod's container, from outside."""
    found: list[int] = []

    def is_seen() -> bool:
        found[:] = processes(pod)
        return bool(found)

    wait_until(is_seen, 5, f"a process of {pod['metadata']['name']} on this machine")
    for process in found:
        with suppress(ProcessLookupError):
            os.kill(process, what)


def kill(pod: Tree) -> None:
    """End a container as the kernel does when memory is short: it gets no chance to tidy up."""
    send(pod, Signal.SIGKILL)
