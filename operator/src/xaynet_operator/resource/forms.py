"""Forms of single texts in a FederatedRound: a check, and the phrase saying what is allowed."""

import re
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator

from xaynet_pet.sentences import Allowed

# Kubernetes' own structures are passed through: the API server knows their schema, not we.
PASSED_THROUGH: dict[str, Any] = {"x-kubernetes-preserve-unknown-fields": True}

_LABEL = re.compile(r"(?=.{1,63}\Z)[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_QUANTITY = re.compile(r"[0-9]+(\.[0-9]+)?([KMGTPE]i|[kMGTPE])?")
_BUCKET = re.compile(r"(?=.{3,63}\Z)[a-z0-9]([a-z0-9-]|\.(?!\.))*[a-z0-9]")
_S3_URI = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/.+")
_HOST = re.compile(r"(\*\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")


def _supported(protocol: str) -> str:
    if protocol == "FedAvg":
        raise ValueError("not supported yet")
    return protocol


def _matching(pattern: re.Pattern[str]) -> AfterValidator:
    def check(text: str) -> str:
        if not pattern.fullmatch(text):
            raise ValueError("not of this form")
        return text

    return AfterValidator(check)


def _web_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
        raise ValueError("not a URL")
    if parts.username is not None or parts.password is not None:
        raise ValueError("credentials in a URL")
    return url


Protocol = Annotated[
    Literal["PET", "FedAvg"],
    AfterValidator(_supported),
    Allowed("PET; FedAvg, the older protocol of xain-fl, is not supported yet"),
]
ResourceName = Annotated[
    str,
    _matching(_LABEL),
    Allowed("1 to 63 of a-z, 0-9 and -, beginning and ending with a letter or digit"),
]
Quantity = Annotated[
    str, _matching(_QUANTITY), Allowed("a quantity of Kubernetes, such as 1Gi or 500Mi")
]
Bucket = Annotated[str, _matching(_BUCKET), Allowed("a bucket name: 3 to 63 of a-z, 0-9, - and .")]
Host = Annotated[str, _matching(_HOST), Allowed("a host name, such as fl.example.org")]
ModelUri = Annotated[
    str, _matching(_S3_URI), Allowed("s3:// with bucket and key, such as s3://models/first.npy")
]
WebUrl = Annotated[
    str,
    AfterValidator(_web_url),
    Allowed("a URL without user and password, such as http://minio:9000"),
]
