"""The cluster of the test run: in a slot of its own, and gone when the run ends."""

from collections.abc import Iterator

import pytest

from node.choice import NoCluster, choose
from node.interface import Cluster
from node.places import slot_of_its_own


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A cluster with one node, shared by all tests: each makes namespaces of its own."""
    with slot_of_its_own() as slot:
        chosen = choice(slot)
        try:
            chosen.up()
            yield chosen
        finally:
            chosen.down()


@pytest.fixture
def own_cluster() -> Iterator[Cluster]:
    """A cluster with two nodes for one test that does to it what others would not survive."""
    with slot_of_its_own() as slot:
        chosen = choice(slot, nodes=2)
        try:
            chosen.up()
            yield chosen
        finally:
            chosen.down()


def choice(slot: int, nodes: int = 1) -> Cluster:
    """Fails, and never skips, where there can be no cluster."""
    try:
        return choose(slot, nodes, leashed=True)
    except NoCluster as reason:
        pytest.fail(str(reason), pytrace=False)
