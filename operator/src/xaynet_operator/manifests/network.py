"""How the coordinator is reached: by participants, by the operator, by Prometheus."""

from collections.abc import Iterator

from xaynet_operator.facts import Facts, Manifest
from xaynet_operator.manifests.kinds import HTTP_ROUTE, INGRESS, SERVICE, SERVICE_MONITOR
from xaynet_operator.manifests.objects import annotated, name_of, namespace_of, owned_object
from xaynet_operator.manifests.pods import given
from xaynet_operator.owned import Component, selector
from xaynet_operator.resource import FederatedRound, GatewayExposure, IngressExposure

COORDINATOR, CONTROL = Component.COORDINATOR, Component.CONTROL
PUBLIC_PORT = 8081
CONTROL_PORT = 8082
NGINX = "nginx.ingress.kubernetes.io"
IDLE_SECONDS = 75  # as long as the coordinator itself waits for more


def network(cr: FederatedRound, facts: Facts) -> Iterator[Manifest]:
    """All the ways to the coordinator; of those that the cluster knows."""
    wanted = cr.spec.exposure
    yield public_service(cr)
    yield control_service(cr)
    if wanted.ingress is not None:
        yield ingress(cr, wanted.ingress)
    if wanted.gateway is not None and HTTP_ROUTE.kind in facts.served:
        yield http_route(cr, wanted.gateway)
    if cr.spec.metrics.service_monitor and SERVICE_MONITOR.kind in facts.served:
        yield service_monitor(cr)


def public_service(cr: FederatedRound) -> Manifest:
    """The Service of the participants."""
    wanted = cr.spec.exposure.service
    spec = {
        "type": wanted.type,
        "selector": selector(cr.metadata.name, COORDINATOR),
        "ports": [{"name": "http", "port": PUBLIC_PORT, "targetPort": "http"}],
    }
    return annotated(owned_object(cr, SERVICE, COORDINATOR, spec=spec), wanted.annotations or {})


def control_service(cr: FederatedRound) -> Manifest:
    """The Service of the control API: a coordinator is not ready until it has been told there."""
    spec = {
        "type": "ClusterIP",
        "publishNotReadyAddresses": True,
        "selector": selector(cr.metadata.name, COORDINATOR),
        "ports": [{"name": "control", "port": CONTROL_PORT, "targetPort": "control"}],
    }
    return owned_object(cr, SERVICE, CONTROL, spec=spec)


def ingress(cr: FederatedRound, wanted: IngressExposure) -> Manifest:
    """The Ingress. Annotations of the user's own may tune it, but never open it."""
    service = {"name": name_of(cr, COORDINATOR), "port": {"name": "http"}}
    everything = {"path": "/", "pathType": "Prefix", "backend": {"service": service}}
    certificate = {"hosts": [wanted.host], "secretName": wanted.tls_secret_name}
    spec = {
        **given(ingressClassName=wanted.class_name),
        "rules": [{"host": wanted.host, "http": {"paths": [everything]}}],
        **given(tls=[certificate] if wanted.tls_secret_name else None),
    }
    annotations = {**limits(cr), **(wanted.annotations or {}), **client_certificates(cr, wanted)}
    return annotated(owned_object(cr, INGRESS, COORDINATOR, spec=spec), annotations)


def limits(cr: FederatedRound) -> dict[str, str]:
    """Twice the largest message gets through: the coordinator reads a larger one to its end and
    refuses it for good, whereas clients would repeat one that nginx refuses with 413."""
    return {
        f"{NGINX}/proxy-body-size": str(2 * cr.spec.coordinator.max_message_bytes),
        f"{NGINX}/proxy-read-timeout": str(IDLE_SECONDS),
        f"{NGINX}/proxy-send-timeout": str(IDLE_SECONDS),
    }


def client_certificates(cr: FederatedRound, wanted: IngressExposure) -> dict[str, str]:
    """Only participants with a certificate of these authorities come in."""
    if wanted.client_ca_secret_name is None:
        return {}
    return {
        f"{NGINX}/auth-tls-secret": f"{namespace_of(cr)}/{wanted.client_ca_secret_name}",
        f"{NGINX}/auth-tls-verify-client": "on",
    }


def http_route(cr: FederatedRound, wanted: GatewayExposure) -> Manifest:
    """The route of the Gateway API."""
    parent = wanted.parent_ref
    reference = given(name=parent.name, namespace=parent.namespace, sectionName=parent.section_name)
    service = {"name": name_of(cr, COORDINATOR), "port": PUBLIC_PORT}
    spec = {
        "parentRefs": [reference],
        **given(hostnames=wanted.hostnames),
        "rules": [{"backendRefs": [service]}],
    }
    return owned_object(cr, HTTP_ROUTE, COORDINATOR, spec=spec)


def service_monitor(cr: FederatedRound) -> Manifest:
    """Tells the Prometheus operator where the counters are."""
    spec = {
        "selector": {"matchLabels": selector(cr.metadata.name, CONTROL)},
        "endpoints": [{"port": "control", "path": "/metrics"}],
    }
    return owned_object(cr, SERVICE_MONITOR, COORDINATOR, spec=spec)
