"""Leading: the loop over the phases, and where it begins, at a start or after a rollback.

    take the term → read the record → open its round → show it → phase after phase

The term fences whoever led before. Who finds a higher one in the ledger, or an empty ledger, has
been fenced itself, and ends; who finds it elsewhere than it was left goes on from where it is.
"""

from dataclasses import dataclass

import structlog

from xaynet_coordinator.at_rest import Unreadable
from xaynet_coordinator.board import PublishedModel
from xaynet_coordinator.desired import Wanted
from xaynet_coordinator.machine import Fenced, HeadMoved, Machine, RoundFailed, Step
from xaynet_coordinator.record import Phase, Record
from xaynet_coordinator.rounds import Round, freeze_blob, open_round, round_label, wrapped_key_blob
from xaynet_coordinator.store import Caps, Head, StoreCorrupt, StoreUnavailable

log = structlog.get_logger()

EMPTY = Head(term=0, epoch=0, state=None, elapsed=0.0, paused=False, caps=Caps())


@dataclass(frozen=True, slots=True)
class Reopened:
    """A round found in the ledger: opened, or the reason why it cannot go on."""

    round: Round | None = None
    broken: str | None = None


async def run(machine: Machine) -> None:
    """Lead for ever: never returns, raises ``Fenced`` when somebody else leads."""
    await lead(machine)
    while True:
        try:
            await machine.advance(await next_step(machine))
        except StoreUnavailable as error:
            await machine.patience.sit_out(error)
        except HeadMoved:
            await find_head(machine)


async def next_step(machine: Machine) -> Step:
    """Work through the phase."""
    try:
        if machine.to_be_terminated and machine.record.phase is not Phase.TERMINATED:
            return machine.terminate()
        if machine.broken is not None:
            raise RoundFailed(machine.broken)
        return await machine.phases[machine.record.phase](machine)
    except RoundFailed as failure:
        return machine.give_up(failure.reason)
    except (StoreUnavailable, StoreCorrupt, HeadMoved):
        raise
    except Exception:
        if machine.record.round is None:
            raise
        log.exception("phase_failed", phase=machine.record.phase.value)
        return machine.give_up("internal-error")


async def lead(machine: Machine) -> None:
    """Take the term, and go on where the ledger says: at a start, or after a rollback."""
    async with machine.changing:  # nothing else may be wanted before it is known what was
        head = await machine.patience.insist(machine.around.ledger.take_term)
        record = Record.read(head.state)
        desired = await machine.patience.insist(machine.around.ledger.desired)
        machine.wanted = Wanted.restore(desired) if desired is not None else machine.wanted
        reopened = await machine.patience.insist(lambda: reopen(machine, record))
        model = await machine.patience.insist(lambda: latest_model(machine, record))
        await machine.patience.insist(lambda: machine.show(head, record, reopened.round, model))
        machine.broken = reopened.broken
        machine.stopwatch.before = head.elapsed
        machine.stopwatch.grant_grace()
    log.info("leading", term=head.term, epoch=head.epoch, phase=record.phase.value)


async def find_head(machine: Machine) -> None:
    """The head is not where it was left: go on from where it is, unless it is another's."""
    head = await machine.patience.insist(machine.around.ledger.head)
    log.warning("head_moved", term=head.term, epoch=head.epoch, left_at=machine.board.epoch)
    if head.term > machine.board.term:
        raise Fenced("another coordinator has taken the lead")
    if head == EMPTY:
        raise Fenced("what the stores held of this service was erased")
    before = machine.board.round
    await lead(machine)
    after = machine.board.round
    if before is not None and after is not None and before.label == after.label:
        # What it has answered since then is lost: it must not end as if that had never been.
        machine.break_round("rolled-back")


async def confirm_lead(machine: Machine) -> None:
    """Raises ``HeadMoved`` unless the ledger's head is where this machine left it."""
    head = await machine.around.ledger.head()
    if (head.term, head.epoch) != (machine.board.term, machine.board.epoch):
        raise HeadMoved


async def latest_model(machine: Machine, record: Record) -> PublishedModel | None:
    """The newest global model, if the bucket still has it; before the first, the initial one."""
    if record.models:
        return await machine.around.models.load(record.models[-1])
    return await machine.warm_start.known(record) if machine.warm_start else None


async def reopen(machine: Machine, record: Record) -> Reopened:
    """The round in flight, or why it must fail."""
    if record.round is None:
        return Reopened()
    label = round_label(record.round.id, record.seed)
    wrapped = await machine.around.blobs.get(wrapped_key_blob(label))
    if wrapped is None:
        return Reopened(broken="round-key-erased")
    collects = record.phase in (Phase.SUM, Phase.UPDATE)
    if collects and await machine.around.blobs.get(freeze_blob(label)) is not None:
        # Its updates were frozen once; another set of them must never be unmasked.
        return Reopened(broken="rolled-back")
    try:
        return Reopened(open_round(record.round, machine.around.vault, wrapped))
    except Unreadable:
        return Reopened(broken="round-key-unreadable")
