"""How pods of a FederatedRound run: placement for all of them, and the coordinator's own."""

from typing import Any, Literal

from pydantic import Field

from xaynet_operator.resource.forms import ObjectName, Replicas
from xaynet_pet.parameters import Definition

MIB = 2**20


class Placement(Definition):
    """Where pods run and what they may use; passed on to Kubernetes as it is."""

    resources: dict[str, Any] | None = Field(
        default=None,
        description="Requests and limits of the container.",
        examples=[{"requests": {"cpu": "500m", "memory": "512Mi"}}],
    )
    node_selector: dict[str, str] | None = Field(
        default=None,
        description="Labels that nodes must have.",
        examples=[{"kubernetes.io/arch": "amd64"}],
    )
    tolerations: list[dict[str, Any]] | None = Field(
        default=None,
        description="Taints of nodes that are tolerated.",
        examples=[[{"key": "dedicated", "operator": "Equal", "value": "fl"}]],
    )
    affinity: dict[str, Any] | None = Field(
        default=None,
        description="Affinities to nodes and pods.",
        examples=[{"podAntiAffinity": {}}],
    )
    topology_spread_constraints: list[dict[str, Any]] | None = Field(
        default=None,
        description="How pods are spread over the cluster.",
        examples=[[{"maxSkew": 1, "topologyKey": "kubernetes.io/hostname"}]],
    )
    priority_class_name: ObjectName | None = Field(
        default=None, description="Priority class of the pods.", examples=["high"]
    )


class SecretName(Definition):
    """A Secret in the same namespace."""

    name: ObjectName = Field(description="Name of the Secret.", examples=["registry"])


class Coordinator(Placement):
    """How the coordinator runs."""

    image: str | None = Field(
        default=None,
        min_length=1,
        description="Image of the coordinator; without it the one installed with the operator.",
        examples=["registry.example.org/xaynet-coordinator:0.1.0"],
    )
    image_pull_policy: Literal["Always", "IfNotPresent", "Never"] | None = Field(
        default=None, description="When the image is pulled.", examples=["IfNotPresent"]
    )
    image_pull_secrets: list[SecretName] = Field(
        default_factory=list[SecretName],
        description="Secrets to pull the image with.",
        examples=[[{"name": "registry"}]],
    )
    replicas: Replicas = Field(default=1, description="Number of coordinators.", examples=[1])
    max_message_bytes: int = Field(
        default=512 * MIB,
        ge=4096,
        le=2**40,
        description="Largest message of a participant in bytes; larger ones are rejected.",
        examples=[512 * MIB],
    )
    log_filter: str = Field(
        default="info",
        min_length=1,
        description="Which events are logged, by target.",
        examples=["xaynet=debug,info"],
    )
    pod_labels: dict[str, str] | None = Field(
        default=None, description="Further labels of the pods.", examples=[{"team": "fl"}]
    )
    pod_annotations: dict[str, str] | None = Field(
        default=None,
        description="Further annotations of the pods.",
        examples=[{"example.org/owner": "fl"}],
    )
