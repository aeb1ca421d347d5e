"""Stores that go away and come back, and two coordinators on one store."""

from pathlib import Path

import httpx
import pytest

from coordinators import ClusterStores, Coordinator, StartedAnyhow
from one_round import SETTINGS, Round
from server_fixtures import Launcher

pytestmark = pytest.mark.servers


@pytest.fixture
def at(launch: Launcher, tmp_path: Path, stores: ClusterStores) -> Coordinator:
    return launch(Coordinator(tmp_path / "coordinator", SETTINGS, stores))


def is_unavailable(at: Coordinator, path: str) -> bool:
    answer = httpx.get(f"{at.url}{path}", timeout=30)
    return answer.status_code == 503 and int(answer.headers["retry-after"]) > 0


def test_without_redis_clients_are_told_to_come_again_and_the_round_goes_on_when_it_is_back(
    at, redis
):
    here = Round(at)
    here.to_update()
    bodies = here.update_bodies()
    here.post(bodies[:2])
    redis.kill()
    assert at.post(bodies[2]).startswith("503")
    assert is_unavailable(at, "/params")
    at.wait_for(lambda state: not state["store"]["available"])
    redis.start()
    at.wait_for(lambda state: state["store"]["available"])
    here.go_on_with(bodies)


def test_without_s3_clients_are_told_to_come_again_and_the_round_goes_on_when_it_is_back(at, s3):
    here = Round(at)
    here.to_update()
    bodies = here.update_bodies()
    here.post(bodies[:2])
    s3.kill()
    assert at.post(bodies[2]).startswith("503")
    s3.start()
    here.go_on_with(bodies)


def test_with_no_store_at_the_start_it_says_so_and_begins_when_there_is_one(
    launch, tmp_path, redis, stores
):
    redis.kill()
    at = launch(StartedAnyhow(tmp_path / "coordinator", SETTINGS, stores))
    state = at.wait_for(lambda state: not state["store"]["available"])
    assert state["store"]["reason"] == "RedisUnreachable"
    assert f"Redis at 127.0.0.1:{redis.port} cannot be reached" in state["store"]["message"]
    assert (state["phase"], state["erased"]) == ("Idle", False)
    assert is_unavailable(at, "/params")
    redis.start()
    at.wait_for_phase("Sum")
    assert at.params().model_length == SETTINGS.length
    assert "store_unavailable" in at.log.read_text()


@pytest.mark.parametrize("which", ["Redis", "S3"])
def test_wrong_credentials_are_told_with_the_host_and_what_to_do(
    launch, tmp_path, redis, s3, stores, which
):
    if which == "Redis":
        redis.password = "s3cret"  # it asks for none
    else:
        s3.secret_key = "s3cret"
    at = launch(StartedAnyhow(tmp_path / "coordinator", SETTINGS, stores))
    state = at.wait_for(lambda state: not state["store"]["available"])
    assert state["store"]["reason"] == f"{which}Credentials"
    port = redis.port if which == "Redis" else s3.port
    assert f"127.0.0.1:{port} refuses the" in state["store"]["message"]
    assert "check the Secret" in state["store"]["message"]
    assert state["waitingFor"] == f"the store: {state['store']['message']}"
    assert "s3cret" not in str(state)
    assert "s3cret" not in at.log.read_text()


def test_who_was_relieved_of_the_lead_answers_nothing_from_its_own_view_and_ends(
    launch, tmp_path, at, stores
):
    here = Round(at)
    (tmp_path / "successor" / "data").mkdir(parents=True)
    for name in ("uid", "at_rest.key"):
        kept = (at.folder / "data" / name).read_bytes()
        (tmp_path / "successor" / "data" / name).write_bytes(kept)
    successor = launch(Coordinator(tmp_path / "successor", SETTINGS, stores))
    assert at.wait(timeout=30) == 1, "it ends once it sees that another one leads"
    assert "another coordinator has taken the lead" in at.log.read_text()
    here.at = successor
    here.post(here.sum_bodies())
    successor.wait_for_phase("Update")
    here.go_on_with(here.update_bodies())


def test_a_ledger_rolled_back_under_a_running_coordinator_fails_the_round(at, redis):
    here = Round(at)
    here.to_update()
    bodies = here.update_bodies()
    here.post(bodies[:1])
    before = redis.copy_data("before")
    here.post(bodies[1:2])
    redis.roll_back(before)
    state = at.wait_for(lambda state: state["rounds"]["failed"] == 1)
    assert state["lastRounds"][0]["reason"] == "store-lost-commits"
    assert at.model() is None
