"""Forms of single values in a FederatedRound: what is checked, and the phrase saying it.

The patterns mean the same to Python, to pydantic and to the API server: no look-around, no
classes such as ``\\d`` whose extent depends on the engine.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from xaynet_pet.sentences import Allowed

_PORT = "(:([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]))?"
_BETWEEN_DOTS = "[a-z0-9]([a-z0-9-]*[a-z0-9])?"


@dataclass(frozen=True, slots=True)
class OnlyYet:
    """Of the values that a field is made for, the only one that is supported yet."""

    value: str | int

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._supported, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {**handler(schema), "const": self.value}

    def _supported(self, value: str | int) -> str | int:
        if value != self.value:
            raise ValueError("not supported yet")
        return value


Protocol = Annotated[
    Literal["PET", "FedAvg"],
    OnlyYet("PET"),
    Allowed("PET; FedAvg, the older protocol of xain-fl, is not supported yet"),
]
Replicas = Annotated[int, OnlyYet(1), Allowed("1; several coordinators are not supported yet")]

ObjectName = Annotated[
    str, Field(min_length=1, max_length=253), Allowed("the name of an object in Kubernetes")
]
StorageClassName = Annotated[
    str, Field(max_length=253), Allowed("the name of a storage class, or empty for none")
]
ResourceName = Annotated[
    str,
    Field(max_length=63, pattern=f"^{_BETWEEN_DOTS}$"),
    Allowed("1 to 63 of a-z, 0-9 and -, beginning and ending with a letter or digit"),
]
Quantity = Annotated[
    str,
    Field(max_length=32, pattern=r"^[0-9]+(\.[0-9]+)?([KMGTPE]i|[kMGTPE])?$"),
    Allowed("a quantity of Kubernetes, such as 1Gi or 500Mi"),
]
Bucket = Annotated[
    str,
    Field(min_length=3, max_length=63, pattern=r"^[a-z0-9](\.?[a-z0-9-])*\.?[a-z0-9]$"),
    Allowed("a bucket name: 3 to 63 of a-z, 0-9, - and ."),
]
Host = Annotated[
    str,
    Field(max_length=253, pattern=rf"^(\*\.)?{_BETWEEN_DOTS}(\.{_BETWEEN_DOTS})*$"),
    Allowed("a host name, such as fl.example.org"),
]
ModelUri = Annotated[
    str,
    Field(max_length=1093, pattern=r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/.+$"),
    Allowed("s3:// with bucket and key, such as s3://models/first.npy"),
]
WebUrl = Annotated[
    str,
    Field(
        max_length=2048,
        pattern=rf"^[hH][tT][tT][pP][sS]?://(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+){_PORT}([/?#][!-~]*)?$",
    ),
    Allowed("a URL without user and password, such as http://minio:9000"),
]
