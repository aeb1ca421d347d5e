"""Enforces NetworkPolicies on one node: `python enforce.py HOST PKI_FOLDER`, on the node.

The plugins that connect the pods know nothing of policies. Every second all rules are made anew
from what the API server lists. Until then a new pod is open: a test that shows that something is
denied waits until it is, and only then shows that something else is allowed.
"""

import json
import ssl
import subprocess
import sys
import time
from http.client import HTTPException, HTTPSConnection
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[1]))

from node.policies import World, read_world, ruleset

PORT = 6443
POLICIES = "/apis/networking.k8s.io/v1/networkpolicies"
PAUSE = 1.0


def main() -> None:
    host, pki = sys.argv[1], Path(sys.argv[2])
    context = ssl.create_default_context(cafile=pki / "ca.crt")
    context.load_cert_chain(pki / "admin.crt", pki / "admin.key")
    connection = HTTPSConnection(host, PORT, timeout=10, context=context)
    enforced = ""
    while True:
        try:
            enforced = enforce(connection, enforced)
        except (OSError, HTTPException, ValueError) as error:
            print(f"the API server did not answer, the rules stay: {error!r}", flush=True)
            connection.close()
        time.sleep(PAUSE)


def enforce(connection: HTTPSConnection, enforced: str) -> str:
    """Puts the rules in force if they have changed; the rules."""
    policies = listed(connection, POLICIES)
    world = World((), {})
    if policies:
        pods = listed(connection, "/api/v1/pods")
        world = read_world(pods, listed(connection, "/api/v1/namespaces"))
    rules = ruleset(policies, world)
    if rules != enforced:
        subprocess.run(["nft", "-f", "-"], input=rules.encode(), check=True)
        print(f"{len(policies)} policies are in force", flush=True)
    return rules


def listed(connection: HTTPSConnection, path: str) -> list[dict[str, Any]]:
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 200:
        raise HTTPException(f"{answer.status} for {path}")
    return json.loads(body)["items"]


if __name__ == "__main__":
    main()
