"""The coordinator's five endpoints, as a participant uses them (protocol §2.3).

A GET gives the decoded body, or None where the coordinator has nothing to give yet (204).
Whatever else goes wrong, from an unreachable host to a body that cannot be read, is `Unavailable`:
the participant waits and asks again.
"""

import base64
import logging
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeVar

import httpx

from xaynet_pet import Model, PetError, RoundParameters, SeedDict, SumDict

LOG = logging.getLogger(__name__)

# A connection that has died silently must not hold a participant for ever. A coordinator under load
# may take its time to answer: a message is answered only when it was fully handled.
TIMEOUT = httpx.Timeout(10.0, read=120.0, write=120.0)

OK, NO_CONTENT = 200, 204
NO_QUERY: Mapping[str, str] = MappingProxyType({})

Body = TypeVar("Body")


class Unavailable(Exception):
    """The coordinator did not give what it was asked for, this time.

    `retry_after`: the seconds it asked to wait, if it did.
    """

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


def http_client(transport: httpx.BaseTransport | None = None) -> httpx.Client:
    """The HTTP client of one participant: pooled connections, redirects followed."""
    return httpx.Client(transport=transport, timeout=TIMEOUT, follow_redirects=True)


class CoordinatorClient:
    """One coordinator at one URL. Raises ValueError for a URL that cannot be one."""

    def __init__(self, url: str, http: httpx.Client) -> None:
        self._url = _checked(url)
        self._http = http

    def params(self) -> RoundParameters:
        """The parameters of the current round."""
        params = self._get("params", RoundParameters.from_bytes)
        if params is None:
            raise Unavailable("there are no round parameters yet")
        return params

    def sums(self) -> SumDict | None:
        """The sum participants of the round: their keys and their ephemeral keys."""
        return self._get("sums", SumDict.from_bytes)

    def seeds(self, participant_pk: bytes) -> SeedDict | None:
        """The mask seeds that were encrypted for one sum participant."""
        pk = base64.b64encode(participant_pk).decode()
        return self._get("seeds", SeedDict.from_bytes, {"pk": pk})

    def model(self) -> Model | None:
        """The global model."""
        return self._get("model", Model.from_bytes)

    def send(self, sealed_message: bytes) -> None:
        """Give the coordinator a sealed message (or a sealed part of one).

        The answer 200 is final, whatever became of the message: it is never sent again.
        """
        request = self._http.build_request(
            "POST", self._endpoint("message"), content=sealed_message
        )
        response = self._answer(request, OK)
        outcome = response.headers.get("Xaynet-Outcome", "")
        if outcome.startswith(("rejected", "discarded")):
            LOG.info("the coordinator did not take the message: %s", outcome)
        elif outcome:
            LOG.debug("message: %s", outcome)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _get(
        self, name: str, decode: Callable[[bytes], Body], query: Mapping[str, str] = NO_QUERY
    ) -> Body | None:
        url = self._endpoint(name).copy_merge_params(query)
        response = self._answer(self._http.build_request("GET", url), OK, NO_CONTENT)
        if response.status_code == NO_CONTENT:
            return None
        try:
            return decode(response.content)
        except PetError as error:
            raise Unavailable(f"the body of /{name} cannot be read: {error}") from error

    def _endpoint(self, name: str) -> httpx.URL:
        return self._url.copy_with(path=f"{self._url.path.rstrip('/')}/{name}")

    def _answer(self, request: httpx.Request, *expected: int) -> httpx.Response:
        asked = f"{request.method} {request.url.path}"
        try:
            response = self._http.send(request)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unavailable(f"{asked}: {error!r}") from error
        if response.status_code not in expected:
            raise Unavailable(f"{asked}: status {response.status_code}", _retry_after(response))
        return response


def _checked(text: str) -> httpx.URL:
    try:
        url = httpx.URL(text.strip())
    except httpx.InvalidURL as error:
        raise ValueError(f"the coordinator URL {text!r} cannot be read: {error}") from error
    if url.scheme not in ("http", "https"):
        raise ValueError(f"the coordinator URL {text!r} must begin with http:// or https://")
    if not url.host or "%" in url.host:
        raise ValueError(f"the coordinator URL {text!r} names no host")
    if url.port is not None and not 0 <= url.port <= 0xFFFF:
        raise ValueError(f"the coordinator URL {text!r} has a port beyond 65535")
    return url


def _retry_after(response: httpx.Response) -> float | None:
    """Seconds only: a date would need the two clocks to agree."""
    value = response.headers.get("Retry-After", "").strip()
    return float(value) if value.isascii() and value.isdigit() else None
