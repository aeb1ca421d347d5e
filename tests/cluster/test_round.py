"""A FederatedRound from `kubectl apply` to Completed."""

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

import unit_participant
from node.interface import Cluster
from node.manifests import RESTRICTED, Tree, container, manifest
from one_round import Round
from served import Served
from xaynet_pet import DataType, Model

pytestmark = pytest.mark.cluster

INSIDE, EVERYBODY = 4, 9
IMAGE = "localhost/xaynet-participant:0.1.0"
# Of nine about three collect masks and six train.
PET: Tree = {
    "model": {"length": EVERYBODY},
    "mask": {"groupType": "Prime", "dataType": "F32", "boundType": "B0", "modelType": "M3"},
    "sum": {"prob": 0.3, "count": {"min": 1, "max": 9}, "time": {"min": 4, "max": 20}},
    "update": {"prob": 1, "count": {"min": 3, "max": 9}, "time": {"min": 5, "max": 30}},
    "sum2": {"count": {"min": 1, "max": 9}, "time": {"min": 0, "max": 60}},
}
FIRST = np.linspace(-1, 1, 50, dtype="f4")


def test_applied_it_serves_rounds_until_it_has_completed(operator, namespace):
    with Served(operator, namespace, "first", rounds=1) as service:
        service.wait_for_condition("Ready", seconds=120)
        round = Round(service)
        round.to_sum2()
        round.post(round.mask_bodies())
        operator.wait_for("federatedround/first", "condition=Completed", namespace)

        bucket = {one.object_name for one in service.minio().list_objects("global-models")}
        id = service.status()["latestModel"]["id"]
        assert bucket == {id, f"{id}.npy", f"{id}.npy.sha256"}
        model = Model.from_bytes(service.kept_model(id))
        assert model.fractions() == round.mean()
        for_people = np.load(BytesIO(service.kept_model(f"{id}.npy")))
        assert for_people.tolist() == model.to_array(DataType.F32).tolist()


@pytest.mark.timeout(600)
def test_participants_inside_and_outside_the_cluster_learn_together(operator, namespace):
    with Served(operator, namespace, "mixed", rounds=2, pet=PET) as service:
        service.wait_for_condition("Ready", seconds=120)
        with inside(operator, namespace, "http://mixed-coordinator:8081"), outside(service):
            operator.wait_for("federatedround/mixed", "condition=Completed", namespace, 240)
            updaters = whose_updates(service, 2)
            assert updaters & set(range(INSIDE))
            assert updaters & set(range(INSIDE, EVERYBODY))

            service.edit({"rounds": 3})
            operator.wait_for("federatedround/mixed", "condition=Completed", namespace, 180)
        whose_updates(service, 3)
        told = [one["reason"] for one in service.events()]
        assert (told.count("Completed"), told.count("GoesOn")) == (2, 1)


@contextmanager
def inside(cluster: Cluster, namespace: str, url: str) -> Iterator[None]:
    """The first participants are pods, of the participants' image."""
    source = Path(unit_participant.__file__).read_text()
    script = {"data": {"participant.py": source}}
    cluster.apply(manifest("v1", "ConfigMap", "unit-participant", namespace, **script))
    command = ["python", "/unit/participant.py", url, "$(JOB_COMPLETION_INDEX)", str(EVERYBODY)]
    pod = {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 0,  # it is to end as a device does that is switched off
        "containers": [
            container("participant", IMAGE, command)
            | {
                "imagePullPolicy": "Never",
                "securityContext": RESTRICTED,
                "volumeMounts": [{"name": "unit", "mountPath": "/unit"}],
            }
        ],
        "volumes": [{"name": "unit", "configMap": {"name": "unit-participant"}}],
    }
    spec = {
        "completionMode": "Indexed",
        "completions": INSIDE,
        "parallelism": INSIDE,
        "template": {"spec": pod},
    }
    cluster.apply(manifest("batch/v1", "Job", "participants", namespace, spec=spec))
    yield
    cluster.kubectl("delete", "job/participants", f"--namespace={namespace}", "--wait=false")


@contextmanager
def outside(service: Served) -> Iterator[None]:
    """The others are here."""
    numbers = range(INSIDE, EVERYBODY)
    threads = [unit_participant.spawn(service.url, number, EVERYBODY) for number in numbers]
    yield
    for thread in threads:
        thread.stop()


def whose_updates(service: Served, rounds: int) -> set[int]:
    """The participants who are in the models; each model is the exact mean of the updates that
    were accepted, each of them exactly once."""
    status = service.status()
    succeeded = [line for line in status["history"] if line["outcome"] == "Succeeded"]
    assert status["totals"]["successful"] == len(succeeded) == rounds
    found: set[int] = set()
    for line in succeeded:
        many = line["update"]["accepted"]
        model = Model.from_bytes(service.kept_model(name_of_model(service, line["id"])))
        shares = model.fractions()
        assert sorted(shares) == [Fraction(0)] * (EVERYBODY - many) + [Fraction(1, many)] * many
        found |= {number for number, share in enumerate(shares) if share}
    return found


def name_of_model(service: Served, round: int) -> str:
    """Of the model of a round."""
    found = service.minio().list_objects("global-models", prefix=f"{round}_")
    (name,) = (one.object_name for one in found if "." not in (one.object_name or ""))
    assert name is not None
    return name


def test_a_first_model_that_somebody_else_has_made_is_served_from_the_start(operator, namespace):
    file = BytesIO()
    np.save(file, FIRST)
    models = {"managed": {"storage": "64Mi"}, "initial": "s3://global-models/first.npy"}
    with Served(operator, namespace, "warm", rounds=1, models=models) as service:
        # It waits for the model; the way in is there already.
        service.wait_until(lambda body: body.get("status", {}).get("parameters"), 120)
        assert service.state()["phase"] == "Idle"
        size = len(file.getvalue())
        service.minio().put_object("global-models", "first.npy", BytesIO(file.getvalue()), size)
        service.wait_for_condition("Ready")

        assert service.status()["round"]["id"] == 1
        model = service.model()
        assert model is not None
        assert model.to_array(DataType.F32).tolist() == FIRST.tolist()
        round = Round(service)
        round.to_sum2()
        round.post(round.mask_bodies())
        round.ends_with_the_exact_mean()
