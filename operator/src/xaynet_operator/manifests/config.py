"""The coordinator's ``config.toml``: only what needs a restart, and no secrets.

What may change while rounds run comes through the control API; passwords and keys come from
Secrets, as files and in the environment.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, cast

from xaynet_operator.manifests.connections import object_store
from xaynet_operator.manifests.network import CONTROL_PORT, PUBLIC_PORT
from xaynet_operator.manifests.objects import uid_of
from xaynet_operator.resource import FederatedRound

Table = Mapping[str, Any]

MIB, GIB = 2**20, 2**30
CONTROL_TOKEN = "/var/run/xaynet/control/token"
ROUNDS_KEY = "/var/run/xaynet/rounds/key"


def config_toml(cr: FederatedRound) -> str:
    """The settings of the coordinator, as TOML."""
    return "\n".join(toml_lines(settings(cr))).lstrip()


def settings(cr: FederatedRound) -> dict[str, Any]:
    """The settings of the coordinator; None is not given."""
    spec, influxdb = cr.spec, cr.spec.metrics.influxdb
    return {
        "api": api(spec.coordinator.max_message_bytes),
        "control": {
            "bind_address": f"0.0.0.0:{CONTROL_PORT}",
            "token_file": CONTROL_TOKEN,
            "wait_for_desired": True,
        },
        "s3": s3(cr),
        "round": {
            "uid": uid_of(cr),
            "models_keep": spec.models.keep,
            "initial_model": spec.models.initial,
        },
        "at_rest": {"key_file": ROUNDS_KEY},
        "log": {"filter": spec.coordinator.log_filter, "format": "json"},
        "metrics": {"influxdb": {"url": influxdb.url, "db": influxdb.db}} if influxdb else {},
        "chunks": chunks(spec.coordinator.max_message_bytes),
    }


def api(max_message_bytes: int) -> dict[str, Any]:
    """The public API, which can hold at least one message."""
    return {
        "bind_address": f"0.0.0.0:{PUBLIC_PORT}",
        "max_message_bytes": max_message_bytes,
        "max_inflight_bytes": max(GIB, max_message_bytes),
    }


def chunks(max_message_bytes: int) -> dict[str, Any]:
    """Room for the largest message, also when it comes in parts."""
    return {
        "max_bytes_per_participant": max(512 * MIB, max_message_bytes),
        "max_bytes_total": max(8 * GIB, max_message_bytes),
    }


def s3(cr: FederatedRound) -> dict[str, Any]:
    """Where the buckets are."""
    store = object_store(cr)
    return {
        "region": [store.region, *([store.endpoint] if store.endpoint else [])],
        "buckets": {"global_models": store.models_bucket, "rounds": store.rounds_bucket},
    }


def toml_lines(table: Table, path: str = "") -> Iterator[str]:
    """A table of values and tables, in the order it has; what is None or empty is left out."""
    tables = {name: cast(Table, one) for name, one in table.items() if isinstance(one, dict)}
    if path:
        yield f"[{path}]"
    for name, value in table.items():
        if value is not None and name not in tables:
            yield f"{name} = {toml_value(value)}"
    yield ""
    for name, inner in tables.items():
        if inner:
            yield from toml_lines(inner, f"{path}.{name}" if path else name)


def toml_value(value: str | int | bool | list[str]) -> str:
    """A value as JSON writes it, which is TOML but for one character that TOML wants escaped."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
