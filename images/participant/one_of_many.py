"""One of the ten participants of the digits example, in a container.

    one_of_many.py http://digits:8081 [--number N] [--round NAME]

takes part in every round until it gets SIGTERM. With --round it also ends when the FederatedRound
of that name, in its own namespace, has Completed or is gone; its service account must be allowed
to `get` it. The number, from 0 on, is by default the index that an Indexed Job has given it.
"""

import argparse
import os
import signal
import ssl
import threading
from pathlib import Path

import httpx
from images import load
from participant import DigitReader, scalar

from xaynet_sdk import spawn_participant

HERE = Path(__file__).parent
ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
RESOURCES = "https://kubernetes.default.svc/apis/xaynet.dev/v1alpha1"
SECONDS_BETWEEN_LOOKS = 3.0


def main() -> None:
    options = parsed_options()
    end = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: end.set())
    signal.signal(signal.SIGINT, lambda *_: end.set())
    images = load(HERE / f"participant-{options.number}.npz")
    participant = spawn_participant(options.url, DigitReader, (images,), scalar=scalar(images))
    while not end.wait(SECONDS_BETWEEN_LOOKS):
        if not participant.is_alive() or (options.round and is_over(options.round)):
            break
    participant.stop()


def parsed_options() -> argparse.Namespace:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("url", help="the coordinator, for example http://digits:8081")
    index = os.environ.get("JOB_COMPLETION_INDEX", "0")
    arguments.add_argument("--number", type=int, default=int(index), help="from 0 to 9")
    arguments.add_argument("--round", help="the FederatedRound to end with")
    return arguments.parse_args()


def is_over(name: str) -> bool:
    """Whether the FederatedRound has Completed or is gone; False if nobody can tell now."""
    namespace = (ACCOUNT / "namespace").read_text()
    token = (ACCOUNT / "token").read_text()  # read again each time: it is renewed
    try:
        answer = httpx.get(
            f"{RESOURCES}/namespaces/{namespace}/federatedrounds/{name}",
            headers={"Authorization": f"Bearer {token}"},
            verify=ssl.create_default_context(cafile=ACCOUNT / "ca.crt"),
        )
    except httpx.TransportError:
        return False
    return answer.status_code == 404 or (answer.is_success and has_completed(answer.json()))


def has_completed(resource: dict) -> bool:
    """Whether its conditions say so."""
    conditions = resource.get("status", {}).get("conditions", [])
    return any(one["type"] == "Completed" and one["status"] == "True" for one in conditions)


if __name__ == "__main__":
    main()
