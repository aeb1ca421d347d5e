"""The FederatedRound resource, ``xaynet.dev/v1alpha1``: what it asks for and what it tells.

The one definition behind manifests, the CRD and the embedded mode.
"""

from xaynet_operator.resource.exposure import (
    Exposure,
    GatewayExposure,
    GatewayParent,
    IngressExposure,
    ServiceExposure,
)
from xaynet_operator.resource.immutable import FINAL_STATE, IMMUTABLE, Immutable, refused_changes
from xaynet_operator.resource.manifest import (
    API_VERSION,
    KIND,
    FederatedRound,
    Metadata,
    ResourceError,
)
from xaynet_operator.resource.spec import FederatedRoundSpec, InfluxDb, Metrics, Pause
from xaynet_operator.resource.status import (
    CONDITION_TYPES,
    HISTORY_LENGTH,
    Condition,
    CurrentRound,
    FederatedRoundStatus,
    FinishedRound,
    LatestModel,
    MessageCounts,
    ParameterStatus,
    PhaseCounts,
    Totals,
)
from xaynet_operator.resource.stores import (
    CredentialsSecret,
    ExternalModels,
    ExternalRedis,
    ManagedModels,
    ManagedRedis,
    Models,
    Redis,
    SecretKey,
)
from xaynet_operator.resource.workloads import Coordinator, Placement, SecretName

__all__ = [
    "API_VERSION",
    "CONDITION_TYPES",
    "FINAL_STATE",
    "HISTORY_LENGTH",
    "IMMUTABLE",
    "KIND",
    "Condition",
    "Coordinator",
    "CredentialsSecret",
    "CurrentRound",
    "Exposure",
    "ExternalModels",
    "ExternalRedis",
    "FederatedRound",
    "FederatedRoundSpec",
    "FederatedRoundStatus",
    "FinishedRound",
    "GatewayExposure",
    "GatewayParent",
    "Immutable",
    "InfluxDb",
    "IngressExposure",
    "LatestModel",
    "ManagedModels",
    "ManagedRedis",
    "MessageCounts",
    "Metadata",
    "Metrics",
    "Models",
    "ParameterStatus",
    "Pause",
    "PhaseCounts",
    "Placement",
    "Redis",
    "ResourceError",
    "SecretKey",
    "SecretName",
    "ServiceExposure",
    "Totals",
    "refused_changes",
]
