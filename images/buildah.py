"""buildah with a store of its own: images are built in layers, and those unchanged are kept.

The store lies in CACHE/images/store-*, and may be removed at any time. Nothing of the machine's own
images is touched.
"""

import functools
import shutil
from collections.abc import Mapping
from pathlib import Path

from steps import StepFailed, image_cache, install, run

# `chroot` would need no runtime, but can't take the network away.
ISOLATION = ("--isolation", "oci", "--runtime", "runc", "--network", "none")


def provide() -> None:
    """Installs buildah and its runtime if they are missing."""
    if shutil.which("buildah") is None or shutil.which("runc") is None:
        install("buildah", "runc")


def has_image(reference: str) -> bool:
    return bool(run(*store(), "images", "--quiet", "--filter", f"reference={reference}").strip())


def build(reference: str, context: Path, arguments: Mapping[str, str]) -> None:
    """Builds the Containerfile of the folder."""
    pairs = [text for item in arguments.items() for text in ("--build-arg", "=".join(item))]
    options = ("--layers", "--format", "oci", *ISOLATION, *pairs, "--tag", reference)
    run(*store(), "build", *options, "--file", context / "Containerfile", context)


def write_archive(reference: str, path: Path) -> None:
    """Writes an OCI archive; compressing it would take longer than reading it."""
    run(*store(), "push", "--disable-compression", reference, f"oci-archive:{path}:{reference}")


@functools.cache
def store() -> tuple[str, ...]:
    """buildah with its store; where the kernel mounts no overlays it copies each layer."""
    for driver in ("overlay", "vfs"):
        folder = image_cache() / f"store-{driver}"
        command = ("buildah", "--storage-driver", driver)
        command += ("--root", str(folder / "root"), "--runroot", str(folder / "run"))
        try:
            run(*command, "info")
        except StepFailed:
            continue
        return command
    raise StepFailed("buildah can't keep images here: neither with overlays nor with copies")
