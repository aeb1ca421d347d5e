"""The managed Redis: it forgets nothing that it has answered, and evicts nothing.

Its image holds Redis 7.0 or later, starts ``redis-server``, and has ``redis-cli``.
"""

from collections.abc import Iterator

from xaynet_operator.facts import Facts, Manifest, Stage
from xaynet_operator.manifests.connections import REDIS_PORT
from xaynet_operator.manifests.kinds import CONFIG_MAP
from xaynet_operator.manifests.objects import name_of, owned_object
from xaynet_operator.manifests.pods import (
    command_probe,
    disruption_budget,
    files_of_config,
    files_of_secret,
    given,
    mounted,
    pod_spec,
    resources,
    restarted_by,
    variable_from,
)
from xaynet_operator.manifests.stateful import DATA, claim, data_volume, service, stateful_set
from xaynet_operator.owned import Component
from xaynet_operator.resource import FederatedRound, ManagedRedis

REDIS = Component.REDIS
SETTINGS, AUTH = "/etc/redis", "/etc/redis-auth"

# The password comes from a file: arguments are seen by everyone who sees the processes.
REDIS_CONF = f"""\
port {REDIS_PORT}
protected-mode no
dir {DATA}
appendonly yes
appendfsync always
save ""
maxmemory-policy noeviction
include {AUTH}/auth.conf
"""


def redis(cr: FederatedRound, facts: Facts) -> Iterator[Manifest]:
    """Everything that belongs to the managed Redis."""
    store = cr.spec.redis.managed or ManagedRedis()
    pod = pod_spec(cr, store, container(cr, facts, store), volumes(cr))
    replicas = 0 if facts.stage is Stage.ASLEEP else 1
    yield owned_object(cr, CONFIG_MAP, REDIS, data={"redis.conf": REDIS_CONF})
    yield claim(cr, REDIS, store)
    yield service(cr, REDIS, "redis", REDIS_PORT)
    yield stateful_set(cr, REDIS, replicas, restarted_by(facts, pod, REDIS_CONF), pod)
    yield disruption_budget(cr, REDIS)


def container(cr: FederatedRound, facts: Facts, store: ManagedRedis) -> Manifest:
    """``redis-server`` and how its health is seen."""
    return {
        "name": "redis",
        "image": store.image or facts.images.redis,
        **given(imagePullPolicy=facts.images.pull_policy),
        "args": [f"{SETTINGS}/redis.conf"],
        "env": [variable_from("REDISCLI_AUTH", name_of(cr, REDIS), "password")],
        "ports": [{"name": "redis", "containerPort": REDIS_PORT}],
        "resources": resources(store, cpu="50m", memory="64Mi"),
        **probes(),
        "volumeMounts": [
            mounted("settings", SETTINGS),
            mounted("auth", AUTH),
            mounted("data", DATA, read_only=False),
        ],
    }


def probes() -> Manifest:
    """Ready is who answers PONG, and not that it is loading or cannot write (``-e``).

    Alive is who answers anything: a full disk is not mended by a restart.
    """
    ready = ("redis-cli", "-e", "ping")
    return {
        "startupProbe": command_probe(
            *ready, periodSeconds=2, timeoutSeconds=5, failureThreshold=300
        ),
        "readinessProbe": command_probe(*ready, periodSeconds=5, timeoutSeconds=5),
        "livenessProbe": command_probe("redis-cli", "ping", periodSeconds=15, timeoutSeconds=10),
    }


def volumes(cr: FederatedRound) -> list[Manifest]:
    """Its settings, its password, its data."""
    return [
        files_of_config("settings", name_of(cr, REDIS)),
        files_of_secret("auth", name_of(cr, REDIS), "auth.conf"),
        data_volume(cr, REDIS),
    ]
