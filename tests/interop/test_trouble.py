"""Published clients of both makes in one round, while our coordinator is killed, restarted, paused.

The same round ends with all of them in it, exactly.
"""

import pytest

from coordinators import Coordinator
from pairings import CRATE_IN_SMALL_CHUNKS, WHEEL, WHEEL_ASYNC, Troupe, settings
from unavailable import Unavailable

pytestmark = pytest.mark.peers

# Models and masks are cut in about 90 chunks; two sum participants, so that Sum2 has a middle.
SETTINGS = settings(length=3000, sum_count=(2, 2), sum2_count=(2, 2))
CHUNKS = 80  # whoever has sent fewer is not through


@pytest.fixture
def at(launch, tmp_path):
    return launch(Coordinator(tmp_path / "coordinator", SETTINGS))


@pytest.fixture
def troupe(launch, tmp_path, at):
    return Troupe(launch, tmp_path, at, SETTINGS)


def accepted(at, phase, count):
    """Waits until so many messages of the running phase count."""
    at.wait_for(lambda state: state["round"]["messages"][phase]["accepted"] == count)


def sent(member):
    return sum(event["event"] == "sent" for event in member.program.events)


def comes_back(at):
    """Starts it, after somebody else has turned everybody away, each more than once."""
    with Unavailable(at.port) as nobody:
        nobody.wait_for(15)
    at.start()


def ends_with(troupe, updaters):
    """Round 1, the one that was disturbed, has everybody in it."""
    troupe.agrees_with(updaters)
    first = troupe.at.state()["lastRounds"][0]
    counts = [first[phase] for phase in ("sum", "update", "sum2")]
    assert (first["id"], first["reason"], counts) == (1, None, [2, 3, 2])


def test_killed_in_update_when_one_is_in_one_half_sent_and_one_not_begun(at, troupe):
    for kind in (WHEEL, CRATE_IN_SMALL_CHUNKS):
        troupe.summer(kind)
    updaters = troupe.updaters([WHEEL], (1.0,))
    accepted(at, "update", 1)
    updaters += troupe.updaters([WHEEL_ASYNC], (0.3,), start=1)
    updaters[1].program.freeze()
    updaters += troupe.updaters([CRATE_IN_SMALL_CHUNKS], (0.5,), start=2)
    updaters[2].program.wait_for("sent", count=5)
    at.kill()
    assert sent(updaters[2]) < CHUNKS
    updaters[1].program.thaw()
    comes_back(at)
    ends_with(troupe, updaters)


def test_killed_in_sum2_when_one_mask_is_half_sent_and_one_not_begun(at, troupe):
    wheel, crate = (troupe.summer(kind) for kind in (WHEEL, CRATE_IN_SMALL_CHUNKS))
    at.wait_for_phase("Update")
    wheel.program.freeze()
    updaters = troupe.updaters([WHEEL, WHEEL_ASYNC, CRATE_IN_SMALL_CHUNKS])
    crate.program.wait_for("sent", count=1 + 5)
    at.kill()
    assert sent(crate) < CHUNKS
    wheel.program.thaw()
    comes_back(at)
    ends_with(troupe, updaters)


def refusals(wheel):
    """How often it was told to come again, by its log."""
    return wheel.log.read_text().count("503 Service Unavailable")


def test_paused_in_update_for_longer_than_anybody_waits_between_two_tries(at, troupe):
    for kind in (WHEEL, CRATE_IN_SMALL_CHUNKS):
        troupe.summer(kind)
    at.wait_for_phase("Update")
    at.want(1, desiredState="Paused")
    at.wait_for(lambda state: state["paused"])
    updaters = troupe.updaters([WHEEL, WHEEL_ASYNC, CRATE_IN_SMALL_CHUNKS])
    *wheels, crate = (each.program for each in updaters)
    tries = 0
    while any(refusals(wheel) < 3 for wheel in wheels):
        tries += 1
        crate.wait_for("not_sent", count=tries)  # the crate tries again every 50 ms
    at.want(2, desiredState="Running")
    ends_with(troupe, updaters)
