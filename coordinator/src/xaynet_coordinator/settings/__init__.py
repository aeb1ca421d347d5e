"""The settings of a coordinator: a file, then the environment, checked as a whole.

    Settings
    ├── api         the public REST API            ├── round        the service as a whole
    ├── control     the control API                ├── at_rest      encryption of what is stored
    ├── pet         xaynet_pet.parameters          ├── restore      what a start does
    ├── redis       None: SQLite                   ├── log, metrics
    ├── s3          None: a directory              ├── trust_anchor accepted, without effect
    └── data        the directory                  └── chunks       messages that come in parts

The layouts of the release and of the later state of Xaynet are both read (protocol §7.1).
"""

from xaynet_coordinator.settings.formats import Address
from xaynet_coordinator.settings.loading import Settings, SettingsError
from xaynet_coordinator.settings.sections import (
    ApiSettings,
    AtRestSettings,
    ChunkSettings,
    ControlSettings,
    DataSettings,
    InfluxSettings,
    LogSettings,
    MetricsSettings,
    RedisSettings,
    RestoreSettings,
    RoundSettings,
    S3Buckets,
    S3Credentials,
    S3Settings,
    TrustAnchorSettings,
)

__all__ = [
    "Address",
    "ApiSettings",
    "AtRestSettings",
    "ChunkSettings",
    "ControlSettings",
    "DataSettings",
    "InfluxSettings",
    "LogSettings",
    "MetricsSettings",
    "RedisSettings",
    "RestoreSettings",
    "RoundSettings",
    "S3Buckets",
    "S3Credentials",
    "S3Settings",
    "Settings",
    "SettingsError",
    "TrustAnchorSettings",
]
