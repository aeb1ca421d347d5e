"""What arrives: from the posted bytes to a submission that only the ledger can still refuse.

    sealed box → header → phase → signature → coordinator key → payload → task → contents

(protocol §3.5). Pure and synchronous: it runs in worker threads, where the cryptography and numpy
let go of the interpreter. The first step that fails names the refusal.
"""

import hashlib
from dataclasses import dataclass

from xaynet_coordinator.board import PHASE_OF_TAG, Board
from xaynet_coordinator.rounds import Round
from xaynet_pet import (
    BadSignature,
    Chunk,
    Header,
    MaskObject,
    Message,
    PetError,
    SealedBoxError,
    Sum2Payload,
    SumPayload,
    Tag,
    UpdatePayload,
    check_object,
    is_sum_participant,
    is_update_participant,
    parse_payload,
    seal,
)

Whole = SumPayload | UpdatePayload | Sum2Payload


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a message goes no further.

    ``stale``: the reason is the round key or the phase as this replica knows them, so it holds
    only if the epoch is still the current one. ``late`` names the message, if it is one that may
    have been accepted earlier in the round.
    """

    reason: str
    stale: bool = False
    late: "Identity | None" = None


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose message it is, of which kind, and the receipt that tells it from any other.

    A message's signature is its receipt, hashed: a repeat has the same one. The chunks of one
    message share the receipt of their message id.
    """

    tag: Tag
    participant: bytes
    receipt: bytes


@dataclass(frozen=True, slots=True)
class Submission:
    """A message that is valid by itself: signed, for this round, by an eligible participant."""

    identity: Identity
    payload: Whole


@dataclass(frozen=True, slots=True)
class ChunkSubmission:
    """A chunk that is valid by itself."""

    identity: Identity
    chunk: Chunk


def examine(body: bytes, board: Board, round: Round) -> Submission | ChunkSubmission | Refusal:
    """Take a posted body as far as it can be judged without the ledger."""
    try:
        opened = round.keys.open(body)
    except SealedBoxError:
        return Refusal("decrypt", stale=True)
    try:
        header = Header.parse(opened)
        identity = identify(header, opened)
        if PHASE_OF_TAG[header.tag] is not board.phase:
            return Refusal("phase", stale=True, late=identity)
        message = Message.parse(opened)
    except BadSignature:
        return Refusal("signature")
    except PetError:
        return Refusal("malformed")
    if message.coordinator_pk != round.keys.public:
        return Refusal("coordinator-key", stale=True)
    if isinstance(message.payload, Chunk):
        return examine_chunk(identity, message.payload, round)
    return examine_whole(identity, message.payload, board, round)


def identify(header: Header, opened: bytes) -> Identity:
    """The message's identity; for a chunk, that of the message it is a part of."""
    if header.multipart:
        message_id = bytes(opened[138:140])  # protocol §3.2: behind the header and the chunk id
        return Identity(header.tag, header.participant_pk, chunk_receipt(message_id))
    return Identity(header.tag, header.participant_pk, hashlib.sha256(header.signature).digest())


def chunk_receipt(message_id: bytes) -> bytes:
    """The receipt that all chunks of one message share."""
    return hashlib.sha256(b"chunks" + message_id).digest()


def examine_chunk(identity: Identity, chunk: Chunk, round: Round) -> ChunkSubmission | Refusal:
    """The task is checked as soon as a first chunk shows the signatures, so that nobody but the
    participants of the round can have anything stored (later chunks are only bounded)."""
    if chunk.id == 0:
        signatures = bytes(chunk.data[:128])
        if len(signatures) == 128 or (len(signatures) >= 64 and identity.tag is not Tag.UPDATE):
            refusal = check_task(identity, signatures[:64], signatures[64:128], round)
            if refusal is not None:
                return refusal
    return ChunkSubmission(identity, chunk)


def examine_assembled(
    identity: Identity, data: bytes, board: Board, round: Round
) -> Submission | Refusal:
    """The chunks of a message, joined: from here on it is like any other (protocol §3.4)."""
    try:
        payload = parse_payload(identity.tag, data)
    except PetError:
        return Refusal("malformed")
    return examine_whole(identity, payload, board, round)


def examine_whole(
    identity: Identity, payload: Whole, board: Board, round: Round
) -> Submission | Refusal:
    """Is the participant eligible for the task, and what it sends fit for the round?"""
    update_signature = payload.update_signature if isinstance(payload, UpdatePayload) else b""
    refusal = check_task(identity, payload.sum_signature, update_signature, round)
    if refusal is None and isinstance(payload, SumPayload):
        refusal = check_ephemeral_key(payload)
    if refusal is None and isinstance(payload, UpdatePayload):
        refusal = check_update(payload, board, round)
    if refusal is None and isinstance(payload, Sum2Payload):
        refusal = check_mask(identity, payload, board, round)
    return refusal or Submission(identity, payload)


def check_task(
    identity: Identity, sum_signature: bytes, update_signature: bytes, round: Round
) -> Refusal | None:
    """Protocol §1.1: sum and sum2 need a sum participant, update an update participant."""
    who, params = identity.participant, round.params
    if identity.tag is Tag.UPDATE:
        if not is_update_participant(who, sum_signature, update_signature, params):
            return Refusal("not-update-participant")
    elif not is_sum_participant(who, sum_signature, params):
        return Refusal("not-sum-participant")
    return None


def check_ephemeral_key(payload: SumPayload) -> Refusal | None:
    """Nothing can be sealed for a key of small order: no update participant could take part."""
    try:
        seal(b"", payload.ephemeral_pk)
    except PetError:
        return Refusal("ephemeral-key")
    return None


def check_update(payload: UpdatePayload, board: Board, round: Round) -> Refusal | None:
    """The masked model fits the round, and there is one seed for every sum participant."""
    if payload.seeds.keys() - board.sums.keys():
        return Refusal("unknown-sum-participant")
    if len(payload.seeds) != len(board.sums):
        return Refusal("incomplete-seeds")
    return check_masked(payload.masked_model, round)


def check_mask(
    identity: Identity, payload: Sum2Payload, board: Board, round: Round
) -> Refusal | None:
    """Checked on arrival, so that a mask that cannot unmask never has a vote."""
    if identity.participant not in board.sums:
        return Refusal("unknown-sum-participant")
    return check_masked(payload.mask, round)


def check_masked(masked: MaskObject, round: Round) -> Refusal | None:
    """Configuration, length and range (protocol §4.5)."""
    try:
        check_object(masked, round.params.mask_config, round.params.model_length)
    except PetError as error:
        return Refusal(hyphenated(type(error).__name__))
    return None


def hyphenated(name: str) -> str:
    """``ModelMismatch`` → ``model-mismatch``: the reason under which it is counted."""
    return "".join(f"-{c.lower()}" if c.isupper() else c for c in name).lstrip("-")
