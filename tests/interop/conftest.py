"""A coordinator for one test, and the troupe that takes part at it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from coordinators import ClusterStores, Coordinator
from pairings import Troupe
from published import FlatSettings, PublishedCoordinator
from running import RedisServer
from server_fixtures import Launcher

Begin = Callable[[FlatSettings], Troupe]


@pytest.fixture
def at_ours(launch: Launcher, tmp_path: Path) -> Begin:
    """Our coordinator, embedded."""

    def begin(settings: FlatSettings) -> Troupe:
        at = launch(Coordinator(tmp_path / "coordinator", settings))
        return Troupe(launch, tmp_path, at, settings)

    return begin


@pytest.fixture
def at_published(launch: Launcher, tmp_path: Path) -> Begin:
    """The published coordinator."""

    def begin(settings: FlatSettings) -> Troupe:
        at = launch(PublishedCoordinator(tmp_path / "coordinator", settings))
        return Troupe(launch, tmp_path, at, settings)

    return begin


@pytest.fixture
def at_cluster(launch: Launcher, tmp_path: Path, request: pytest.FixtureRequest) -> Begin:
    """Our coordinator on Redis and MinIO."""

    def begin(settings: FlatSettings) -> Troupe:
        redis = launch(RedisServer(tmp_path / "redis"))
        s3 = request.getfixturevalue("minio_server")
        stores = ClusterStores(redis, s3, models=s3.new_bucket(), rounds=s3.new_bucket())
        at = launch(Coordinator(tmp_path / "coordinator", settings, stores))
        return Troupe(launch, tmp_path, at, settings)

    return begin
