"""The first process of a node: `python init.py CACHE NODE_FOLDER NODE`, in namespaces of its own.

What node programs write into the system's folders goes into memory, so that the machine's own
folders stay as they are, and a restarted node starts as a machine does. All processes of the node
end with this one, and with the last of them its mounts and links: the kernel sees to it. It runs
on nothing but the standard library and takes in the processes whose parents have ended.
"""

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

HIDDEN = ("/run", "/var/lib", "/var/log")
SETTINGS = ("net/ipv4/ip_forward", "net/bridge/bridge-nf-call-iptables")


def main() -> None:
    cache, folder, _ = sys.argv[1:]  # the last one is for those who look for it
    # Volumes that the kubelet mounts must show in containers, and nothing on the machine.
    mount("--make-rprivate", "/")
    mount("--make-rshared", "/")
    hide(Path(cache).resolve())
    for setting in SETTINGS:
        Path("/proc/sys", setting).write_text("1")
    Path(folder, "started").touch()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    while True:
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        signal.sigwait({signal.SIGCHLD})


def hide(cache: Path) -> None:
    """Puts memory over the system's folders; the cache stays, also where it lies in one of them."""
    place = os.open(cache, os.O_PATH)
    for folder in HIDDEN:
        mount("-t", "tmpfs", "-o", "mode=755", "xaynet", folder)
    if not cache.exists():
        cache.mkdir(parents=True)
        # Else `mount` would look up the path anew, which now leads into the memory.
        mount("--no-canonicalize", "--bind", f"/proc/{os.getpid()}/fd/{place}", str(cache))
    os.close(place)


def mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True)


if __name__ == "__main__":
    main()
