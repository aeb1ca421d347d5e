"""What each image is made of."""

import hashlib
import shutil
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import debian
import wheels
from steps import ROOT, run

from parts import PARTS

IMAGES_FOLDER = ROOT / "images"
DIGITS = ROOT / "examples" / "digits"
DIGITS_MODULES = ("images.py", "softmax.py", "participant.py")


@dataclass(frozen=True, slots=True)
class Recipe:
    """`inputs` gives texts and files that the image depends on, `fill` what it copies."""

    name: str
    inputs: Callable[[], Iterator[str | Path]]
    fill: Callable[[Path], None]
    has_base: bool = True

    @property
    def reference(self) -> str:
        return f"localhost/xaynet-{self.name}:{version()}"

    def key(self) -> str:
        """The digest of everything that the image depends on, how it is made included."""
        digest = hashlib.sha256(version().encode())
        for item in (*sorted(IMAGES_FOLDER.glob("*.py")), self.containerfile, *self.inputs()):
            name, content = named(item)
            digest.update(f"{name}\0{len(content)}\0".encode() + content)
        return digest.hexdigest()[:16]

    @property
    def containerfile(self) -> Path:
        return IMAGES_FOLDER / self.name / "Containerfile"

    def write_context(self, folder: Path) -> None:
        """Writes all that the Containerfile copies, and itself."""
        shutil.copy(self.containerfile, folder)
        self.fill(folder)


def named(item: str | Path) -> tuple[str, bytes]:
    """A text or a file with the name that it has in every checkout."""
    if isinstance(item, str):
        return "", item.encode()
    name = item.relative_to(ROOT) if item.is_relative_to(ROOT) else item
    return str(name), item.read_bytes()


def version() -> str:
    """The version of all images: the operator's."""
    return tomllib.loads((ROOT / "operator" / "pyproject.toml").read_text())["project"]["version"]


def python_recipe(
    name: str,
    package: str,
    extra_inputs: Callable[[], Iterator[str | Path]] = lambda: iter(()),
    extra_fill: Callable[[Path], None] = lambda _: None,
) -> Recipe:
    """An image with one member of the workspace and what it runs on."""

    def inputs() -> Iterator[str | Path]:
        locked = wheels.locked(package)
        yield debian.python_key()
        yield locked.requirements
        for member in locked.members:
            yield from source_files(ROOT / member)
        yield from extra_inputs()

    def fill(context: Path) -> None:
        locked = wheels.locked(package)
        wheels.build(locked.members, context / "own")
        downloaded = wheels.download(locked.requirements)
        shutil.copytree(downloaded, context / "dependencies", copy_function=shutil.copy2)
        extra_fill(context)

    return Recipe(name, inputs, fill)


def source_files(folder: Path) -> list[Path]:
    """What a wheel is made of."""
    sources = (folder / "src").rglob("*")
    found = [path for path in sources if path.is_file() and "__pycache__" not in path.parts]
    return [folder / "pyproject.toml", *sorted(found)]


def digits_inputs() -> Iterator[Path]:
    yield from sorted(DIGITS.glob("*.py"))
    yield from sorted((IMAGES_FOLDER / "participant").glob("*.py"))


def add_digits(context: Path) -> None:
    """Adds the program, and the images of each of the demo's participants."""
    folder = context / "digits"
    folder.mkdir()
    for name in DIGITS_MODULES:
        shutil.copy(DIGITS / name, folder)
    shutil.copy(IMAGES_FOLDER / "participant" / "one_of_many.py", folder)
    dealer = IMAGES_FOLDER / "participant" / "deal.py"
    run(wheels.uv(), "run", "--frozen", "--no-sync", "python", dealer, folder)


def add_redis(context: Path) -> None:
    """Adds Redis and its libraries where the system has them."""
    for path in debian.redis_files():
        add(path, context / "root" / path.relative_to("/"))
    (context / "root" / "data").mkdir()


def minio_program() -> Path:
    run(sys.executable, ROOT / "tests" / "peers" / "build.py", "minio")
    return PARTS["minio"].folder / "bin" / "minio"


def add_minio(context: Path) -> None:
    """Adds the program, and a folder to mount its data on."""
    add(minio_program(), context / "root" / "usr" / "bin" / "minio")
    (context / "root" / "data").mkdir()


def add(source: Path, target: Path) -> None:
    """Copies a program or a library as what it is, not as a link."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, target)


IMAGES = {
    recipe.name: recipe
    for recipe in (
        python_recipe("operator", "xaynet-operator"),
        python_recipe("coordinator", "xaynet-coordinator"),
        Recipe("redis", lambda: iter(debian.redis_files()), add_redis, has_base=False),
        Recipe("minio", lambda: iter([PARTS["minio"].key]), add_minio, has_base=False),
        python_recipe("participant", "xaynet-sdk", digits_inputs, add_digits),
    )
}
