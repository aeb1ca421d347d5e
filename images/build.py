"""Builds the images of the cluster, those that are out of date: `build.py [NAME ...]`.

    CACHE/images/NAME-KEY.tar       CACHE = $XAYNET_CACHE or ~/.cache/xaynet-operator

is an OCI archive of `localhost/xaynet-NAME:VERSION`; KEY is the digest of all that goes into it.
The paths are printed. `--list` says as JSON where each archive is or would be, `--contexts DIR`
only writes the folders that `docker build` or another builder can take. Only the standard library
is used, no image registry, and while an image is built no network either.
"""

import argparse
import fcntl
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import buildah
import debian
from recipes import IMAGES, Recipe, version
from steps import StepFailed, image_cache

KEPT_ARCHIVES = 3


def main() -> int:
    options = parsed_options()
    names = options.image or list(IMAGES)
    if unknown := sorted(set(names) - set(IMAGES)):
        sys.exit(f"no such image: {', '.join(unknown)}; there are {', '.join(IMAGES)}")
    try:
        if options.list:
            print(json.dumps({name: str(archive(IMAGES[name])) for name in names}, indent=2))
        elif options.contexts:
            write_contexts(names, options.contexts)
        else:
            with only_one_run():
                for name in names:
                    print(built(IMAGES[name]), flush=True)
    except StepFailed as failure:
        sys.exit(str(failure))
    return 0


def parsed_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("image", nargs="*", help=f"of {', '.join(IMAGES)}; all of them by default")
    parser.add_argument("--list", action="store_true", help="say where the archives are, as JSON")
    parser.add_argument("--contexts", type=Path, help="write the contexts into this folder only")
    return parser.parse_args()


def archive(recipe: Recipe) -> Path:
    return image_cache() / f"{recipe.name}-{recipe.key()}.tar"


def write_contexts(names: list[str], folder: Path) -> None:
    """Writes a folder for each image, with all that its Containerfile copies."""
    for name in names:
        (folder / name).mkdir(parents=True)
        IMAGES[name].write_context(folder / name)
        print(folder / name)


def built(recipe: Recipe) -> Path:
    """The archive of the image, which is built if it is not there."""
    while not (path := archive(recipe)).exists():
        start = time.monotonic()
        build(recipe, path)
        seconds = time.monotonic() - start
        how = "done" if path.exists() else "its sources have changed meanwhile, once more"
        print(f"{recipe.name}: {how} ({seconds:.0f} s)", file=sys.stderr, flush=True)
    return path


def build(recipe: Recipe, path: Path) -> None:
    """Builds the image in the store of layers, and writes its archive as a whole or not at all:
    not if what it is made of changes before it is copied."""
    with tempfile.TemporaryDirectory(dir=image_cache()) as temporary:
        context = Path(temporary) / "context"
        context.mkdir()
        recipe.write_context(context)
        if archive(recipe) != path:
            return
        buildah.provide()
        base = {"BASE": debian.python_image()} if recipe.has_base else {}
        buildah.build(recipe.reference, context, {"VERSION": version(), **base})
        buildah.write_archive(recipe.reference, Path(temporary) / "archive")
        (Path(temporary) / "archive").rename(path)
    remove_oldest(recipe.name)


def remove_oldest(name: str) -> None:
    """Keeps the newest archives of an image; those of other branches may still be wanted."""
    archives = image_cache().glob(f"{name}-*.tar")
    for old in sorted(archives, key=lambda path: path.stat().st_mtime)[:-KEPT_ARCHIVES]:
        old.unlink()


@contextmanager
def only_one_run() -> Iterator[None]:
    """Waits for another run; the system releases the lock if this process dies."""
    image_cache().mkdir(parents=True, exist_ok=True)
    with open(image_cache() / "lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    sys.exit(main())
