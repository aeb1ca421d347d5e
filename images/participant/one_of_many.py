"""One of the ten participants of the digits example, in a container.

    one_of_many.py http://digits-coordinator:8081 [--number N] [--round NAME]

takes part in every round until it gets SIGTERM. With --round it also ends when the FederatedRound
of that name, in its own namespace, has Completed or is gone; its service account must be allowed
to `get` it. The number, from 0 on, is by default the index that an Indexed Job has given it.
"""

import argparse
import os
import signal
import ssl
import sys
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
UNKNOWN: dict = {}


def main() -> None:
    options = parsed_options()
    end = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: end.set())
    signal.signal(signal.SIGINT, lambda *_: end.set())
    images = load(HERE / f"participant-{options.number}.npz")
    participant = spawn_participant(options.url, DigitReader, (images,), scalar=scalar(images))
    wait(participant, end, options.round)
    if not participant.is_alive():
        sys.exit("the participant has ended by itself")
    participant.stop()


def wait(participant: threading.Thread, end: threading.Event, name: str | None) -> None:
    """Wait for a signal, or until the FederatedRound of that name is over."""
    was_there = False
    while participant.is_alive() and not end.wait(SECONDS_BETWEEN_LOOKS):
        resource = look_at(name) if name else UNKNOWN
        if resource is None and was_there:
            break
        was_there = was_there or bool(resource)
        if has_completed(resource or {}):
            break


def parsed_options() -> argparse.Namespace:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument(
        "url", help="the coordinator, for example http://digits-coordinator:8081"
    )
    index = os.environ.get("JOB_COMPLETION_INDEX", "0")
    arguments.add_argument("--number", type=int, default=int(index), help="from 0 to 9")
    arguments.add_argument("--round", help="the FederatedRound to end with")
    return arguments.parse_args()


def look_at(name: str) -> dict | None:
    """The FederatedRound; None if there is none, UNKNOWN if nobody can tell now."""
    namespace = (ACCOUNT / "namespace").read_text()
    token = (ACCOUNT / "token").read_text()  # read again each time: it is renewed
    try:
        answer = httpx.get(
            f"{RESOURCES}/namespaces/{namespace}/federatedrounds/{name}",
            headers={"Authorization": f"Bearer {token}"},
            verify=ssl.create_default_context(cafile=ACCOUNT / "ca.crt"),
        )
    except httpx.TransportError:
        return UNKNOWN
    if answer.status_code == httpx.codes.NOT_FOUND:
        return None
    return answer.json() if answer.is_success else UNKNOWN


def has_completed(resource: dict) -> bool:
    """Whether its conditions say so."""
    conditions = resource.get("status", {}).get("conditions", [])
    return any(one["type"] == "Completed" and one["status"] == "True" for one in conditions)


if __name__ == "__main__":
    main()
