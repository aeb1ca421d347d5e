"""A real API server for the whole run, which knows FederatedRounds, and our operator on it.

api          the server, with the namespace ``learning``
namespace    one of its own for a test
rights       the kubeconfig of the operator's account, with the rights that k8s/base gives it
operator     our operator as a process, for all tests of a module
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from api_server import ApiServer, EtcdServer
from operators import Operator, installed, knowing_rounds, sweep
from server_fixtures import Launcher, absent_parts


@pytest.fixture(scope="session")
def api_server(launch_for_all: Launcher, tmp_path_factory: pytest.TempPathFactory) -> ApiServer:
    etcd = launch_for_all(EtcdServer(tmp_path_factory.mktemp("etcd")))
    return launch_for_all(ApiServer(tmp_path_factory.mktemp("apiserver"), etcd.url))


@pytest.fixture(scope="session")
def api(api_server: ApiServer) -> ApiServer:
    """The server once it serves the resource, in the namespace ``learning`` too."""
    return knowing_rounds(api_server)


@pytest.fixture
def namespace(api: ApiServer, uid: str) -> str:
    assert api.ask("POST", "/api/v1/namespaces", {"metadata": {"name": uid}}).status == 201
    return uid


@pytest.fixture(scope="session")
def rights(api: ApiServer) -> Path:
    return installed(api)


@pytest.fixture(scope="module")
def operator(
    api: ApiServer, rights: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Operator]:
    sweep(api)
    with absent_parts(), Operator(tmp_path_factory.mktemp("operator"), rights, "first") as started:
        yield started
