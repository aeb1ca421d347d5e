"""How participants reach the coordinator of a FederatedRound."""

from typing import Literal

from pydantic import Field

from xaynet_operator.resource.forms import Host, ObjectName
from xaynet_operator.resource.rules import Needs, Ruled
from xaynet_pet.parameters import Definition


class ServiceExposure(Definition):
    """The Service in front of the coordinator."""

    type: Literal["ClusterIP", "NodePort", "LoadBalancer"] = Field(
        default="ClusterIP", description="Type of the Service.", examples=["LoadBalancer"]
    )
    annotations: dict[str, str] | None = Field(
        default=None,
        description="Annotations of the Service.",
        examples=[{"example.org/load-balancer": "internal"}],
    )


class IngressExposure(Ruled):
    """An Ingress to the coordinator."""

    RULES = (Needs("client_ca_secret_name", "tls_secret_name", "client certificates need TLS"),)

    host: Host = Field(description="Host name of the service.", examples=["fl.example.org"])
    class_name: ObjectName | None = Field(
        default=None, description="Ingress class.", examples=["nginx"]
    )
    tls_secret_name: ObjectName | None = Field(
        default=None,
        description="Secret with the server's certificate; without it plain HTTP.",
        examples=["fl-tls"],
    )
    client_ca_secret_name: ObjectName | None = Field(
        default=None,
        alias="clientCASecretName",
        description="Secret with the authorities that participants' certificates must be from.",
        examples=["fl-participants-ca"],
    )
    annotations: dict[str, str] | None = Field(
        default=None,
        description="Further annotations of the Ingress.",
        examples=[{"cert-manager.io/cluster-issuer": "internal"}],
    )


class GatewayParent(Definition):
    """The Gateway that a route is attached to."""

    name: ObjectName = Field(description="Name of the Gateway.", examples=["public"])
    namespace: ObjectName | None = Field(
        default=None, description="Its namespace, if another.", examples=["gateways"]
    )
    section_name: ObjectName | None = Field(
        default=None, description="One of its listeners.", examples=["https"]
    )


class GatewayExposure(Definition):
    """An HTTPRoute of the Gateway API to the coordinator."""

    parent_ref: GatewayParent = Field(
        description="The Gateway that the route is attached to.", examples=[{"name": "public"}]
    )
    hostnames: list[Host] = Field(
        default_factory=list[str],
        max_length=16,  # as many as an HTTPRoute can have
        description="Host names of the service; without any those of the Gateway.",
        examples=[["fl.example.org"]],
    )


class Exposure(Definition):
    """How participants reach the coordinator."""

    service: ServiceExposure = Field(
        default_factory=ServiceExposure,
        description="The Service in front of the coordinator.",
        examples=[{"type": "LoadBalancer"}],
    )
    ingress: IngressExposure | None = Field(
        default=None,
        description="An Ingress to the coordinator.",
        examples=[{"host": "fl.example.org"}],
    )
    gateway: GatewayExposure | None = Field(
        default=None,
        description="An HTTPRoute of the Gateway API to the coordinator.",
        examples=[{"parentRef": {"name": "public"}}],
    )
