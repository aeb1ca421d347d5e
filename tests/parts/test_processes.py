"""Programs that tests start: they end with the tests, and say what they died of."""

import os
import select
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from parts import MissingPart, Part
from processes import Process, ProcessFailed, Server
from server_fixtures import Launcher, absent_parts

SUPPORT = Path(__file__).parents[1] / "support"
STARTS_A_PROGRAM = """
import sys
from pathlib import Path
from processes import Process

class Sleeping(Process):
    def command(self):
        return ["/bin/sleep", "600"]

print(Sleeping(Path(sys.argv[1])).start().pid, flush=True)
sys.stdin.read()
"""


class Script(Process):
    def __init__(self, folder, script):
        super().__init__(folder)
        self.script = script

    def command(self):
        return ["/bin/sh", "-c", self.script]


class SilentServer(Server):
    START_TIMEOUT = 0.2

    def __init__(self, folder, script):
        super().__init__(folder)
        self.script = script

    def command(self):
        return ["/bin/sh", "-c", self.script]

    def answers(self):
        raise ConnectionRefusedError


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a program of its parent")
def test_a_program_ends_when_the_test_run_is_killed(tmp_path):
    run = subprocess.Popen(
        [sys.executable, "-c", STARTS_A_PROGRAM, tmp_path],
        env=os.environ | {"PYTHONPATH": str(SUPPORT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with run:
        assert run.stdout is not None
        program = os.pidfd_open(int(run.stdout.readline()))
        try:
            run.kill()
            ended, _, _ = select.select([program], [], [], 10)
            assert ended == [program]
        finally:
            os.close(program)


def test_a_program_is_asked_to_end_before_it_is_killed(tmp_path):
    polite = "trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.01; done"
    process = Script(tmp_path, polite).start()
    while "up" not in process.last_lines():
        assert process.is_running
    process.stop()
    assert process.last_lines() == "up\nbye"


def test_a_frozen_program_can_be_stopped(tmp_path):
    process = Script(tmp_path, "exec sleep 600").start()
    process.freeze()
    process.stop()
    assert not process.is_running


def test_a_program_that_does_not_end_is_reported_with_its_log(tmp_path):
    with Script(tmp_path, "echo busy; exec sleep 600") as process:
        with pytest.raises(ProcessFailed, match="still runs"):
            process.wait(timeout=0.1)
        process.kill()
    process.stop()


def test_a_server_that_ends_at_start_is_reported_with_its_log(tmp_path):
    server = SilentServer(tmp_path, "echo no such option; exit 3")
    with pytest.raises(ProcessFailed, match="ended at start with code 3\nno such option"):
        server.start()


def test_a_server_that_never_answers_is_killed_and_reported(tmp_path):
    server = SilentServer(tmp_path, "exec sleep 600")
    with pytest.raises(ProcessFailed, match=r"did not answer within 0\.2 s"):
        server.start()
    assert not server.is_running


def test_a_program_is_started_in_the_main_thread_only(tmp_path):
    refused = []

    def start():
        try:
            Script(tmp_path, "true").start()
        except AssertionError as error:
            refused.append(error)

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert len(refused) == 1


def test_all_that_was_launched_is_stopped_even_if_one_fails_to_start(tmp_path):
    launch = Launcher()
    first = launch(Script(tmp_path / "first", "exec sleep 600"))
    with pytest.raises(ProcessFailed):
        launch(SilentServer(tmp_path / "second", "exit 1"))
    launch.stop()
    assert not first.is_running


@pytest.mark.parametrize(("ci", "outcome"), [("true", pytest.fail), ("", pytest.skip)])
def test_a_missing_part_fails_in_ci_and_skips_elsewhere(monkeypatch, ci, outcome):
    monkeypatch.setenv("CI", ci)
    with pytest.raises(outcome.Exception, match=r"^minio is missing: run"), absent_parts():
        raise MissingPart("minio is missing: run `python tests/peers/build.py minio`")


def test_the_key_of_a_part_is_the_same_in_every_checkout(tmp_path):
    keys = set()
    for checkout in (tmp_path / "one", tmp_path / "two"):
        (checkout / "target").mkdir(parents=True)
        (checkout / "go.sum").write_text("the same")
        (checkout / "target" / "leftover").write_text(str(checkout))
        keys.add(Part("example", checkout, ("program",)).key)
    assert len(keys) == 1
