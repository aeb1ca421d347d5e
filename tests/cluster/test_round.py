"""A FederatedRound from `kubectl apply` to Completed."""

from io import BytesIO

import numpy as np

from federation import weighted_mean
from one_round import MODELS, Round
from served import Served


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
        body = service.minio().get_object("global-models", f"{id}.npy").read()
        exact = [np.float32(float(weight)) for weight in weighted_mean(MODELS, round.params)]
        assert np.load(BytesIO(body)).tolist() == exact
