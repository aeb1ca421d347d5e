"""The namespaces in which a node lives: processes, mounts and network apart from the machine's.

They hang on one process (`init.py`): kill it and the kernel ends whatever runs on the node, as
when a machine loses its power. It is found by its arguments, so that the box of a run that was
killed is found as well, whatever its cache.
"""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

from node.places import Node
from node.waiting import wait_until
from parts import cache

INIT = Path(__file__).with_name("init.py")
LEASH = Path(__file__).parents[2] / "support" / "leash.py"
NAMESPACES = ("--mount", "--net", "--pid")


def opening(node: Node, leashed: bool) -> list[str]:
    """The command that makes the namespaces, and lives as long as they do.

    If leashed, they end with this process (and with the thread that starts it).
    """
    new = ["unshare", *NAMESPACES, "--fork", "--kill-child", "--mount-proc"]
    first = [sys.executable, "-I", "-S", str(INIT), str(cache()), str(node.folder), node.link]
    command = [*new, *first]
    if not leashed:
        return command
    # The leash wants the full path of the program that takes its place.
    return [sys.executable, "-I", "-S", str(LEASH), str(os.getpid()), "/usr/bin/env", *command]


def is_open(node: Node) -> bool:
    """Whether its namespaces are as they should be."""
    return sign(node).exists()


def sign(node: Node) -> Path:
    """The file by which `init.py` says that all is there."""
    return node.folder / "started"


def close_box(node: Node) -> None:
    """Ends all that runs on the node; harmless if nothing does."""
    while found := list(_processes(node)):
        for process in found:
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                continue
        wait_until(lambda gone=found: not _alive(gone), 20, f"the end of {node.name}")
    sign(node).unlink(missing_ok=True)


def first_process(node: Node) -> int:
    """The number of the process on which the namespaces hang.

    Raises:
        ClusterFailed: if there is none.
    """
    found: list[int] = []

    def runs() -> bool:
        found[:] = [process for process in _processes(node) if _is_first(process)]
        return bool(found)

    wait_until(runs, 1, f"{node.name} running (`make cluster-up` starts one)")
    return found[0]


def inside(node: Node, *command: str | Path) -> list[str]:
    """The command that runs a command on the node."""
    process = first_process(node)
    return ["nsenter", "--target", str(process), *NAMESPACES, "--", *map(str, command)]


def _processes(node: Node) -> Iterator[int]:
    """`unshare` and the first process; both have the name of the node as last argument."""
    for entry in Path("/proc").iterdir():
        arguments = _arguments(entry) if entry.name.isdigit() else []
        if arguments[-1:] == [node.link] and INIT.name in {Path(each).name for each in arguments}:
            yield int(entry.name)


def _arguments(process: Path) -> list[str]:
    """None at all if it has ended."""
    try:
        return os.fsdecode((process / "cmdline").read_bytes()).split("\0")[:-1]
    except OSError:
        return []


def _is_first(process: int) -> bool:
    """Whether it is number 1 in namespaces of its own."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return False
    numbers = next(line for line in status.splitlines() if line.startswith("NSpid:")).split()[1:]
    return len(numbers) > 1 and numbers[-1] == "1"


def _alive(processes: list[int]) -> bool:
    return any(Path(f"/proc/{process}/exe").exists() for process in processes)
