"""Ten participants learn to read digits on a Kubernetes cluster, as the resource's status tells.

    make demo-cluster      or, with the images on the nodes of a cluster that kubectl reaches:
    python examples/digits/demo_on_cluster.py [--output DIR]

Installs the operator, applies round.yaml and the participants' Job, follows the status of the
FederatedRound until it has Completed, and reads each new global model from its MinIO. All stays
there to be looked at. Exit code 1 if the model does not become good enough.
"""

import argparse
import io
import json
import shutil
import subprocess
import sys
import time
from base64 import b64decode
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import softmax
from demo import DEAL, PARTICIPANTS
from digits import all_digits, dealt
from minio import Minio
from results import WANTED
from rich.console import Console

ROOT = Path(__file__).parents[2]
OPERATOR = ROOT / "k8s" / "overlays" / "development"
EXAMPLE = ROOT / "k8s" / "examples" / "digits"
NAMESPACE = "digits"
RESOURCE = "federatedround/digits"
CRD = "crd/federatedrounds.xaynet.dev"
PATIENCE_SECONDS = 900.0
BUCKET = "global-models"


class DemoFailed(Exception):
    """The cluster did not do what it should; says what."""


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--output", type=Path, default=Path("demo-output"))
    output = arguments.parse_args().output
    console = Console()
    try:
        accuracies = learn(console, output)
    except DemoFailed as failure:
        sys.exit(str(failure))
    except KeyboardInterrupt:
        sys.exit(f"stopped; kubectl delete namespace {NAMESPACE} removes what is there")
    print(f"after {len(accuracies)} rounds the accuracy is {accuracies[-1]:.3f}")
    print(f"model.npy is in {output}; have a look around:")
    print(f"  kubectl -n {NAMESPACE} get fr,pods && kubectl -n {NAMESPACE} describe {RESOURCE}")
    if accuracies[-1] < WANTED:
        sys.exit(f"the accuracy should be at least {WANTED}")


def learn(console, output):
    """Let the cluster learn until the resource has Completed; the accuracy of each new model."""
    _, held_out = dealt(all_digits(), PARTICIPANTS, np.random.default_rng(DEAL))
    with console.status("installing the operator …"):
        install()
    with console.status("starting the service and its participants …"):
        start()
    accuracies, model = [], None
    with console.status("…") as line:
        for status in statuses():
            line.update(waiting_for(status))
            latest = status.get("latestModel")
            if latest is not None and latest != model:
                model, weights = latest, download(latest["id"])
                accuracies.append(softmax.accuracy(weights.reshape(softmax.SHAPE), held_out))
                console.print(f"{told(status)}: accuracy {accuracies[-1]:.3f}")
    output.mkdir(parents=True, exist_ok=True)
    np.save(output / "model.npy", weights)
    return accuracies


def install():
    """The operator, as an administrator installs it."""
    kubectl("apply", "--server-side", "--force-conflicts", "-k", OPERATOR)
    where = "--namespace=xaynet-system"
    kubectl("rollout", "status", "deployment/xaynet-operator", "--timeout=180s", where)
    kubectl("wait", CRD, "--for=condition=Established", "--timeout=60s")


def start():
    """The resource and the participants, afresh."""
    kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found", "--timeout=120s")
    kubectl("apply", "--server-side", "-k", EXAMPLE)


def statuses():
    """The resource's status each time it has changed, until it has Completed."""
    deadline, before = time.monotonic() + PATIENCE_SECONDS, None
    while time.monotonic() < deadline:
        status = json.loads(get(RESOURCE)).get("status", {})
        if status != before:
            yield status
        before = status
        if is_true(status, "Completed"):
            return
        time.sleep(1)
    raise DemoFailed(f"it takes too long: {waiting_for(before)}")


def is_true(status, condition):
    """Whether a condition holds."""
    found = (one for one in status.get("conditions", []) if one["type"] == condition)
    return any(one["status"] == "True" for one in found)


def waiting_for(status):
    """What the service does just now, in its own words."""
    if is_true(status, "Ready") and "round" in status:
        return f"round {status['round']['id']}: {status['round']['waitingFor']}"
    ready = (one for one in status.get("conditions", []) if one["type"] == "Ready")
    return next((one["message"] for one in ready), "nobody has looked at it yet")


def told(status):
    """The newest round of the history, in a line."""
    newest = next(one for one in status["history"] if one["outcome"] == "Succeeded")
    counts = {phase: newest[phase]["accepted"] for phase in ("sum", "update")}
    return f"round {newest['id']}: {counts['update']} updates, {counts['sum']} sums of masks"


def download(model):
    """The weights of a global model, from the service's own MinIO."""
    data = json.loads(get("secret/digits-minio"))["data"]
    keys = [b64decode(data[name]).decode() for name in ("accesskey", "secretkey")]
    with forwarded("service/digits-minio", 9000) as address:
        answer = Minio(address, *keys, secure=False).get_object(BUCKET, f"{model}.npy")
        return np.load(io.BytesIO(answer.read()))


@contextmanager
def forwarded(what, port):
    """An address on this machine that leads to a port in the cluster."""
    command = [program(), "port-forward", what, f":{port}", f"--namespace={NAMESPACE}"]
    forward = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        line = forward.stdout.readline()  # Forwarding from 127.0.0.1:40123 -> 9000
        if not line:
            raise DemoFailed(f"{what} cannot be reached: {forward.stderr.read().strip()}")
        yield line.split()[2]
    finally:
        forward.terminate()
        forward.communicate()


def get(what):
    """One object as JSON."""
    return kubectl("get", what, f"--namespace={NAMESPACE}", "--output=json")


def kubectl(*arguments):
    """What kubectl prints."""
    command = [program(), *map(str, arguments)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise DemoFailed(f"{' '.join(command)} failed: {ran.stderr.strip()}")
    return ran.stdout


def program():
    """Where kubectl is."""
    found = shutil.which("kubectl")
    if found is None:
        raise DemoFailed("kubectl is not on the PATH: install it, or run `make demo-cluster`")
    return found


if __name__ == "__main__":
    main()
