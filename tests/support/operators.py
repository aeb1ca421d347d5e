"""Our operator as a process of the test's own, on a real API server, with an account's rights."""

import json
import sys
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from api_server import ApiServer
from processes import Server
from xaynet_operator.resource import API_VERSION

SYSTEM = "xaynet-system"
ACCOUNT = "xaynet-operator"
ROOT = Path(__file__).parents[2]
CRD = ROOT / "crds" / "federatedrounds.xaynet.dev.yaml"
LEASE = f"/apis/coordination.k8s.io/v1/namespaces/{SYSTEM}/leases/xaynet-operator"


class Operator(Server):
    """One replica; it has answered once it watches, and acts if no other one leads."""

    def __init__(
        self, folder: Path, kubeconfig: Path, name: str, system: str = SYSTEM, namespaces: str = ""
    ) -> None:
        super().__init__(folder)
        self.kubeconfig, self.name = kubeconfig, name
        self.system, self.namespaces = system, namespaces

    def command(self) -> list[str | Path]:
        return [sys.executable, "-m", "xaynet_operator"]

    def environment(self) -> dict[str, str]:
        settings = {
            "coordinator_image": "registry.example.org/coordinator:1",
            "redis_image": "registry.example.org/redis:1",
            "minio_image": "registry.example.org/minio:1",
            "namespaces": self.namespaces,
            "pod_name": self.name,
            "lease_namespace": self.system,
            "probe_address": f"127.0.0.1:{self.port}",
            "log_level": "debug",
        }
        variables = {f"XAYNET_OPERATOR_{name.upper()}": value for name, value in settings.items()}
        return {**variables, "KUBECONFIG": str(self.kubeconfig)}

    def answers(self) -> bool:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
        except HTTPException as error:
            raise OSError(str(error)) from error
        finally:
            connection.close()

    def logged(self, event: str) -> list[dict]:
        """What it has logged under a name, in all its starts."""
        lines = (line for line in self.log.read_text().splitlines() if line.startswith("{"))
        return [entry for line in lines if (entry := json.loads(line))["event"] == event]


def holder(api: ApiServer, lease: str = LEASE) -> str | None:
    """Who leads; None if nobody does."""
    return api.ask("GET", lease).body.get("spec", {}).get("holderIdentity") or None


def knowing_rounds(server: ApiServer) -> ApiServer:
    """The server once it serves the resource, with the namespace ``learning``."""
    for arguments in (("create", "namespace", "learning"), ("apply", "-f", str(CRD))):
        ran = server.kubectl(*arguments)
        assert ran.code == 0, ran.errors
    for path in ("/apis", "/openapi/v3/apis"):
        server.wait_until_served(f"{path}/{API_VERSION}")
    return server


def installed(server: ApiServer, overlay: str = "base", account: str = ACCOUNT) -> Path:
    """Apply what an installation applies; the kubeconfig of the operator's account."""
    rendered = server.kubectl("kustomize", str(ROOT / "k8s" / overlay))
    applied = server.kubectl("apply", "--server-side", "--filename=-", given=rendered.output)
    assert applied.code == 0, applied.errors
    return server.kubeconfig_of(SYSTEM, account)
