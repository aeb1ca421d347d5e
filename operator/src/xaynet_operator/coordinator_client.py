"""A coordinator's control API (docs/control-api.md), as the operator uses it."""

from dataclasses import dataclass, field
from typing import Any

import httpx
from pydantic import ValidationError

from xaynet_operator.coordinator_state import CoordinatorState
from xaynet_operator.resource import FederatedRound

POLL_SECONDS = 20
PATIENCE = httpx.Timeout(connect=3.0, read=5.0, write=5.0, pool=3.0)


class CoordinatorUnreachable(Exception):
    """The control API does not answer as it should; the text says how."""


@dataclass(frozen=True, slots=True)
class ControlAddress:
    """Where a coordinator's control API is, and what opens it."""

    url: str
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class CoordinatorClient:
    """One coordinator."""

    http: httpx.AsyncClient
    address: ControlAddress

    async def state(self, after: int | None = None) -> CoordinatorState:
        """What it tells, once its revision is not ``after`` any more. A poll that brings nothing
        new ends after ``POLL_SECONDS`` with the same revision."""
        query = {} if after is None else {"after": after, "timeout": POLL_SECONDS}
        wait = PATIENCE if after is None else httpx.Timeout(5.0, read=POLL_SECONDS + 5)
        response = await self._ask("GET", "/v1/state", params=query, timeout=wait)
        if response.status_code != 200:
            raise CoordinatorUnreachable(refusal(response))
        try:
            return CoordinatorState.model_validate_json(response.content)
        except ValidationError as error:
            fields = [".".join(map(str, one["loc"])) for one in error.errors()]
            raise CoordinatorUnreachable(f"its state cannot be read: {fields}") from None

    async def put(self, document: dict[str, Any]) -> tuple[str, ...]:
        """Tell what is wanted. Empty if it was taken over; what speaks against it otherwise."""
        response = await self._ask("PUT", "/v1/desired", json=document, timeout=PATIENCE)
        try:
            return answered(response)
        except (ValueError, KeyError, TypeError):  # somebody else may have answered
            raise CoordinatorUnreachable(refusal(response)) from None

    async def _ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.address.token}"}
        try:
            return await self.http.request(
                method, f"{self.address.url}{path}", headers=headers, **options
            )
        except httpx.HTTPError as error:
            text = str(error) or type(error).__name__
            raise CoordinatorUnreachable(f"{self.address.url} does not answer: {text}") from error


def answered(response: httpx.Response) -> tuple[str, ...]:
    """What the answer to a document says against it; raises if it is not a coordinator's."""
    match response.status_code:
        case 200:
            return ()
        case 422:
            return tuple(map(str, response.json()["problems"]))
        case 409:
            generation = response.json()["generation"]
            told = f"the coordinator has been told otherwise under generation {generation}"
            return (f"{told}, not by this resource",)
        case _:
            raise CoordinatorUnreachable(refusal(response))


def refusal(response: httpx.Response) -> str:
    """What a response that is none of the expected ones says."""
    return f"the control API answers {response.status_code}: {response.text[:200].strip()}"


def wanted_document(cr: FederatedRound) -> dict[str, Any]:
    """The document of ``PUT /v1/desired`` that a resource asks for."""
    spec = cr.spec
    document: dict[str, Any] = {
        "generation": cr.metadata.generation,
        "desiredState": spec.desired_state,
        "parameters": spec.pet.model_dump(mode="json", by_alias=True),
    }
    return document if spec.rounds is None else {**document, "rounds": spec.rounds}
