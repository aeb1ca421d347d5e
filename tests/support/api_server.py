"""A real kube-apiserver on its own etcd, on loopback: Kubernetes without a node.

Nothing reconciles here: no controllers, no scheduler, no kubelet. What the API server itself does
is there: schemas, CEL rules, defaults, server-side apply, watches, owner references as data.

    with EtcdServer(folder / "etcd") as etcd, ApiServer(folder / "api", etcd.url) as api:
        api.kubectl("apply", "-f", "-", given=manifest)
"""

import json
import ssl
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from parts import program
from processes import Server, free_port

TOKEN = "a-token-of-the-tests"
# Whoever it is that asks: what is answered, without what is in it.
AUDITED = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived", "ResponseStarted", "Panic"],
    "rules": [{"level": "Metadata", "userGroups": ["system:serviceaccounts"]}],
}


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command said, and how it ended."""

    code: int
    output: str
    errors: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API server answered."""

    status: int
    body: dict[str, Any]

    @property
    def problems(self) -> tuple[tuple[str, str], ...]:
        """The causes of a refusal: each field, and what is wrong with it."""
        causes = self.body.get("details", {}).get("causes", [])
        return tuple((cause.get("field", ""), cause["message"]) for cause in causes)


class EtcdServer(Server):
    """Debian's etcd, which does not wait for the disk."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.peer_port = free_port()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def command(self) -> list[str | Path]:
        peers = f"http://127.0.0.1:{self.peer_port}"
        return [
            program("etcd", "etcd"),
            f"--data-dir={self.folder / 'data'}",
            f"--listen-client-urls={self.url}",
            f"--advertise-client-urls={self.url}",
            f"--listen-peer-urls={peers}",
            f"--initial-advertise-peer-urls={peers}",
            f"--initial-cluster=default={peers}",
            "--unsafe-no-fsync",
            "--logger=zap",
            "--log-level=warn",
        ]

    def answers(self) -> bool:
        return _status(HTTPConnection("127.0.0.1", self.port, timeout=5), "/health") == 200


class ApiServer(Server):
    """kube-apiserver, one user who may do everything, and whom ``kubeconfig_of`` lets in."""

    START_TIMEOUT = 90.0

    def __init__(self, folder: Path, etcd: str) -> None:
        super().__init__(folder)
        self._etcd = etcd
        self.kubeconfig = folder / "kubeconfig"
        self.audit = folder / "audit.log"

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    @property
    def services(self) -> str:
        """Addresses of Services, all of this machine: a test may play the pod behind one, by
        listening there. Other servers on the machine have others."""
        return f"127.{64 + self.port % 128}.0.0/16"

    @property
    def authority(self) -> Path:
        """The certificate that the server makes for itself at its first start."""
        return self.folder / "certificates" / "apiserver.crt"

    def command(self) -> list[str | Path]:
        key = self.folder / "service-accounts.key"
        if not key.exists():  # accounts stay known when it starts again
            key.write_bytes(_private_key())
        tokens = self.folder / "tokens.csv"
        tokens.write_text(f"{TOKEN},tests,tests,system:masters\n")
        self.kubeconfig.write_text(json.dumps(self._kubeconfig(TOKEN)))
        policy = self.folder / "audit.json"
        policy.write_text(json.dumps(AUDITED))
        return [
            program("apiserver", "kube-apiserver"),
            f"--etcd-servers={self._etcd}",
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            "--external-hostname=127.0.0.1",
            f"--secure-port={self.port}",
            f"--cert-dir={self.authority.parent}",
            f"--token-auth-file={tokens}",
            "--authorization-mode=RBAC",
            "--anonymous-auth=true",
            f"--service-account-key-file={key}",
            f"--service-account-signing-key-file={key}",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-cluster-ip-range={self.services}",
            f"--audit-policy-file={policy}",
            f"--audit-log-path={self.audit}",
            # Nobody makes the accounts that pods would need.
            "--disable-admission-plugins=ServiceAccount",
            # Debian's etcd does not tell the sizes that this asks for.
            "--feature-gates=SizeBasedListCostEstimate=false",
        ]

    def answers(self) -> bool:
        return self.authority.exists() and self.ask("GET", "/readyz").status == 200

    def stop(self, timeout: float = 10) -> None:
        """Kills it: asked to end, it waits a minute for others to notice."""
        self.kill()

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        content: str = "application/json",
    ) -> Answer:
        """One request as the user who may do everything; raises OSError if none is answered."""
        connection = self._connection()
        text = None if body is None else json.dumps(body)
        try:
            connection.request(method, path, text, _headers() | {"content-type": content})
            return _read(connection.getresponse())
        except HTTPException as error:
            raise OSError(str(error)) from error
        finally:
            connection.close()

    def watched(self, path: str, seconds: float, **query: str) -> Iterator[tuple[str, Any]]:
        """What there is and what changes, each with its type, until so many seconds are over;
        with a ``resourceVersion`` only what has changed since."""
        if "resourceVersion" not in query:
            listed = self.ask("GET", f"{path}?{urlencode(query)}").body
            yield from (("ADDED", one) for one in listed["items"])
            query["resourceVersion"] = listed["metadata"]["resourceVersion"]
        asked = urlencode({"watch": "1", "timeoutSeconds": max(1, round(seconds)), **query})
        connection = self._connection(seconds + 10)
        try:
            connection.request("GET", f"{path}?{asked}", headers=_headers())
            for line in connection.getresponse():
                event = json.loads(line)
                if event["type"] == "ERROR":
                    raise OSError(f"the watch broke off: {event['object']}")
                yield event["type"], event["object"]
        finally:
            connection.close()

    def wait_until_served(self, path: str, timeout: float = 30) -> None:
        """Waits until a path is served: that of a new resource is soon after its definition."""
        deadline = time.monotonic() + timeout
        while self.ask("GET", path).status != 200:
            if time.monotonic() > deadline:
                raise self.failed(f"did not serve {path} within {timeout} s")
            self._ended_within(0.02)

    def kubeconfig_of(self, namespace: str, account: str) -> Path:
        """A kubeconfig with the rights of a ServiceAccount, and no others."""
        where = f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token"
        token = self.ask("POST", where, {"spec": {"expirationSeconds": 3600}})
        path = self.folder / f"kubeconfig-{namespace}-{account}"
        path.write_text(json.dumps(self._kubeconfig(token.body["status"]["token"])))
        return path

    def requests(self, user: str) -> list[dict[str, Any]]:
        """The requests of a user that were answered, as the audit log has them."""
        entries = (json.loads(line) for line in self.audit.read_text().splitlines())
        return [entry for entry in entries if entry["user"]["username"] == user]

    def kubectl(self, *arguments: str, given: object = None, timeout: float = 60) -> Ran:
        """Runs kubectl against this server; ``given`` is what it reads from standard input."""
        ran = subprocess.run(
            [program("apiserver", "kubectl"), "--kubeconfig", self.kubeconfig, *arguments],
            input=given if given is None or isinstance(given, str) else json.dumps(given),
            env={"HOME": str(self.folder)},  # where kubectl keeps what it has learnt of servers
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        return Ran(ran.returncode, ran.stdout, ran.stderr)

    def _connection(self, timeout: float = 30) -> HTTPSConnection:
        return HTTPSConnection("127.0.0.1", self.port, timeout=timeout, context=self._tls)

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.authority)

    def _kubeconfig(self, token: str) -> dict[str, Any]:
        cluster = {"server": self.url, "certificate-authority": str(self.authority)}
        context = {"cluster": "tests", "user": "tests", "namespace": "default"}
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "tests", "cluster": cluster}],
            "users": [{"name": "tests", "user": {"token": token}}],
            "contexts": [{"name": "tests", "context": context}],
            "current-context": "tests",
        }


def _headers() -> dict[str, str]:
    return {"authorization": f"Bearer {TOKEN}"}


def _read(response: HTTPResponse) -> Answer:
    text = response.read()
    is_json = response.headers.get_content_type() == "application/json"
    return Answer(response.status, json.loads(text) if is_json else {"text": text.decode()})


def _status(connection: HTTPConnection, path: str) -> int:
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except HTTPException as error:
        raise OSError(str(error)) from error
    finally:
        connection.close()


def _private_key() -> bytes:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
