"""Configurations of a coordinator, for tests of its settings."""

from collections.abc import Mapping
from pathlib import Path

from golden import entries
from xaynet_coordinator.settings import Settings, SettingsError

RELEASE_SAMPLE: str = entries("settings")[0]["toml"]

LATER_SAMPLE = """
[log]
filter = "xaynet=debug,http=warn,info"
[api]
bind_address = "127.0.0.1:8081"
tls_certificate = "/app/ssl/tls.pem"
tls_key = "/app/ssl/tls.key"
[pet.sum]
prob = 0.01
count = { min = 1, max = 100 }
time = { min = 5, max = 3600 }
[pet.update]
prob = 0.1
count = { min = 3, max = 1000 }
time = { min = 10, max = 3600 }
[pet.sum2]
count = { min = 1, max = 100 }
time = { min = 5, max = 3600 }
[mask]
group_type = "Prime"
data_type = "F32"
bound_type = "B0"
model_type = "M3"
[model]
length = 4
[metrics.influxdb]
url = "http://influxdb:8086"
db = "metrics"
[redis]
url = "redis://redis"
[s3]
access_key = "minio"
secret_access_key = "minio123"
region = ["minio", "http://minio:9000"]
[restore]
enable = true
[trust_anchor]
"""


def load(
    folder: Path, text: str, environ: Mapping[str, str] | None = None, name: str = "config.toml"
) -> Settings:
    """The settings of a file with this text."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return Settings.load(path, environ or {})


def problems(
    folder: Path, text: str, environ: Mapping[str, str] | None = None, name: str = "config.toml"
) -> tuple[str, ...]:
    """The sentences that a file is refused with; none if it is accepted."""
    try:
        load(folder, text, environ, name)
    except SettingsError as error:
        return error.sentences
    return ()
