"""How participants, the operator and Prometheus reach the coordinator."""

import pytest

from rounds_on_kubernetes import SPECS, container_of, objects_of, pods_in, served
from xaynet_operator.owned import Component, selector

NGINX = "nginx.ingress.kubernetes.io"


def ingress(**fields):
    cr = served(exposure={"ingress": {"host": "fl.example.org", **fields}})
    return objects_of(cr)["Ingress/digits-coordinator"]


def annotations(**fields):
    return ingress(**fields)["metadata"]["annotations"]


def test_the_public_service_leads_to_the_public_port_of_the_coordinator():
    objects = objects_of(served())
    service = objects["Service/digits-coordinator"]["spec"]
    assert service["type"] == "ClusterIP"
    assert service["selector"] == selector("digits", Component.COORDINATOR)
    (port,) = service["ports"]
    assert (port["name"], port["port"]) == ("http", 8081)
    assert container_ports(objects)[port["targetPort"]] == 8081


def container_ports(objects, key="Deployment/digits-coordinator"):
    container = container_of(pods_in(objects)[key])
    return {port["name"]: port["containerPort"] for port in container["ports"]}


def test_type_and_annotations_of_the_public_service_are_the_resource_s():
    service = objects_of(served(**SPECS["everything"]))["Service/digits-coordinator"]
    assert service["spec"]["type"] == "LoadBalancer"
    assert service["metadata"]["annotations"] == {"example.org/lb": "internal"}


def test_the_control_service_is_inside_the_cluster_and_leads_to_a_coordinator_not_ready_yet():
    objects = objects_of(served(exposure={"service": {"type": "LoadBalancer"}}))
    service = objects["Service/digits-control"]["spec"]
    assert service["type"] == "ClusterIP"
    assert service["publishNotReadyAddresses"] is True
    (port,) = service["ports"]
    assert (port["name"], port["port"]) == ("control", 8082)
    assert container_ports(objects)[port["targetPort"]] == 8082


@pytest.mark.parametrize(("store", "port"), [("redis", 6379), ("minio", 9000)])
def test_stores_are_reached_by_a_service_inside_the_cluster(store, port):
    objects = objects_of(served())
    service = objects[f"Service/digits-{store}"]["spec"]
    assert "type" not in service
    (only,) = service["ports"]
    assert only["port"] == port
    assert container_ports(objects, f"StatefulSet/digits-{store}")[only["targetPort"]] == port


def test_an_ingress_leads_everything_of_its_host_to_the_public_service():
    (rule,) = ingress()["spec"]["rules"]
    (path,) = rule["http"]["paths"]
    assert (rule["host"], path["path"], path["pathType"]) == ("fl.example.org", "/", "Prefix")
    assert path["backend"] == {"service": {"name": "digits-coordinator", "port": {"name": "http"}}}


def test_an_ingress_has_a_class_and_a_certificate_only_if_they_are_given():
    assert ingress()["spec"].keys() == {"rules"}
    spec = ingress(className="nginx", tlsSecretName="fl-tls")["spec"]
    assert spec["ingressClassName"] == "nginx"
    assert spec["tls"] == [{"hosts": ["fl.example.org"], "secretName": "fl-tls"}]


def test_an_ingress_asks_for_client_certificates_of_the_authorities_that_are_given():
    assert f"{NGINX}/auth-tls-secret" not in annotations()
    asked = annotations(tlsSecretName="fl-tls", clientCASecretName="fl-ca")
    assert asked[f"{NGINX}/auth-tls-secret"] == "learning/fl-ca"
    assert asked[f"{NGINX}/auth-tls-verify-client"] == "on"


def test_annotations_of_the_user_tune_an_ingress_but_never_open_it():
    theirs = {f"{NGINX}/auth-tls-verify-client": "off", f"{NGINX}/proxy-read-timeout": "5"}
    both = annotations(tlsSecretName="t", clientCASecretName="ca", annotations=theirs)
    assert both[f"{NGINX}/auth-tls-verify-client"] == "on"
    assert both[f"{NGINX}/proxy-read-timeout"] == "5"


def test_an_ingress_lets_a_message_that_is_too_large_through_to_be_refused_for_good():
    cr = served(
        coordinator={"maxMessageBytes": 5000}, exposure={"ingress": {"host": "fl.example.org"}}
    )
    metadata = objects_of(cr)["Ingress/digits-coordinator"]["metadata"]
    assert metadata["annotations"][f"{NGINX}/proxy-body-size"] == "10000"


def test_a_route_is_attached_to_its_gateway_and_leads_to_the_public_service():
    route = objects_of(served(**SPECS["everything"]))["HTTPRoute/digits-coordinator"]["spec"]
    assert route == {
        "parentRefs": [{"name": "public", "namespace": "gateways", "sectionName": "https"}],
        "hostnames": ["fl.example.org"],
        "rules": [{"backendRefs": [{"name": "digits-coordinator", "port": 8081}]}],
    }


def test_a_route_without_host_names_has_those_of_its_gateway():
    cr = served(exposure={"gateway": {"parentRef": {"name": "public"}}})
    route = objects_of(cr)["HTTPRoute/digits-coordinator"]["spec"]
    assert "hostnames" not in route
    assert route["parentRefs"] == [{"name": "public"}]


def test_prometheus_finds_the_counters_through_the_control_service():
    objects = objects_of(served(metrics={"serviceMonitor": True}))
    monitor = objects["ServiceMonitor/digits-coordinator"]["spec"]
    wanted = monitor["selector"]["matchLabels"].items()
    found = [key for key, one in objects.items() if wanted <= one["metadata"]["labels"].items()]
    assert "Service/digits-control" in found
    assert [key for key in found if key.startswith("Service/")] == ["Service/digits-control"]
    assert monitor["endpoints"] == [{"port": "control", "path": "/metrics"}]
