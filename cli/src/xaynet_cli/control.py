"""The control API of a coordinator (docs/control-api.md), as the commands use it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import httpx

from xaynet_cli.desired import Difference, Document, desired_in, differences
from xaynet_cli.failures import CommandFailed

TRIES = 5
SPARE_SECONDS = 10.0  # beyond what a long poll takes


class NoAnswer(CommandFailed):
    """Nothing answers where the service should be; it may do so later."""


@dataclass(frozen=True, slots=True)
class Changed:
    """A change that is stored, and which of all fields wait for the next round."""

    differences: tuple[Difference, ...] = ()
    pending: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Control:
    """Where a control API is, and the token for it."""

    url: str
    token: str = field(repr=False)

    def state(self, after: int | None = None, seconds: float = 0.0) -> Document:
        """The observed state; with ``after``, once it has changed or the seconds are over.

        Raises ``NoAnswer`` and ``CommandFailed``.
        """
        query = {} if after is None else {"after": after, "timeout": seconds}
        return self._ask("GET", "/v1/state", seconds, params=query)

    def put(self, generation: int, desired: Document) -> bool:
        """Make this what is wanted. False: somebody else has changed it meanwhile."""
        document = {"generation": generation, **desired}
        return self._ask("PUT", "/v1/desired", json=document)["status"] == "stored"

    def change(self, edit: Callable[[Document], Document]) -> Changed:
        """Change what is wanted from what it is now, however many do so at the same time."""
        for _ in range(TRIES):
            state = self.state()
            before = desired_in(state)
            after = edit(before)
            found = tuple(differences(before, after))
            if not found:
                return Changed()
            if self.put((state["generation"] or 0) + 1, after):
                return Changed(found, pending_in(self.state()))
        raise CommandFailed("others change the service at the same time: try again")

    def _ask(self, method: str, path: str, seconds: float = 0.0, **content: Any) -> Document:
        # The API is on loopback or inside a cluster: never behind a proxy.
        with httpx.Client(trust_env=False, timeout=seconds + SPARE_SECONDS) as http:
            try:
                answer = http.request(
                    method,
                    self.url.rstrip("/") + path,
                    headers={"authorization": f"Bearer {self.token}"},
                    **content,
                )
            except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
                raise CommandFailed(f"{self.url} is no URL of a control API: {error}") from error
            except httpx.HTTPError as error:
                raise NoAnswer(f"nothing answers at {self.url}: {error}") from error
        return self._understood(answer)

    def _understood(self, answer: httpx.Response) -> Document:
        try:
            document: Document = answer.json()
            problems = document.get("problems", [])
        except (ValueError, AttributeError):
            raise CommandFailed(f"what answers at {self.url} is no control API") from None
        if answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE:
            raise NoAnswer(f"the service at {self.url} cannot answer now: {', '.join(problems)}")
        if answer.is_error and answer.status_code != HTTPStatus.CONFLICT:
            raise CommandFailed(*problems)
        return document


def pending_in(state: Document) -> frozenset[str]:
    """The fields whose newest value waits for the next round."""
    return frozenset(name for name, value in state["parameters"].items() if "pending" in value)
