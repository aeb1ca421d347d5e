"""Building the parts: refusals are sentences, and what was built is found again."""

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from parts import PARTS, PEERS, MissingPart, Part, is_built, program


def build(*arguments, path=os.defpath, cache):
    environment = os.environ | {"PATH": str(path), "XAYNET_CACHE": str(cache)}
    return subprocess.run(
        [sys.executable, PEERS / "build.py", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_an_unknown_part_is_refused_with_the_list_of_parts(tmp_path):
    finished = build("minion", cache=tmp_path)
    assert finished.returncode == 2
    assert "no such part: minion; there are redis, minio" in finished.stderr


@pytest.mark.parametrize(("part", "tool"), [("minio", "go"), ("peers", "cargo")])
def test_a_missing_tool_is_named_and_the_run_fails(tmp_path, part, tool):
    finished = build(part, path=tmp_path / "nothing", cache=tmp_path)
    assert finished.returncode == 1
    assert f"{part}: `{tool}` is missing: install " in finished.stderr


def test_one_part_that_fails_does_not_keep_the_others_from_being_built(tmp_path):
    finished = build("minio", "versitygw", path=tmp_path / "nothing", cache=tmp_path)
    assert "minio: `go` is missing" in finished.stderr
    assert "versitygw: `go` is missing" in finished.stderr


def test_programs_of_one_go_module_are_built_together(tmp_path):
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "go").write_text('#!/bin/sh\necho "$@"\nexit 1\n')
    (tools / "go").chmod(0o755)
    finished = build("apiserver", path=f"{tools}:{os.defpath}", cache=tmp_path / "cache")
    packages = "k8s.io/kubernetes/cmd/kube-apiserver k8s.io/kubernetes/cmd/kubectl"
    assert packages in finished.stderr
    assert "version.gitVersion=v1.34.4" in finished.stderr


def test_what_the_system_brings_is_found_where_it_puts_it(tmp_path, monkeypatch):
    place = tmp_path / "usr-lib-cni"
    place.mkdir()
    part = Part("plugins", tmp_path, ("a-plugin",), ("a-package",))
    monkeypatch.setattr("parts.BESIDE_PATH", (str(place),))
    assert not is_built(part)
    (place / "a-plugin").touch(mode=0o755)
    assert part.find("a-plugin") == place / "a-plugin"


def test_a_failed_build_leaves_no_part_behind(tmp_path):
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "go").write_text("#!/bin/sh\necho no such module\nexit 1\n")
    (tools / "go").chmod(0o755)
    finished = build("minio", path=f"{tools}:{os.defpath}", cache=tmp_path / "cache")
    assert finished.returncode == 1
    assert "go failed:\nno such module" in finished.stderr
    assert list((tmp_path / "cache" / "parts").iterdir()) == []


def test_a_built_part_is_not_built_again(tmp_path, monkeypatch):
    monkeypatch.setenv("XAYNET_CACHE", str(tmp_path))
    place = PARTS["minio"].folder / "bin"
    place.mkdir(parents=True)
    (place / "minio").touch()
    finished = build("minio", path=tmp_path / "nothing", cache=tmp_path)
    assert (finished.returncode, finished.stderr) == (0, "")


def test_a_run_waits_for_another_that_builds_the_same_part(tmp_path):
    (tmp_path / "locks").mkdir()
    with open(tmp_path / "locks" / "minio", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        waiting = subprocess.Popen(
            [sys.executable, PEERS / "build.py", "minio"],
            env=os.environ | {"PATH": "", "XAYNET_CACHE": str(tmp_path)},
            stderr=subprocess.PIPE,
            text=True,
        )
        assert waiting.stderr is not None
        assert waiting.stderr.readline() == "minio: another run builds it, waiting\n"
    rest = waiting.communicate(timeout=30)[1]
    assert "minio: not there yet" in rest


def test_a_part_that_was_not_built_names_the_command(tmp_path, monkeypatch):
    monkeypatch.setenv("XAYNET_CACHE", str(tmp_path))
    with pytest.raises(MissingPart, match=r"run `python tests/peers/build\.py minio`"):
        program("minio", "minio")


def test_a_change_of_a_lock_file_makes_another_part(tmp_path, monkeypatch):
    monkeypatch.setenv("XAYNET_CACHE", str(tmp_path / "cache"))
    source = tmp_path / "source"
    source.mkdir()
    (source / "go.mod").write_text("one")
    part = Part("example", source, ("program",))
    (part.folder / "bin").mkdir(parents=True)
    (part.folder / "bin" / "program").touch()
    assert is_built(part)
    (source / "go.mod").write_text("two")
    assert not is_built(part)


def test_the_cache_is_where_the_system_keeps_caches(tmp_path, monkeypatch):
    monkeypatch.delenv("XAYNET_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert PARTS["minio"].folder.is_relative_to(tmp_path / "xaynet-operator")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert PARTS["minio"].folder.is_relative_to(Path.home() / ".cache" / "xaynet-operator")
