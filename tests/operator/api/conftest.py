"""A real API server for the whole run, which knows FederatedRounds."""

from pathlib import Path

import pytest

from api_server import ApiServer, EtcdServer
from server_fixtures import Launcher
from xaynet_operator.resource import API_VERSION

CRD = Path(__file__).parents[3] / "crds" / "federatedrounds.xaynet.dev.yaml"


@pytest.fixture(scope="session")
def api_server(launch_for_all: Launcher, tmp_path_factory: pytest.TempPathFactory) -> ApiServer:
    etcd = launch_for_all(EtcdServer(tmp_path_factory.mktemp("etcd")))
    return launch_for_all(ApiServer(tmp_path_factory.mktemp("apiserver"), etcd.url))


@pytest.fixture(scope="session")
def api(api_server: ApiServer) -> ApiServer:
    """The server once it serves the resource, in the namespace ``learning`` too."""
    for arguments in (("create", "namespace", "learning"), ("apply", "-f", str(CRD))):
        ran = api_server.kubectl(*arguments)
        assert ran.code == 0, ran.errors
    for path in ("/apis", "/openapi/v3/apis"):
        api_server.wait_until_served(f"{path}/{API_VERSION}")
    return api_server
