"""The kinds of everything that a FederatedRound may own: watched, pruned and allowed by role."""

from typing import NamedTuple


class Kind(NamedTuple):
    """One kind of object, as its path needs it."""

    api_version: str
    kind: str
    plural: str


SECRET = Kind("v1", "Secret", "secrets")
CONFIG_MAP = Kind("v1", "ConfigMap", "configmaps")
CLAIM = Kind("v1", "PersistentVolumeClaim", "persistentvolumeclaims")
SERVICE = Kind("v1", "Service", "services")
STATEFUL_SET = Kind("apps/v1", "StatefulSet", "statefulsets")
DEPLOYMENT = Kind("apps/v1", "Deployment", "deployments")
JOB = Kind("batch/v1", "Job", "jobs")
DISRUPTION_BUDGET = Kind("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets")
INGRESS = Kind("networking.k8s.io/v1", "Ingress", "ingresses")
HTTP_ROUTE = Kind("gateway.networking.k8s.io/v1", "HTTPRoute", "httproutes")
SERVICE_MONITOR = Kind("monitoring.coreos.com/v1", "ServiceMonitor", "servicemonitors")

OPTIONAL_KINDS = (HTTP_ROUTE, SERVICE_MONITOR)
"""Those that a cluster may not know."""

KINDS = (
    SECRET,
    CONFIG_MAP,
    CLAIM,
    SERVICE,
    STATEFUL_SET,
    DEPLOYMENT,
    JOB,
    DISRUPTION_BUDGET,
    INGRESS,
    *OPTIONAL_KINDS,
)
"""All of them, in the order in which they are applied."""

KIND_OF = {kind.kind: kind for kind in KINDS}
