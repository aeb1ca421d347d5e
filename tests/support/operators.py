"""Our operator as a process of the test's own, on a real API server, with an account's rights."""

import json
import sys
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from api_server import ApiServer
from processes import Server
from xaynet_operator.cluster import path
from xaynet_operator.manifests.kinds import KINDS
from xaynet_operator.owned import MANAGED_BY, MANAGER
from xaynet_operator.resource import API_VERSION
from xaynet_operator.telling import FEDERATED_ROUND

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
    for group in ("/apis", "/openapi/v3/apis"):
        server.wait_until_served(f"{group}/{API_VERSION}")
    return server


def sweep(server: ApiServer) -> None:
    """Remove all resources and what was made for them: no test works for those of another one."""
    for kind in (FEDERATED_ROUND, *KINDS):
        ours = "" if kind is FEDERATED_ROUND else f"?labelSelector={MANAGED_BY}={MANAGER}"
        found = server.ask("GET", f"{path(kind, None)}{ours}")
        for one in found.body.get("items", []):  # a kind that is not served has none
            metadata = one["metadata"]
            where = path(kind, metadata["namespace"], metadata["name"])
            if metadata.get("finalizers"):
                free = {"metadata": {"finalizers": None}}
                server.ask("PATCH", where, free, "application/merge-patch+json")
            assert server.ask("DELETE", where).status in (200, 202, 404)


def installed(server: ApiServer, overlay: str = "base", account: str = ACCOUNT) -> Path:
    """Apply what an installation applies; the kubeconfig of the operator's account."""
    rendered = server.kubectl("kustomize", str(ROOT / "k8s" / overlay))
    applied = server.kubectl("apply", "--server-side", "--filename=-", given=rendered.output)
    assert applied.code == 0, applied.errors
    return server.kubeconfig_of(SYSTEM, account)
