"""`kill -9` of the coordinator at any moment, and a start: the same round goes on, and every update
that was answered is in its model, once. On both pairs of stores."""

from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from coordinators import ClusterStores, Coordinator
from one_round import SETTINGS, Round
from running import MinioServer, RedisServer
from server_fixtures import Launcher


@pytest.fixture(
    params=[
        pytest.param("embedded", marks=pytest.mark.processes),
        pytest.param("cluster", marks=pytest.mark.servers),
    ]
)
def at(request: pytest.FixtureRequest, launch: Launcher, tmp_path: Path) -> Coordinator:
    """A coordinator in round 1's Sum phase, with servers of its own on the cluster pair."""
    stores = None
    if request.param == "cluster":
        redis: RedisServer = launch(RedisServer(tmp_path / "redis"))
        s3: MinioServer = request.getfixturevalue("minio_server")
        stores = ClusterStores(redis, s3, models=s3.new_bucket(), rounds=s3.new_bucket())
    return launch(Coordinator(tmp_path / "coordinator", SETTINGS, stores))


def test_killed_in_sum(at):
    here = Round(at)
    first, second = here.sum_bodies()
    here.post([first])
    at.restart()
    assert at.post(first) == "accepted; repeated"
    here.post([second])
    at.wait_for_phase("Update")
    here.go_on_with(here.update_bodies())


def test_killed_in_update(at):
    here = Round(at)
    here.to_update()
    bodies = here.update_bodies()
    here.post(bodies[:2])
    at.restart()
    assert at.post(bodies[0]) == "accepted; repeated"
    here.go_on_with(bodies[2:])


def test_killed_in_sum2(at):
    here = Round(at)
    here.to_sum2()
    masks = here.mask_bodies()
    here.post(masks[:1])
    at.restart()
    assert at.post(masks[0]) == "accepted; repeated"
    here.post(masks[1:])
    here.ends_with_the_exact_mean()


def test_killed_between_the_chunks_of_an_update(at):
    here = Round(at)
    here.to_update()
    here.post(here.update_bodies()[:2])
    message = here.update_messages()[2]
    chunks = here.updaters[2].sealed_chunks(message, 300)
    assert [at.post(chunk) for chunk in chunks[:2]] == ["stored", "stored"]
    at.restart()
    outcomes = [at.post(chunk) for chunk in chunks[2:]]
    assert outcomes == ["stored"] * (len(chunks) - 3) + ["accepted"]
    here.go_on_with([])


def test_killed_between_the_chunks_of_a_mask(at):
    here = Round(at)
    here.to_sum2()
    here.post(here.mask_bodies()[:1])
    chunks = here.summers[1].sealed_chunks(here.mask_messages()[1], 300)
    assert at.post(chunks[0]) == "stored"
    at.restart()
    outcomes = [at.post(chunk) for chunk in chunks[1:]]
    assert outcomes == ["stored"] * (len(chunks) - 2) + ["accepted"]
    here.ends_with_the_exact_mean()


UPDATE_MOMENTS = [
    ("before", "blobs.put:partial", 2),
    ("after", "blobs.put:partial", 2),  # between blob and script
    ("before", "ledger.commit_updates", 2),
    ("after", "ledger.commit_updates", 2),  # after the script, before the answer
]


@pytest.mark.parametrize("dies", UPDATE_MOMENTS, ids=lambda dies: f"{dies[0]}-{dies[1]}")
def test_killed_inside_the_commit_of_an_update(at, dies):
    here = Round(at)
    at.restart_with(dies)
    here.to_update()
    bodies = here.update_bodies()
    here.post(bodies[:1])
    at.post_to_the_end(bodies[1])
    at.restart_with(None)
    here.go_on_with(bodies[1:])


FREEZE_MOMENTS = [
    ("before", "blobs.put_once:freezes", 1),
    ("after", "blobs.put_once:freezes", 1),
    ("before", 'ledger.advance:"phase":"Sum2"', 1),
    ("after", 'ledger.advance:"phase":"Sum2"', 1),
]


@pytest.mark.parametrize("dies", FREEZE_MOMENTS, ids=lambda dies: f"{dies[0]}-{dies[1]}")
def test_killed_while_the_set_is_frozen(at, dies):
    here = Round(at)
    at.restart_with(dies)
    here.to_update()
    bodies = here.update_bodies()
    here.post(bodies[:2])
    post_to_somebody_dying(at, bodies[2])
    at.restart_with(None)
    at.post(bodies[2])
    here.go_on_with([])


UNMASK_MOMENTS = [
    ("before", 'ledger.advance:"phase":"Unmask"', 1),
    ("after", 'ledger.advance:"phase":"Unmask"', 1),
    ("before", "models.put_once", 1),
    ("after", "models.put_once", 1),
    ("after", "models.put:.npy", 1),
    ("before", 'ledger.advance:"successful":1', 1),
    ("after", 'ledger.advance:"successful":1', 1),
    ("before", "blobs.delete:/key", 1),
    ("after", "blobs.delete:/key", 1),
]


@pytest.mark.parametrize("dies", UNMASK_MOMENTS, ids=lambda dies: f"{dies[0]}-{dies[1]}")
def test_killed_inside_unmask_and_behind_it(at, dies):
    here = Round(at)
    at.restart_with(dies)
    here.to_sum2()
    masks = here.mask_bodies()
    here.post(masks[:1])
    post_to_somebody_dying(at, masks[1])
    at.restart_with(None)
    here.ends_with_the_exact_mean()


def post_to_somebody_dying(at: Coordinator, body: bytes) -> None:
    """Post the message that ends a phase: it is answered or not, but the coordinator dies."""
    with suppress(httpx.TransportError):
        at.post(body)
    at.wait(timeout=30)


@pytest.mark.servers
def test_a_ledger_rolled_back_to_before_the_freeze_fails_the_round(launch, minio_server, tmp_path):
    redis = launch(RedisServer(tmp_path / "redis"))
    stores = ClusterStores(
        redis, minio_server, minio_server.new_bucket(), minio_server.new_bucket()
    )
    at = launch(Coordinator(tmp_path / "coordinator", SETTINGS, stores))
    here = Round(at)
    here.to_update()
    bodies = here.update_bodies()
    here.post(bodies[:2])
    before = redis.copy_data("before")
    here.post(bodies[2:])
    here.wait_for_seeds()
    at.kill()
    redis.roll_back(before)
    at.start()
    state = at.wait_for(lambda state: state["rounds"]["failed"] == 1)
    assert state["lastRounds"][0]["reason"] == "rolled-back"
    assert at.model() is None
