"""What images are made of, and when they are made again."""

import re

import debian
import pytest
import wheels
from recipes import IMAGES, Recipe, version
from steps import ROOT

PYTHON_IMAGES = {"operator": "operator", "coordinator": "coordinator", "participant": "sdk"}
CONTAINERFILES = sorted((ROOT / "images").glob("*/Containerfile"))


@pytest.mark.parametrize(("name", "member"), PYTHON_IMAGES.items())
def test_an_image_has_its_own_member_and_the_protocol_only(name, member):
    assert set(wheels.locked(f"xaynet-{member}").members) == {member, "pet"}


def test_an_image_has_nothing_that_only_another_one_needs():
    names = {
        member: set(re.findall(r"^([\w-]+)==", locked.requirements, flags=re.M))
        for member in PYTHON_IMAGES.values()
        if (locked := wheels.locked(f"xaynet-{member}"))
    }
    assert "kopf" in names["operator"] - names["coordinator"] - names["sdk"]
    assert "redis" in names["coordinator"] - names["operator"] - names["sdk"]
    assert all(not one & {"pytest", "scikit-learn", "matplotlib"} for one in names.values())


def test_everything_from_elsewhere_is_pinned_by_its_digest():
    for member in PYTHON_IMAGES.values():
        requirements = wheels.locked(f"xaynet-{member}").requirements
        for requirement in re.split(r"\n(?=\S)", requirements.strip()):
            assert "--hash=sha256:" in requirement, requirement


def recipe_of(file):
    return Recipe("redis", lambda: iter([file]), lambda _: None)


def test_an_image_is_made_again_if_a_file_that_is_in_it_changes(tmp_path):
    file = tmp_path / "file"
    file.write_text("before")
    key = recipe_of(file).key()
    assert recipe_of(file).key() == key
    file.write_text("after")
    assert recipe_of(file).key() != key


def test_the_sources_of_a_member_are_what_its_wheel_is_made_of():
    names = {path.name for path in IMAGES["operator"].inputs() if not isinstance(path, str)}
    assert {"pyproject.toml", "__main__.py", "py.typed", "parameters.py"} <= names
    assert not [name for name in names if name.endswith(".pyc")]


@pytest.mark.parametrize("name", IMAGES)
def test_an_image_is_called_after_its_project_and_version(name):
    assert IMAGES[name].reference == f"localhost/xaynet-{name}:{version()}"


def test_the_archives_can_be_listed(archives):
    assert set(archives) == set(IMAGES)
    assert all(re.fullmatch(rf"{name}-\w{{16}}\.tar", archives[name].name) for name in archives)


@pytest.mark.parametrize("file", CONTAINERFILES, ids=lambda path: path.parent.name)
def test_no_containerfile_asks_a_registry_of_its_own_choice(file):
    for base in re.findall(r"^(?:FROM |ARG BASE=)(\S+)", file.read_text(), flags=re.M):
        assert base in {"${BASE}", "scratch", f"python:{debian.PYTHON}-slim"}


def test_libraries_are_found_in_what_the_loader_says():
    listing = """/usr/bin/one:
\tlinux-vdso.so.1 (0x00007fff)
\tlibm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x00007f01)
\t/lib64/ld-linux-x86-64.so.2 (0x00007f02)
"""
    loaded = debian.loaded(listing)
    assert loaded == ["/lib/x86_64-linux-gnu/libm.so.6", "/lib64/ld-linux-x86-64.so.2"]
