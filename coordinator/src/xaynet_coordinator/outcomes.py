"""What becomes of a message: the answer to ``POST /message``.

Old clients repeat the same sealed bytes after any error status and stop after 200. So every final
outcome is a 200 with the header ``Xaynet-Outcome``, and 503 is kept for what can succeed later.
"""

from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """The first word of ``Xaynet-Outcome``; ``RETRY`` is a 503 and has no header."""

    ACCEPTED = "accepted"
    STORED = "stored"  # a chunk
    DISCARDED = "discarded"
    REJECTED = "rejected"
    RETRY = "retry"


@dataclass(frozen=True, slots=True)
class Outcome:
    """A final outcome, or a wish to see the same bytes again in ``retry_after`` seconds."""

    kind: Kind
    reason: str | None = None  # lower-case words joined by hyphens, counted by name
    retry_after: int = 1

    @property
    def is_final(self) -> bool:
        """Whether sending the same bytes again changes nothing."""
        return self.kind is not Kind.RETRY

    @property
    def header(self) -> str:
        """The value of ``Xaynet-Outcome``: ``accepted; repeated``, ``rejected; reason=phase``."""
        if self.reason is None:
            return self.kind.value
        if self.kind is Kind.ACCEPTED:
            return f"accepted; {self.reason}"
        return f"{self.kind.value}; reason={self.reason}"


ACCEPTED = Outcome(Kind.ACCEPTED)
REPEATED = Outcome(Kind.ACCEPTED, "repeated")
STORED = Outcome(Kind.STORED)


def rejected(reason: str) -> Outcome:
    """The message can never count, in this form."""
    return Outcome(Kind.REJECTED, reason)


def discarded(reason: str) -> Outcome:
    """The message was fine, but is not needed."""
    return Outcome(Kind.DISCARDED, reason)


def retry(reason: str, after: int = 1) -> Outcome:
    """The same bytes may succeed in ``after`` seconds."""
    return Outcome(Kind.RETRY, reason, after)
