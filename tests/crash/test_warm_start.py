"""An initial model in a bucket that others write: read with the models' credentials."""

import io
from pathlib import Path

import numpy as np
import pytest

from coordinators import ClusterStores, Coordinator
from one_round import SETTINGS, Round
from running import MinioServer, RedisServer, S3Server
from server_fixtures import Launcher

pytestmark = pytest.mark.servers

KEY = "Somebody's model/first one.npy"
WEIGHTS = np.linspace(-1, 1, SETTINGS.length, dtype=np.float32)


class Waiting(Coordinator):
    """It is started once it waits for its initial model, or has gone on."""

    def answers(self) -> bool:
        return super().answers() or self.state()["initialModel"]["reason"] is not None


def put(server: S3Server, bucket: str, weights: object) -> None:
    file = io.BytesIO()
    np.save(file, weights)
    data = file.getvalue()
    server.client().put_object(bucket, KEY, io.BytesIO(data), len(data))


@pytest.fixture
def redis(launch: Launcher, tmp_path: Path) -> RedisServer:
    return launch(RedisServer(tmp_path / "redis"))


def started(
    launch: Launcher, folder: Path, redis: RedisServer, s3: S3Server, bucket: str
) -> Coordinator:
    stores = ClusterStores(redis, s3, models=s3.new_bucket(), rounds=s3.new_bucket())
    sections = {"round": f'initial_model = "s3://{bucket}/{KEY}"'}
    return launch(Waiting(folder / "coordinator", SETTINGS, stores, sections))


def test_an_object_is_the_model_of_the_first_round_until_there_is_a_real_one(
    launch, tmp_path, redis, s3_server, bucket
):
    put(s3_server, bucket, WEIGHTS)
    at = started(launch, tmp_path, redis, s3_server, bucket)
    here = Round(at)
    assert at.model().to_array("F32").tolist() == WEIGHTS.tolist()
    s3_server.client().remove_object(bucket, KEY)
    at.restart()
    assert at.model().to_array("F32").tolist() == WEIGHTS.tolist()
    here.to_sum2()
    here.post(here.mask_bodies())
    here.ends_with_the_exact_mean()


def test_what_is_missing_or_wrong_is_waited_for_and_not_crashed_at(
    launch, tmp_path, redis, s3_server
):
    bucket = f"test-later-{redis.port}"
    at = started(launch, tmp_path, redis, s3_server, bucket)

    def told(words: str) -> dict:
        return at.wait_for(lambda state: words in (state["initialModel"]["message"] or ""))

    state = told(f"bucket {bucket} at {s3_server.url} is not there")
    assert (state["phase"], state["initialModel"]["reason"]) == ("Idle", "InitialModelUnusable")
    assert (state["store"]["available"], state["store"]["reason"]) == (True, None)
    s3_server.client().make_bucket(bucket)
    told(f"s3://{bucket}/{KEY} is not there: put it there")
    put(s3_server, bucket, np.full(SETTINGS.length, np.nan, np.float32))
    told("NaN or infinite")
    put(s3_server, bucket, WEIGHTS[1:])
    told(f"has {SETTINGS.length - 1} weights, but model.length is {SETTINGS.length}")
    put(s3_server, bucket, bytes(SETTINGS.length * 1000 + 2**16))
    told("too large")
    put(s3_server, bucket, WEIGHTS)
    at.wait_for_phase("Sum")
    assert at.model().to_array("F32").tolist() == WEIGHTS.tolist()
    assert at.is_running


def test_an_s3_that_is_away_is_an_outage_and_no_fault_of_the_model(launch, tmp_path, redis):
    s3 = launch(MinioServer(tmp_path / "minio"))
    bucket = s3.new_bucket()
    at = started(launch, tmp_path, redis, s3, bucket)
    s3.kill()
    state = at.wait_for(lambda state: not state["store"]["available"])
    assert state["store"]["reason"] == "S3Unreachable"
    s3.start()
    put(s3, bucket, WEIGHTS)
    at.wait_for_phase("Sum")
