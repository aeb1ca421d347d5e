"""`kill -9` of our coordinator while published clients, or ours, wait for an answer.

Old clients repeat the same bytes after any error, and stop after 200. So what was committed but
not answered must be answered when it comes again, and counted once; the round goes on with it.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from coordinators import Coordinator
from counters import counted, wait_until_counted
from pairings import (
    CRATE,
    CRATE_IN_SMALL_CHUNKS,
    OURS,
    OURS_IN_SMALL_CHUNKS,
    WHEEL,
    Kind,
    Member,
    Troupe,
    label,
    settings,
)
from unavailable import Unavailable

pytestmark = pytest.mark.peers

SETTINGS = settings(length=300, sum_count=(2, 2), sum2_count=(2, 2))
MESSAGES = "xaynet_messages_total"

Begin = Callable[[str, str, int], Troupe]
each_kind = pytest.mark.parametrize("kind", [WHEEL, CRATE, OURS], ids=label)
each_chunking_kind = pytest.mark.parametrize(
    "kind", [CRATE_IN_SMALL_CHUNKS, OURS_IN_SMALL_CHUNKS], ids=label
)


@pytest.fixture
def begin(launch, tmp_path: Path) -> Begin:
    """A coordinator that kills itself at that moment, and nobody there yet."""

    def start(*dies: str | int) -> Troupe:
        at = Coordinator(tmp_path / "coordinator", SETTINGS)
        at.dies = dies
        return Troupe(launch, tmp_path, launch(at), SETTINGS)

    return start


def everybody(troupe: Troupe, kind: Kind) -> list[Member]:
    """All that the round wants; the update participants."""
    updaters = troupe.updaters([kind] * 3)
    for _ in range(2):
        troupe.summer(kind)
    return updaters


def comes_back(at: Coordinator) -> None:
    """It has killed itself; somebody says 503 in its place for a while; it starts again."""
    at.wait(timeout=60)
    at.dies = None
    with Unavailable(at.port) as nobody:
        nobody.wait_for(12)
    at.start()


def ends_well(troupe: Troupe, updaters: list[Member]) -> None:
    """The round that was interrupted, and no other, has everybody in it once."""
    troupe.agrees_with(updaters)
    first = troupe.at.state()["lastRounds"][0]
    assert (first["id"], first["reason"]) == (1, None)
    assert (first["sum"], first["update"], first["sum2"]) == (2, 3, 2)
    assert counted(troupe.at, MESSAGES, outcome="retry", reason="busy") == 0, "held for 10 s"


def wait_for_a_repeat(at: Coordinator) -> None:
    wait_until_counted(at, 1, MESSAGES, outcome="accepted", reason="repeated")


@each_kind
def test_a_sum_message_that_was_not_answered_is_repeated_and_counts_once(begin, kind):
    troupe = begin("after", "ledger.add_sum_participant", 2)
    updaters = everybody(troupe, kind)
    comes_back(troupe.at)
    wait_for_a_repeat(troupe.at)
    ends_well(troupe, updaters)


@each_kind
def test_an_update_that_was_not_answered_is_repeated_and_counts_once(begin, kind):
    troupe = begin("after", "ledger.commit_updates", 1)
    updaters = troupe.updaters([kind] * 3)
    held = updaters[2].program
    held.freeze()  # so that the phase is not over before the repeat
    for _ in range(2):
        troupe.summer(kind)
    comes_back(troupe.at)
    wait_for_a_repeat(troupe.at)
    held.thaw()
    ends_well(troupe, updaters)


@each_kind
def test_a_mask_that_was_not_answered_is_repeated_and_counts_once(begin, kind):
    troupe = begin("after", "ledger.add_mask", 1)
    _, held = troupe.summer(kind), troupe.summer(kind).program
    troupe.at.wait_for_phase("Update")
    held.freeze()
    updaters = troupe.updaters([kind] * 3)
    comes_back(troupe.at)
    wait_for_a_repeat(troupe.at)
    held.thaw()
    ends_well(troupe, updaters)


@each_chunking_kind
def test_chunks_that_were_answered_are_not_sent_again_and_are_not_lost(begin, kind):
    troupe = begin("after", "ledger.add_chunk:UPDATE", 7)
    updaters = everybody(troupe, kind)
    comes_back(troupe.at)
    ends_well(troupe, updaters)
    assert counted(troupe.at, MESSAGES, outcome="stored") > 0
    assert counted(troupe.at, MESSAGES, outcome="rejected") == 0


def test_an_update_that_was_lost_before_the_commit_is_sent_again(begin):
    troupe = begin("before", "ledger.commit_updates", 1)
    updaters = everybody(troupe, WHEEL)
    comes_back(troupe.at)
    ends_well(troupe, updaters)
    assert counted(troupe.at, MESSAGES, phase="Update", outcome="accepted", reason="") == 3
