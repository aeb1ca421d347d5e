"""`xaynet-coordinator erase`: nothing of a service is left, whoever leads and whatever is away."""

import re
import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest
from redis import Redis

from coordinators import ClusterStores, Coordinator
from one_round import SETTINGS, Round
from running import MinioServer, RedisServer
from server_fixtures import Launcher


@pytest.fixture
def embedded(launch: Launcher, tmp_path: Path) -> Coordinator:
    return launch(Coordinator(tmp_path / "coordinator", SETTINGS))


@pytest.fixture
def cluster(launch: Launcher, tmp_path: Path, stores: ClusterStores) -> Coordinator:
    return launch(Coordinator(tmp_path / "coordinator", SETTINGS, stores))


def to_update_with_two_updates(at: Coordinator) -> tuple[Round, list[bytes]]:
    """A round in flight, and the updates that it waits for."""
    here = Round(at)
    here.to_update()
    bodies = here.update_bodies()
    here.post(bodies[:2])
    return here, bodies[2:]


def keys_in(redis: RedisServer) -> list[bytes]:
    with Redis.from_url(redis.url) as client:
        return client.keys("*")


def objects_in(s3: MinioServer, bucket: str) -> list[str | None]:
    return [each.object_name for each in s3.client().list_objects(bucket, recursive=True)]


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.processes
def test_an_embedded_service_is_erased_and_then_there_is_nothing_to_erase(embedded):
    to_update_with_two_updates(embedded)
    embedded.stop()
    data = embedded.folder / "data"
    uid = (data / "uid").read_text()
    assert files_below(data / "blobs" / uid)
    done = embedded.erase()
    said = rf"erased service {uid}: the ledger, 1 round key, \d other blobs?, 0 global models\n"
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(said, done.stdout)
    assert files_below(data / "blobs" / uid) == []
    with closing(sqlite3.connect(data / f"ledger-{uid}.sqlite")) as db:
        assert db.execute("SELECT term, epoch, state FROM head").fetchall() == [(0, 0, None)]
        for table in ("sums", "receipts", "seeds", "pointers", "desired"):
            assert db.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)
    again = embedded.erase()
    assert again.returncode == 0
    assert "0 round keys, 0 other blobs" in again.stdout


@pytest.mark.processes
def test_global_models_stay_unless_they_are_asked_for(embedded):
    here = Round(embedded)
    here.to_sum2()
    here.post(here.mask_bodies())
    here.ends_with_the_exact_mean()
    embedded.stop()
    models = embedded.folder / "data" / "models"
    kept = files_below(models)
    assert len(kept) == 3
    earlier = (embedded.folder / "data").with_name("earlier")
    (embedded.folder / "data").rename(earlier)
    for options, left in (([], 3), (["--models"], 0)):
        copy_tree(earlier, embedded.folder / "data")
        done = embedded.erase(*options)
        assert done.returncode == 0, done.stderr
        assert len(files_below(models)) == left


def copy_tree(source: Path, target: Path) -> None:
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target)


@pytest.mark.processes
def test_an_embedded_service_that_runs_is_not_erased(embedded):
    here, missing = to_update_with_two_updates(embedded)
    refused = embedded.erase("--timeout", "1")
    assert (refused.returncode, refused.stdout) == (1, "")
    last = refused.stderr.splitlines()[-1]
    assert "is not erased: there is still the ledger, because" in last
    assert "another coordinator runs on it" in last
    here.go_on_with(missing)


@pytest.mark.processes
def test_where_no_service_has_run_there_is_nothing_to_erase(tmp_path):
    never = Coordinator(tmp_path / "never", SETTINGS)
    refused = never.erase()
    assert refused.returncode == 1
    assert "no service has ever run on" in refused.stderr.splitlines()[-1]
    assert not (never.folder / "data").exists()


@pytest.mark.servers
def test_who_still_leads_is_relieved_and_nothing_is_left(cluster, redis, s3):
    to_update_with_two_updates(cluster)
    assert keys_in(redis)
    done = cluster.erase()
    assert done.returncode == 0, done.stderr
    assert "1 round key" in done.stdout
    assert cluster.wait(timeout=30) == 1
    assert cluster.log.read_text().splitlines()[-1] in (
        "another coordinator has taken the lead",
        "what the stores held of this service was erased",
    )
    assert keys_in(redis) == []
    assert objects_in(s3, cluster.stores.rounds) == []


@pytest.mark.servers
def test_without_redis_the_round_keys_go_and_the_ledger_is_named(cluster, redis, s3):
    to_update_with_two_updates(cluster)
    cluster.kill()
    redis.kill()
    refused = cluster.erase("--timeout", "4")
    assert refused.returncode == 1
    last = refused.stderr.splitlines()[-1]
    assert f"still the ledger, because Redis at 127.0.0.1:{redis.port} cannot be reached" in last
    assert "rounds" not in last
    assert objects_in(s3, cluster.stores.rounds) == []
    redis.start()
    assert cluster.erase().returncode == 0
    assert keys_in(redis) == []


@pytest.mark.servers
def test_without_s3_the_ledger_goes_and_the_blobs_are_named(cluster, redis, s3):
    to_update_with_two_updates(cluster)
    cluster.kill()
    s3.kill()
    refused = cluster.erase("--timeout", "4")
    assert refused.returncode == 1
    last = refused.stderr.splitlines()[-1]
    assert f"still what is kept of rounds, because bucket {cluster.stores.rounds}" in last
    assert s3.secret_key not in refused.stderr
    assert keys_in(redis) == []
    s3.start()
    assert cluster.erase().returncode == 0
    assert objects_in(s3, cluster.stores.rounds) == []


@pytest.mark.servers
def test_an_s3_that_never_answers_is_not_waited_for_longer_than_told(cluster, s3):
    to_update_with_two_updates(cluster)
    cluster.kill()
    s3.freeze()
    started = time.monotonic()
    refused = cluster.erase("--timeout", "4")
    assert time.monotonic() - started < 15
    assert "what is kept of rounds, because it did not answer in time" in refused.stderr
    s3.thaw()
