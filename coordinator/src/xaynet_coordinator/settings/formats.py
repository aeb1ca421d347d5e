"""The forms of single values: addresses, URLs, bucket names, log filters, paths.

Each form is an annotated type: a check, and the phrase that says what is allowed.
"""

import ipaddress
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BeforeValidator, PlainSerializer, SecretStr

from xaynet_pet.sentences import Allowed

_HOST_NAME = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*")
_PORT = re.compile(r"[0-9]{1,5}")
_BUCKET = re.compile(r"(?=.{3,63}\Z)[a-z0-9]([a-z0-9-]|\.(?!\.))*[a-z0-9]")
_S3 = "s3://"
_UID = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")

_LEVEL = r"(?i:trace|debug|info|warn|error|off|[0-5])"
_DIRECTIVE = re.compile(
    rf"{_LEVEL}|(?=[\w\[])(?P<target>[\w:.-]+)?(?P<span>\[[^\[\]]*\])?(=({_LEVEL})?)?"
)


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens. Port 0 means any free one."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``127.0.0.1:8081``, ``[::1]:8081`` or ``localhost:8081``; else ValueError."""
        host, colon, port = text.rpartition(":")
        if not colon or not _PORT.fullmatch(port) or int(port) > 65535:
            raise ValueError("no port")
        if host.startswith("[") and host.endswith("]"):
            return cls(str(ipaddress.IPv6Address(host[1:-1])), int(port))
        if not _HOST_NAME.fullmatch(host):
            raise ValueError("no host")
        return cls(host, int(port))

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def _address(value: object) -> object:
    return Address.parse(value) if isinstance(value, str) else value


def _not_empty(value: object) -> object:
    if value == "":
        raise ValueError("empty")
    return value


def _bucket(name: str) -> str:
    if not _BUCKET.fullmatch(name) or _is_ip_address(name):
        raise ValueError("not a bucket name")
    return name


def _is_ip_address(name: str) -> bool:
    return re.fullmatch(r"[0-9]+(\.[0-9]+){3}", name) is not None


def bucket_and_key(text: str) -> tuple[str, str] | None:
    """The parts of ``s3://bucket/key``; None for what is a path."""
    if not text.startswith(_S3):
        return None
    bucket, _, key = text.removeprefix(_S3).partition("/")
    return bucket, key


def _initial_model(text: str) -> str:
    parts = bucket_and_key(text)
    if parts is None and not text:
        raise ValueError("no path")
    if parts is not None and (not parts[1] or not _bucket(parts[0])):
        raise ValueError("no key")
    return text


def _uid(text: str) -> str:
    if not _UID.fullmatch(text):
        raise ValueError("not a uid")
    return text


def _filter(text: str) -> str:
    if not all(_DIRECTIVE.fullmatch(part.strip()) for part in text.split(",")):
        raise ValueError("not a filter")
    return text


def url_parts(text: str, schemes: tuple[str, ...]) -> SplitResult:
    """The parts of a URL with a host, and with a valid port if any; else ValueError."""
    parts = urlsplit(text)
    if parts.scheme not in schemes or not parts.hostname or parts.port == 0:
        raise ValueError("not such a URL")
    return parts


def _redis_url(url: SecretStr) -> SecretStr:
    parts = url_parts(url.get_secret_value(), ("redis", "rediss"))
    if not re.fullmatch(r"(/[0-9]*)?", parts.path):
        raise ValueError("no database number")
    return url


def _http_url(url: SecretStr) -> SecretStr:
    url_parts(url.get_secret_value(), ("http", "https"))
    return url


def without_credentials(url: SecretStr) -> str:
    """The URL without user, password and query: fit for logs."""
    parts = urlsplit(url.get_secret_value())
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}"


def _region(value: object) -> object:
    return tuple(value.split()) if isinstance(value, str) else value


def _one_region(region: tuple[str, ...]) -> tuple[str, ...]:
    if len(region) not in (1, 2) or not all(region):
        raise ValueError("not a region")
    for endpoint in region[1:]:
        url_parts(endpoint, ("http", "https"))
    return region


BindAddress = Annotated[
    Address,
    BeforeValidator(_address),
    PlainSerializer(str),
    Allowed("a host and a port, such as 127.0.0.1:8081, [::1]:8081 or localhost:8081"),
]
FilePath = Annotated[Path, BeforeValidator(_not_empty), Allowed("a path")]
Name = Annotated[str, AfterValidator(_not_empty), Allowed("a text that is not empty")]
Secret = Annotated[SecretStr, BeforeValidator(_not_empty), Allowed("a text that is not empty")]
RedisUrl = Annotated[
    SecretStr,
    AfterValidator(_redis_url),
    Allowed("redis://[user][:password@]host[:port][/db], or the same with rediss://"),
]
HttpUrl = Annotated[
    SecretStr, AfterValidator(_http_url), Allowed("a URL such as http://influxdb:8086")
]
Region = Annotated[
    tuple[str, ...],
    BeforeValidator(_region),
    AfterValidator(_one_region),
    Allowed('["region"] or ["region", "http://host:port"], or both in one text with a blank'),
]
Bucket = Annotated[
    str,
    AfterValidator(_bucket),
    Allowed("a bucket name: 3 to 63 of a-z, 0-9, - and ., beginning and ending with a-z or 0-9"),
]
InitialModel = Annotated[
    str, AfterValidator(_initial_model), Allowed("s3://bucket/key, or the path of a file")
]
Uid = Annotated[
    str,
    AfterValidator(_uid),
    Allowed("1 to 63 of A-Z, a-z, 0-9, ., _ and -, beginning and ending with a letter or digit"),
]
LogFilter = Annotated[
    str,
    AfterValidator(_filter),
    Allowed("levels by target, such as info or xaynet=debug,http=warn (trace to error, and off)"),
]
