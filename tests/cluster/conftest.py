"""Clusters for tests: each in a slot of its own, and gone when the test run ends.

cluster       one node, for the whole run       (make your own `namespace` in it)
two_nodes     two nodes, for one module that cuts their power
namespace     a new namespace of `cluster`
operator      `cluster` with the operator on it
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from installing import install
from node.choice import NoCluster, choose
from node.interface import Cluster
from node.places import slot_of_its_own
from spaces import new_namespace

SHOWN = ("cluster", "namespace")


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    with running(nodes=1) as started:
        yield started


@pytest.fixture(scope="module")
def two_nodes() -> Iterator[Cluster]:
    with running(nodes=2, restarts=True) as started:
        yield started


@pytest.fixture
def namespace(cluster: Cluster) -> Iterator[str]:
    with new_namespace(cluster) as name:
        yield name


@pytest.fixture(scope="session")
def operator(cluster: Cluster) -> Cluster:
    install(cluster)
    return cluster


@contextmanager
def running(nodes: int, restarts: bool = False) -> Iterator[Cluster]:
    """Fails, and never skips, where there can be no cluster."""
    with slot_of_its_own() as slot:
        try:
            chosen = choose(slot, nodes, leashed=True)
        except NoCluster as reason:
            pytest.fail(str(reason), pytrace=False)
        if restarts and not chosen.can_restart and os.environ.get("CI") != "true":
            pytest.skip(f"the provider {chosen.name} can't cut the power of its nodes")
        try:
            chosen.up()
            yield chosen
        finally:
            chosen.down()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Adds what happened in the namespace of a test that failed; both are gone after the run."""
    report = yield
    cluster, namespace = (getattr(item, "funcargs", {}).get(name) for name in SHOWN)
    if report.failed and cluster and namespace:
        pods = cluster.try_kubectl("get", "pods", "--output=wide", f"--namespace={namespace}")
        report.sections.append((f"pods of {namespace}", pods.stdout + pods.stderr))
        report.sections.append((f"events of {namespace}", cluster.last_events(namespace)))
    return report
