"""What holds between two fields of one section, as data.

Pydantic judges manifests by the rules, and the CEL rules of the CRD are made from them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Self

from pydantic import model_validator

from xaynet_pet.parameters import Definition
from xaynet_pet.sentences import Refusal, refuse


@dataclass(frozen=True, slots=True)
class NotBoth:
    """At most one of two fields is given."""

    first: str
    second: str

    @property
    def refusal(self) -> Refusal:
        """What is said where the rule is broken."""
        return Refusal("{} and {} are both given: give one", ((self.first,), (self.second,)))

    def broken_by(self, section: object) -> bool:
        """Whether a section breaks the rule."""
        return _gives(section, self.first) and _gives(section, self.second)


@dataclass(frozen=True, slots=True)
class Needs:
    """A field is given only together with ``other``; ``reason`` ends the sentence of a refusal."""

    field: str
    other: str
    reason: str

    @property
    def refusal(self) -> Refusal:
        """What is said where the rule is broken."""
        text = f"{{}} is given, but {{}} is not: {self.reason}"
        return Refusal(text, ((self.field,), (self.other,)))

    def broken_by(self, section: object) -> bool:
        """Whether a section breaks the rule."""
        return _gives(section, self.field) and not _gives(section, self.other)


class Ruled(Definition):
    """A section with rules between its fields."""

    RULES: ClassVar[tuple[NotBoth | Needs, ...]] = ()

    @model_validator(mode="after")
    def _obey_rules(self) -> Self:
        refuse(self._refusals())
        return self

    def _refusals(self) -> Iterator[Refusal]:
        return (rule.refusal for rule in self.RULES if rule.broken_by(self))


def _gives(section: object, field: str) -> bool:
    return getattr(section, field) is not None
