"""Runs a program that ends with its parent: `python leash.py PARENT_PID PROGRAM ARGUMENT ...`.

A test run that is killed can't stop what it started, so on Linux the kernel does (prctl(2)). The
program takes the place of this process, and so keeps its number.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    parent, program = int(sys.argv[1]), sys.argv[2:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the kernel was told
        sys.exit(1)
    # Ignored, if the test run is in the background or under nohup; programs inherit that.
    for name in (signal.SIGINT, signal.SIGHUP):
        signal.signal(name, signal.SIG_DFL)
    os.execv(program[0], program)


if __name__ == "__main__":
    main()
