"""Signing a message, in parts if it is too big for one, and sending it part by part."""

from dataclasses import replace

from xaynet_pet import Message, Sum2Payload, SumPayload, UpdatePayload, encode, seal
from xaynet_sdk.client import CoordinatorClient
from xaynet_sdk.states import Awaiting, Random, Sending, Session, Sum2, Transition, progress

Payload = SumPayload | UpdatePayload | Sum2Payload


def sending(session: Session, payload: Payload, then: Awaiting | Sum2, random: Random) -> Sending:
    """The state in which this payload is on its way. Raises ChunkError if it needs more parts
    than can be numbered (65536)."""
    message = Message(session.keys.public, session.params.pk, payload)
    message_id = int.from_bytes(random(2), "big")
    parts = encode(message, session.keys, session.max_message_size, message_id)
    return _next_part(Sending(payload.tag, None, tuple(parts), then), session.params.pk)


def send(session: Session, state: Sending, client: CoordinatorClient) -> Transition:
    """Post one part. Unanswered, the state stays as it is: the same bytes are posted again."""
    if state.sealed is None:
        return progress(session, state.then)
    client.send(state.sealed)
    return progress(session, _next_part(state, session.params.pk))


def _next_part(state: Sending, coordinator_pk: bytes) -> Sending:
    if not state.parts:
        return replace(state, sealed=None)
    first, *rest = state.parts
    return replace(state, sealed=seal(first, coordinator_pk), parts=tuple(rest))
