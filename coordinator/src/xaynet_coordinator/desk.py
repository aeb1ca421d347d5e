"""Where a posted message is judged: examined in a worker thread, then put to the ledger.

Everything that comes back is an ``Outcome``; whatever the ledger has to say about epochs, pauses
and counts is said there and nowhere else, so that all replicas judge alike.
"""

import asyncio
import hashlib
from dataclasses import dataclass

from xaynet_coordinator.board import Board
from xaynet_coordinator.freshness import Freshness
from xaynet_coordinator.inbox import (
    ChunkSubmission,
    Identity,
    Refusal,
    Submission,
    examine,
    examine_assembled,
)
from xaynet_coordinator.machine import Machine
from xaynet_coordinator.outcomes import REPEATED, STORED, Outcome, rejected, retry
from xaynet_coordinator.record import Phase
from xaynet_coordinator.rounds import Round
from xaynet_coordinator.store import ChunkBounds, Collection, Verdict
from xaynet_coordinator.unmasking import mask_blob
from xaynet_coordinator.updates import OUTCOME_OF_VERDICT
from xaynet_pet import MaskObject, Sum2Payload, SumPayload, UpdatePayload

NO_ROUND = {Phase.COMPLETED: "completed", Phase.TERMINATED: "terminated"}


@dataclass(frozen=True, slots=True)
class Desk:
    """Takes messages for the machine's current phase."""

    machine: Machine
    freshness: Freshness
    bounds: ChunkBounds

    async def take(self, body: bytes) -> Outcome:
        """What becomes of a posted message. Raises ``StoreUnavailable``."""
        board = self.machine.board
        if not board.term:
            return retry("starting")
        if self.machine.paused:
            return retry("paused", 10)
        if board.round is None:
            # It is for a round that is over: the next one's key is not known to anybody yet.
            return await self.refuse(
                Refusal(NO_ROUND.get(board.phase, "no-round"), stale=True), board
            )
        examined = await asyncio.to_thread(examine, body, board, board.round)
        return await self.judge(examined, board, board.round)

    async def judge(
        self, examined: Submission | ChunkSubmission | Refusal, board: Board, round: Round
    ) -> Outcome:
        """Put what was examined to the ledger."""
        match examined:
            case Refusal():
                return await self.refuse(examined, board)
            case ChunkSubmission():
                outcome = await self.take_chunk(examined, board, round)
            case Submission():
                outcome = await self.accept(examined, board, round)
        if outcome == OUTCOME_OF_VERDICT[Verdict.STALE]:
            return await self.too_late(outcome, examined.identity)
        return outcome

    async def refuse(self, refusal: Refusal, board: Board) -> Outcome:
        """A refusal by round key or phase holds only while the epoch does. A message whose phase
        is over may be the repeat of one that was accepted."""
        if refusal.stale:
            head = await self.freshness.head()
            if (head.term, head.epoch) != (board.term, board.epoch):
                return retry("phase-change")
        outcome = rejected(refusal.reason)
        return await self.too_late(outcome, refusal.late) if refusal.late else outcome

    async def too_late(self, outcome: Outcome, identity: Identity) -> Outcome:
        """The phase is over, or ended under the message: it may be a repeat all the same."""
        return REPEATED if await self.was_accepted(identity) else outcome

    async def was_accepted(self, identity: Identity) -> bool:
        """Whether this very message was accepted earlier in the round."""
        receipt = await self.machine.around.ledger.receipt(identity.tag, identity.participant)
        return receipt == identity.receipt

    async def accept(self, submission: Submission, board: Board, round: Round) -> Outcome:
        """Commit a whole message; it is answered when it cannot be lost any more."""
        identity, payload = submission.identity, submission.payload
        match payload:
            case SumPayload():
                verdict = await self.machine.around.ledger.add_sum_participant(
                    board.epoch, identity.participant, payload.ephemeral_pk, identity.receipt
                )
            case UpdatePayload():
                return await self.accept_update(identity, payload, board)
            case Sum2Payload():
                verdict = await self.accept_mask(identity, payload, board, round)
        if verdict is Verdict.ACCEPTED:
            self.machine.changed.set()
        return OUTCOME_OF_VERDICT[verdict]

    async def accept_update(
        self, identity: Identity, update: UpdatePayload, board: Board
    ) -> Outcome:
        """Queue an update for the next commit, and wait for it."""
        if self.machine.outage is not None:
            return retry("store-unavailable", 5)
        committer = self.machine.committer
        if committer is None or committer.closed or committer.epoch != board.epoch:
            return retry("phase-change")
        answer = committer.offer(identity, update)
        try:
            return await asyncio.shield(answer)
        except asyncio.CancelledError:
            # What is held for requests is bounded by their bodies, so it must not outlive them.
            committer.withdraw(answer)
            raise

    async def accept_mask(
        self, identity: Identity, payload: Sum2Payload, board: Board, round: Round
    ) -> Verdict:
        """Store a mask once, by its digest, and count the vote for it."""
        digest, data = await asyncio.to_thread(written_mask, payload.mask)
        blob, ledger = mask_blob(round, digest), self.machine.around.ledger
        voted = await ledger.receipt(identity.tag, identity.participant) is not None
        if not voted and digest not in await ledger.votes():
            sealed = await asyncio.to_thread(round.key.seal, blob, data)
            await self.machine.around.blobs.put(blob, sealed)
        return await ledger.add_mask(board.epoch, identity.participant, digest, identity.receipt)

    async def take_chunk(self, submission: ChunkSubmission, board: Board, round: Round) -> Outcome:
        """Store a chunk; the one that completes its message is answered with the message's fate."""
        identity, chunk = submission.identity, submission.chunk
        ledger = self.machine.around.ledger
        collection = Collection(identity.tag, identity.participant, chunk.message_id)
        label = chunk_label(collection, chunk.id)
        sealed = await asyncio.to_thread(round.key.seal, label, chunk.data)
        stored = await ledger.add_chunk(
            board.epoch, collection, (chunk.id, chunk.last, sealed), identity.receipt, self.bounds
        )
        if isinstance(stored, Verdict):
            return OUTCOME_OF_VERDICT[stored]
        if not stored.complete:
            return STORED
        outcome = await self.take_assembled(identity, collection, board, round)
        if outcome.is_final:
            await ledger.drop_chunks(collection)
        return outcome

    async def take_assembled(
        self, identity: Identity, collection: Collection, board: Board, round: Round
    ) -> Outcome:
        """All chunks of a message are there: join them, and go on as with a whole one."""
        chunks = await self.machine.around.ledger.chunks(collection)
        if not chunks:  # joined by another request, or gone with the phase
            return retry("chunks-gone")
        if sorted(chunks) != list(range(len(chunks))):
            return rejected("contradicting-chunks")
        data = await asyncio.to_thread(join, chunks, collection, round)
        examined = await asyncio.to_thread(examine_assembled, identity, data, board, round)
        return await self.judge(examined, board, round)


def written_mask(mask: MaskObject) -> tuple[bytes, bytes]:
    """The SHA-256 of a mask, and its bytes as they are stored."""
    data = mask.to_bytes()
    return hashlib.sha256(data).digest(), data


def chunk_label(collection: Collection, id: int) -> str:
    """What a sealed chunk is bound to."""
    who = collection.participant.hex()
    return f"chunk/{collection.tag.value}/{who}/{collection.message_id}/{id}"


def join(chunks: dict[int, bytes], collection: Collection, round: Round) -> bytes:
    """The payload in the order of the chunk ids."""
    return b"".join(
        round.key.open(chunk_label(collection, id), sealed) for id, sealed in sorted(chunks.items())
    )
