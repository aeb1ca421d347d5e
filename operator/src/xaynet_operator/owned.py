"""Names and labels of what a FederatedRound owns.

‹base›-coordinator   Deployment, Service (public), ConfigMap, PodDisruptionBudget, Ingress, ...
‹base›-control       Service of the control API, Secret with its token
‹base›-rounds        Secret with the key that wraps the keys of rounds
‹base›-redis         StatefulSet, Service, ConfigMap, Secret, PersistentVolumeClaim
‹base›-minio         StatefulSet, Service, Secret, PersistentVolumeClaim
‹base›-erase         Job that erases what a terminated service leaves

The base is the resource's name, changed where a Service or a pod could not be called so.
"""

import hashlib
from enum import StrEnum

MANAGER = "xaynet-operator"
LONGEST_BASE = 40  # a StatefulSet's pods carry its name and 11 more characters in a label of 63
DIGEST_LENGTH = 8

NAME = "app.kubernetes.io/name"
INSTANCE = "app.kubernetes.io/instance"
COMPONENT = "app.kubernetes.io/component"
PART_OF = "app.kubernetes.io/part-of"
MANAGED_BY = "app.kubernetes.io/managed-by"
OURS = {MANAGED_BY: MANAGER}
"""What every owned object carries, and their pods."""


class Component(StrEnum):
    """The last word of the names of owned objects; a single one, so that the objects of two
    resources never have the same name."""

    COORDINATOR = "coordinator"
    CONTROL = "control"
    ROUNDS = "rounds"
    REDIS = "redis"
    MINIO = "minio"
    ERASE = "erase"


def base_name(resource: str) -> str:
    """What the names of all objects of a resource begin with; a letter, as of Services it must."""
    if len(resource) <= LONGEST_BASE and resource[0].isalpha():
        return resource
    digest = hashlib.sha256(resource.encode()).hexdigest()[:DIGEST_LENGTH]
    beginning = resource if resource[0].isalpha() else f"r{resource}"
    return f"{beginning[: LONGEST_BASE - DIGEST_LENGTH - 1].rstrip('-')}-{digest}"


def object_name(resource: str, component: Component) -> str:
    """The name of the objects of a component."""
    return f"{base_name(resource)}-{component}"


def selector(resource: str, component: Component) -> dict[str, str]:
    """The labels that select the pods of a component, which never change."""
    return {INSTANCE: resource, COMPONENT: component.value, MANAGED_BY: MANAGER}


def labels(resource: str, component: Component) -> dict[str, str]:
    """The labels of every owned object."""
    return {NAME: "xaynet", PART_OF: "xaynet", **selector(resource, component)}
