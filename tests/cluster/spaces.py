"""Namespaces, one for each test."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from node.interface import Cluster
from node.manifests import manifest


@contextmanager
def new_namespace(cluster: Cluster) -> Iterator[str]:
    """A namespace that takes pods, and is told to go at the end; nobody waits for that."""
    name = f"test-{uuid.uuid4().hex[:12]}"
    cluster.apply(manifest("v1", "Namespace", name))
    # Pods made before it is there are refused.
    cluster.wait_for("serviceaccount/default", "create", name)
    yield name
    cluster.kubectl("delete", "namespace", name, "--wait=false", "--ignore-not-found")
