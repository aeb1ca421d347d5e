"""Manifests of FederatedRounds that are right, for tests to change."""

from pathlib import Path
from typing import Any

from xaynet_operator.resource import FederatedRound

DIGITS = Path(__file__).parents[2] / "examples" / "digits" / "round.yaml"

# Every section of the spec is there.
COMPLETE = """
apiVersion: xaynet.dev/v1alpha1
kind: FederatedRound
metadata: {name: digits, namespace: learning, creationTimestamp: 2026-11-23T20:00:00Z}
spec:
  protocol: PET
  desiredState: Running
  pause: {scaleToZero: false}
  rounds: 10
  pet:
    model: {length: 55117}
    mask:  {groupType: Prime, dataType: F32, boundType: B0, modelType: M3}
    sum:    {prob: 0.01, count: {min: 1, max: 100},  time: {min: 5, max: 3600}}
    update: {prob: 0.1,  count: {min: 3, max: 1000}, time: {min: 10, max: 3600}}
    sum2:   {count: {min: 1, max: 100}, time: {min: 5, max: 3600}}
  coordinator:
    image: registry.example.org/xaynet-coordinator:0.1.0
    replicas: 1
    resources: {limits: {memory: 2Gi}}
    nodeSelector: {disk: ssd}
    tolerations: [{key: dedicated, operator: Exists}]
    affinity: {nodeAffinity: {}}
  redis: {managed: {storage: 1Gi}}
  models: {managed: {storage: 10Gi}, keep: 10, initial: s3://models/first.npy}
  exposure:
    service: {type: LoadBalancer, annotations: {a: b}}
    ingress: {host: fl.example.org, className: nginx, tlsSecretName: tls, clientCASecretName: ca}
    gateway: {parentRef: {name: public}, hostnames: [fl.example.org]}
  metrics: {serviceMonitor: true, influxdb: {url: "http://influxdb:8086", db: metrics}}
"""

MINIMAL = """
apiVersion: xaynet.dev/v1alpha1
kind: FederatedRound
metadata: {name: digits}
spec:
  pet:
    model: {length: 4}
    mask: {groupType: Prime, dataType: F32, boundType: B0, modelType: M3}
    sum: {prob: 0.01, count: {max: 5}, time: {max: 60}}
    update: {prob: 0.1, count: {max: 10}, time: {max: 60}}
    sum2: {count: {max: 5}, time: {max: 60}}
"""

ABSENT = object()


def changed(manifest: str, changes: dict[str, Any]) -> dict[str, Any]:
    """The manifest with other values, by their paths: ``{"spec.rounds": 3}``."""
    document: dict[str, Any] = FederatedRound.parse(manifest).model_dump(
        mode="json", by_alias=True, exclude_unset=True
    )
    for path, value in changes.items():
        *sections, name = path.split(".")
        within = document
        for section in sections:
            within = within.setdefault(section, {})
        if value is ABSENT:
            del within[name]
        else:
            within[name] = value
    return document
