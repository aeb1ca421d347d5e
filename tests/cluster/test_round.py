"""A FederatedRound from `kubectl apply` to Completed."""

from io import BytesIO

import numpy as np

from federation import weighted_mean
from one_round import MODELS, Round
from served import Served
from xaynet_pet import DataType, Model


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
        mean = weighted_mean(MODELS, round.params)
        model = Model.from_bytes(read(service, id))
        assert model.fractions() == mean
        for_people = np.load(BytesIO(read(service, f"{id}.npy")))
        assert for_people.tolist() == model.to_array(DataType.F32).tolist()


def read(service: Served, name: str) -> bytes:
    """An object of the models' bucket."""
    return service.minio().get_object("global-models", name).read()
