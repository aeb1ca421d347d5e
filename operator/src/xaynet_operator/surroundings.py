"""What the operator works with; the outermost line supplies the real ones."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import httpx

from xaynet_operator.cluster import Cluster
from xaynet_operator.facts import Images, Manifest, ObjectKey

Objects = Mapping[ObjectKey, Manifest]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The cluster and the coordinators, time and chance."""

    cluster: Cluster
    http: httpx.AsyncClient
    children: Callable[[str, str], Objects]
    """Namespace and name of a resource → what it owns and their pods, as watched; no Secrets."""
    images: Images
    identity: str
    random: Callable[[int], bytes]
    now: Callable[[], datetime]
