"""`xaynet` in the test's own process: what was typed, and what came of it."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from xaynet_cli.__main__ import main


@dataclass(frozen=True)
class Typed:
    """The exit code, and both outputs."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        assert (self.code, self.err) == (0, "")
        return self.out.splitlines()

    @property
    def refusal(self) -> str:
        assert (self.code, self.out) == (1, "")
        return self.err.strip()


Xaynet = Callable[..., Typed]


@pytest.fixture
def xaynet(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Xaynet:
    """`xaynet("set", "rounds=3")`, typed in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def typed(*arguments: object) -> Typed:
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        code = ended.value.code
        assert isinstance(code, int)
        return Typed(code, out, err)

    return typed


@pytest.fixture
def xaynet_alone(tmp_path: Path) -> Xaynet:
    """The same in a process of its own: what sets up logs and signals does it for a process."""

    def typed(*arguments: object) -> Typed:
        command = [sys.executable, "-m", "xaynet_cli", *map(str, arguments)]
        ended = subprocess.run(
            command, check=False, cwd=tmp_path, capture_output=True, text=True, timeout=60
        )
        return Typed(ended.returncode, ended.stdout, ended.stderr)

    return typed
