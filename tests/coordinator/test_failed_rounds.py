"""After a failed round the next one begins, a little later each time."""

from pathlib import Path

from service import service, settings_in
from xaynet_coordinator.record import Phase, Record
from xaynet_coordinator.store import Caps
from xaynet_coordinator.store.sqlite import SqliteLedger

UID = "service"


async def left(folder: Path, record: Record) -> None:
    """A ledger as a coordinator left it in this phase."""
    ledger = SqliteLedger(folder, UID)
    await ledger.open()
    head = await ledger.take_term()
    await ledger.advance(head.term, head.epoch, record.written(), Caps(), erase=True)
    await ledger.close()


async def test_the_next_round_begins_after_however_many_failures(tmp_path):
    failures = 2000
    await left(tmp_path, Record(phase=Phase.FAILURE, failed=failures, failures_in_a_row=failures))
    async with service(settings_in(tmp_path, round={"uid": UID})) as at:
        await at.reach(Phase.FAILURE)
        entered = at.clock.now()
        await at.reach(Phase.SUM)
        assert 59 <= at.clock.now() - entered <= 61
