"""Builds the real programs that the tests run, those that are missing: `build.py [PART ...]`.

Parts and their places are described in `tests/support/parts.py`. Several runs at a time wait for
each other; an interrupted one leaves nothing half-built behind. Only the standard library is used.
"""

import argparse
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from parts import NODE_PARTS, PARTS, Part, cache, is_built

MINIO = "github.com/minio/minio"
VERSITYGW = "github.com/versity/versitygw/cmd/versitygw"
COREDNS = "github.com/coredns/coredns"
LOCAL_PATH = "github.com/rancher/local-path-provisioner"
KUBERNETES = "k8s.io/kubernetes/cmd"
# Without it the API server calls itself v0.0.0.
KUBERNETES_VERSION = " ".join(
    f"-X k8s.io/component-base/version.{name}={value}"
    for name, value in (("gitVersion", "v1.34.4"), ("gitMajor", "1"), ("gitMinor", "34"))
)


class BuildError(Exception):
    """A part can't be built; the text names what is missing."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("part", nargs="*", help=f"of {', '.join(PARTS)}; all of them by default")
    names = parser.parse_args().part or usable_parts()
    if unknown := sorted(set(names) - set(PARTS)):
        parser.error(f"no such part: {', '.join(unknown)}; there are {', '.join(PARTS)}")
    return 1 if [name for name in names if not provide(PARTS[name])] else 0


def usable_parts() -> list[str]:
    """All parts, but those of the Kubernetes node only where it can run; tests say what lacks."""
    can_run = sys.platform == "linux" and os.geteuid() == 0
    return [name for name in PARTS if can_run or name not in NODE_PARTS]


def provide(part: Part) -> bool:
    """Builds the part if it is not there, and says so; False if that failed."""
    try:
        with only_one(part):
            if not is_built(part):
                build(part)
    except BuildError as error:
        say(part, str(error))
        return False
    return True


def build(part: Part) -> None:
    say(part, f"not there yet, {ABOUT[part.name]}")
    start = time.monotonic()
    BUILDERS[part.name](part)
    say(part, f"done in {time.monotonic() - start:.0f} s")


def say(part: Part, text: str) -> None:
    print(f"{part.name}: {text}", file=sys.stderr, flush=True)


@contextmanager
def only_one(part: Part) -> Iterator[None]:
    """Holds the lock of the part; the system releases it if this process dies."""
    locks = cache() / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    with open(locks / part.name, "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(part, "another run builds it, waiting")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def new_folder(part: Part) -> Iterator[Path]:
    """A folder that becomes the part's as a whole once all went well.

    Its `bin` is there already.
    """
    part.folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=part.folder.parent, prefix=f".{part.name}-") as outer:
        folder = Path(outer) / "part"
        (folder / "bin").mkdir(parents=True)
        yield folder
        shutil.rmtree(part.folder, ignore_errors=True)
        folder.rename(part.folder)


def run(part: Part, *command: str | Path, **environment: str) -> None:
    """Runs a step; what it printed is shown only if it failed."""
    finished = subprocess.run(
        command,
        check=False,
        cwd=part.source,
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    if finished.returncode:
        last_lines = "\n".join(finished.stdout.splitlines()[-30:])
        raise BuildError(f"{Path(command[0]).name} failed:\n{last_lines}")


def need(program: str, what: str) -> str:
    """The path of a tool on PATH, or a sentence that says what to install."""
    found = shutil.which(program)
    if found is None:
        raise BuildError(f"`{program}` is missing: install {what} and run this again")
    return found


def apt_install(part: Part, *packages: str) -> None:
    """Installs Debian packages, without starting the services that they bring."""
    names = " ".join(packages)
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        raise BuildError(f"install what Debian calls {names} (or run this as root on Debian)")
    quiet = {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    apt = ("apt-get", "-o", "DPkg::Lock::Timeout=300", "--yes", "--no-install-recommends")
    run(part, "apt-get", "update", **quiet)
    run(part, *apt, "install", *packages, **quiet)


def install(part: Part) -> None:
    """Installs what the system's own packages bring."""
    apt_install(part, *part.packages)
    if missing := [program for program in part.programs if not part.find(program)]:
        raise BuildError(f"{', '.join(missing)} was installed but is not on PATH")


def build_go(part: Part, *packages: str, variables: str = "") -> None:
    """Builds tools of the part's Go module, each named as the last word of its package."""
    go = need("go", f"the Go release that {part.source / 'go.mod'} names, or a later one,")
    flags = ("-mod=readonly", "-trimpath", "-ldflags", f"-s -w {variables}".strip())
    with new_folder(part) as folder:
        target = f"{folder / 'bin'}/"
        run(
            part, go, "build", *flags, "-o", target, *packages, CGO_ENABLED="0", GOTOOLCHAIN="local"
        )


def build_kubernetes(part: Part) -> None:
    packages = [f"{KUBERNETES}/{program}" for program in part.programs]
    build_go(part, *packages, variables=KUBERNETES_VERSION)


def build_wheel(part: Part) -> None:
    """Makes the virtual environment of the published SDK.

    It can't be moved once it is made, so it lies apart and the part's `bin/python` starts it.
    """
    place = cache() / "environments" / part.folder.name
    try:
        venv.create(place, clear=True, with_pip=True)
    except subprocess.CalledProcessError as error:
        raise BuildError(
            "`ensurepip` is missing: install what Debian calls python3-venv"
        ) from error
    strict = ("--require-hashes", "--only-binary", ":all:", "--no-input")
    requirements = part.source / "requirements.txt"
    run(part, place / "bin" / "python", "-m", "pip", "install", *strict, "-r", requirements)
    with new_folder(part) as folder:
        python = folder / "bin" / "python"
        python.write_text(f'#!/bin/sh\nexec "{place}/bin/python" "$@"\n')
        python.chmod(0o755)


def build_peers(part: Part) -> None:
    """Builds the published crates in one workspace; what was compiled before is taken again."""
    cargo = need("cargo", "Rust 1.88 or later")
    need("cc", "a C compiler (Debian: build-essential)")
    need("make", "make (Debian: build-essential)")
    need_openssl(part)
    target = cache() / "target"
    with new_folder(part) as folder:
        run(part, cargo, "build", "--release", "--locked", CARGO_TARGET_DIR=str(target))
        for name in part.programs:
            shutil.copy2(target / "release" / name, folder / "bin" / name)


def need_openssl(part: Part) -> None:
    """The coordinator crate's InfluxDB client links it, used or not."""
    question = ["pkg-config", "--exists", "openssl"]
    if not shutil.which(question[0]) or subprocess.run(question, check=False).returncode:
        apt_install(part, "libssl-dev", "pkg-config")


ABOUT = {
    "redis": "installing it",
    "minio": "building the Go module, some minutes",
    "versitygw": "building the Go module, about a minute",
    "wheel": "installing the published SDK",
    "peers": "building the published crates, some minutes",
    "etcd": "installing it",
    "apiserver": "building the Go module, some minutes",
    "kubernetes": "building the Go module, some minutes",
    "coredns": "building the Go module, some minutes",
    "local-path": "building the Go module, about a minute",
    "node-tools": "installing them",
}

BUILDERS: dict[str, Callable[[Part], None]] = {
    "redis": install,
    "minio": lambda part: build_go(part, MINIO),
    "versitygw": lambda part: build_go(part, VERSITYGW),
    "wheel": build_wheel,
    "peers": build_peers,
    "etcd": install,
    "apiserver": build_kubernetes,
    "kubernetes": build_kubernetes,
    "coredns": lambda part: build_go(part, COREDNS),
    "local-path": lambda part: build_go(part, LOCAL_PATH),
    "node-tools": install,
}

if __name__ == "__main__":
    sys.exit(main())
