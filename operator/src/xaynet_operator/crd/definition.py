"""The CustomResourceDefinition as a whole: names, version, columns."""

from typing import Any

import yaml

from xaynet_operator.crd.schema import Schema, structural_schema
from xaynet_operator.resource import API_VERSION, KIND

GROUP, VERSION = API_VERSION.split("/")
PLURAL = "federatedrounds"
FILE_NAME = f"{PLURAL}.{GROUP}.yaml"

HEADER = "# Made by `make gen` from the models of xaynet_operator.resource; do not edit.\n"


def _column(name: str, path: str, kind: str = "string", *, wide: bool = False) -> dict[str, Any]:
    column: dict[str, Any] = {"name": name, "type": kind, "jsonPath": path}
    return column | ({"priority": 1} if wide else {})


COLUMNS = (
    _column("State", ".status.state"),
    _column("Phase", ".status.round.phase"),
    _column("Round", ".status.round.id", "integer"),
    _column("Updates", ".status.round.update.accepted", "integer"),
    _column("Done", ".status.totals.successful", "integer"),
    _column("Ready", '.status.conditions[?(@.type=="Ready")].status'),
    _column("Asked", ".spec.desiredState", wide=True),
    _column("Wanted", ".spec.rounds", "integer", wide=True),
    _column("Reason", '.status.conditions[?(@.type=="Ready")].reason', wide=True),
    _column("Endpoint", ".status.endpoint", wide=True),
    _column("Age", ".metadata.creationTimestamp", "date"),
)


def definition() -> Schema:
    """The CustomResourceDefinition."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{PLURAL}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "names": {
                "plural": PLURAL,
                "singular": KIND.lower(),
                "kind": KIND,
                "listKind": f"{KIND}List",
                "shortNames": ["fr", "fround"],
                "categories": ["all", "xaynet"],
            },
            "scope": "Namespaced",
            "versions": [
                {
                    "name": VERSION,
                    "served": True,
                    "storage": True,
                    "subresources": {"status": {}},
                    "additionalPrinterColumns": list(COLUMNS),
                    "schema": {"openAPIV3Schema": structural_schema()},
                }
            ],
        },
    }


def page() -> str:
    """The file that is committed."""
    text = yaml.dump(
        definition(), Dumper=_Dumper, sort_keys=False, width=100, allow_unicode=True, indent=2
    )
    return HEADER + text


class _Dumper(yaml.SafeDumper):
    """Writes equal parts out each time: Kubernetes' tools read aliases, people do not."""

    def ignore_aliases(self, data: object) -> bool:
        return True
