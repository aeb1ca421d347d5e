"""Real stores of a test's own, to be taken away from a coordinator."""

from pathlib import Path

import pytest

from coordinators import ClusterStores
from running import MinioServer, RedisServer
from server_fixtures import Launcher


@pytest.fixture
def redis(launch: Launcher, tmp_path: Path) -> RedisServer:
    return launch(RedisServer(tmp_path / "redis"))


@pytest.fixture
def s3(launch: Launcher, tmp_path: Path) -> MinioServer:
    return launch(MinioServer(tmp_path / "minio"))


@pytest.fixture
def stores(redis: RedisServer, s3: MinioServer) -> ClusterStores:
    return ClusterStores(redis, s3, models=s3.new_bucket(), rounds=s3.new_bucket())
