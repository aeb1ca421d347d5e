"""Fixtures that start real servers and published peers, and show their logs at failure.

    launch            starts any `Process` and stops it after the test: `launch(RedisServer(f))`
    redis_server      a Redis for the whole run        (use `uid` as prefix of your keys)
    minio_server, versity_server                       S3 servers for the whole run
    s3_server         each of the two, one after the other
    bucket            a new bucket of `s3_server`
    uid               a name that no other test has

A server that a test kills, freezes or rolls back is launched for that test alone.
"""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import pytest

from parts import MissingPart
from processes import Process
from running import MinioServer, RedisServer, S3Server, VersityServer

Launched = TypeVar("Launched", bound=Process)


class Launcher:
    """Starts processes, and stops all of them, the last one first."""

    def __init__(self) -> None:
        self.launched: list[Process] = []

    def __call__(self, process: Launched) -> Launched:
        self.launched.append(process)
        with absent_parts():
            return process.start()

    def stop(self) -> None:
        while self.launched:
            self.launched.pop().stop()


@contextmanager
def absent_parts() -> Iterator[None]:
    """A part that was not built fails the test in CI, and skips it elsewhere."""
    try:
        yield
    except MissingPart as missing:
        text = str(missing)
    else:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(text, pytrace=False)
    pytest.skip(text)


@pytest.fixture
def launch() -> Iterator[Launcher]:
    launcher = Launcher()
    yield launcher
    launcher.stop()


@pytest.fixture(scope="session")
def launch_for_all() -> Iterator[Launcher]:
    launcher = Launcher()
    yield launcher
    launcher.stop()


@pytest.fixture(scope="session")
def redis_server(launch_for_all: Launcher, tmp_path_factory: pytest.TempPathFactory) -> RedisServer:
    return launch_for_all(RedisServer(tmp_path_factory.mktemp("redis")))


@pytest.fixture(scope="session")
def minio_server(launch_for_all: Launcher, tmp_path_factory: pytest.TempPathFactory) -> MinioServer:
    return launch_for_all(MinioServer(tmp_path_factory.mktemp("minio")))


@pytest.fixture(scope="session")
def versity_server(
    launch_for_all: Launcher, tmp_path_factory: pytest.TempPathFactory
) -> VersityServer:
    return launch_for_all(VersityServer(tmp_path_factory.mktemp("versitygw")))


@pytest.fixture(params=["minio", "versitygw"])
def s3_server(request: pytest.FixtureRequest) -> S3Server:
    fixture = {"minio": "minio_server", "versitygw": "versity_server"}[request.param]
    return request.getfixturevalue(fixture)


@pytest.fixture
def bucket(s3_server: S3Server) -> str:
    return s3_server.new_bucket()


@pytest.fixture
def uid() -> str:
    return str(uuid.uuid4())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Adds the end of each process's log to the report of a test that failed."""
    report = yield
    if report.failed:
        for process in _processes(item):
            name = f"{type(process).__name__} in {process.folder}"
            report.sections.append((name, process.last_lines()))
    return report


def _processes(item: pytest.Item) -> list[Process]:
    found: list[Process] = []
    for value in getattr(item, "funcargs", {}).values():
        launched = value.launched if isinstance(value, Launcher) else [value]
        found += [each for each in launched if isinstance(each, Process) and each not in found]
    return found
