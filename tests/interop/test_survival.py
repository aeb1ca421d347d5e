"""Clients, published ones and ours, outlive what happens to a coordinator, and in the end everybody
is in the round: a pause, a store that is away, few connections, a failed round, a late start.

(`kill -9` of our coordinator is in test_kills.py.)
"""

from pathlib import Path

import numpy as np
import pytest

from coordinators import Coordinator
from counters import counted, wait_until_counted
from federation import Participant, drawn
from one_round import encoded
from pairings import (
    CRATE,
    CRATE_IN_SMALL_CHUNKS,
    OURS,
    OURS_ASYNC,
    OURS_IN_SMALL_CHUNKS,
    WHEEL,
    WHEEL_ASYNC,
    Member,
    Troupe,
    settings,
)
from roles import task
from unavailable import Unavailable
from xaynet_pet import Sum2Payload, Tag, derive_mask, sum_signature

pytestmark = pytest.mark.peers

EVERYBODY = (WHEEL, CRATE_IN_SMALL_CHUNKS, OURS)
MESSAGES, REQUESTS = "xaynet_messages_total", "xaynet_http_requests_total"


def another_round(troupe: Troupe, updaters: list[Member]) -> None:
    """The round now running ends well with all those that were update participants before, and
    with a new sum participant. (One that is chosen to sum, against all odds, is replaced.)"""
    chosen = [each for each in updaters if task(each.seed, troupe.parameters()) == "update"]
    missing = len(updaters) - len(chosen)
    chosen += troupe.updaters([CRATE] * missing, [1.0] * missing)
    troupe.summer(WHEEL)
    troupe.agrees_with(chosen)


def test_our_sdk_waits_out_a_pause(at_ours):
    """It comes again after the 10 s that it is asked to wait, where the published clients come
    again and again (test_trouble.py)."""
    troupe = at_ours(settings(length=300))
    troupe.summer(OURS)
    troupe.at.wait_for_phase("Update")
    troupe.at.want(1, desiredState="Paused")
    troupe.at.wait_for(lambda state: state["paused"])
    updaters = troupe.updaters((OURS, OURS_ASYNC, OURS_IN_SMALL_CHUNKS))
    wait_until_counted(troupe.at, 3, MESSAGES, outcome="retry", reason="paused")
    assert counted(troupe.at, REQUESTS, path="/params", status="503") == 0
    troupe.at.want(2, desiredState="Running")
    troupe.agrees_with(updaters)


def test_a_service_that_was_finished_goes_on_with_everybody(at_ours):
    """Old clients are told nothing of the end: they wait, and find the next round."""
    troupe = at_ours(settings())
    troupe.at.want(1, rounds=1)
    summer = troupe.summer(CRATE)
    updaters = troupe.updaters((WHEEL, WHEEL_ASYNC, OURS))
    troupe.at.wait_for_phase("Completed")
    summer.program.stop()
    troupe.at.want(2, rounds=3)
    troupe.agrees_with(updaters)
    another_round(troupe, updaters)


def test_a_failed_round_is_followed_by_one_with_everybody(at_ours):
    troupe = at_ours(settings(length=50))
    params = troupe.at.params()
    [liar] = drawn(params, Tag.SUM, 1)
    troupe.at.post(liar.sealed(liar.sum(params)))
    updaters = troupe.updaters(EVERYBODY)
    post_wrong_mask(troupe.at, liar)
    state = troupe.at.wait_for(lambda state: state["rounds"]["failed"] == 1 and state["round"])
    assert state["lastRounds"][0]["reason"] == "implausible-mask"
    troupe.round += 1
    another_round(troupe, updaters)


def post_wrong_mask(at: Coordinator, liar: Participant) -> None:
    """A sum participant sends the mask of nobody."""
    params, state = at.params(), at.wait_for_phase("Sum2")
    while at.get("/seeds", pk=encoded(liar)) is None:
        state = at.state(after=state["revision"])
    mask = derive_mask(bytes(32), params.mask_config, params.model_length)
    payload = Sum2Payload(sum_signature(liar.keys, params.seed), mask)
    assert at.post(liar.sealed(liar.message(params, payload))) == "accepted"


@pytest.mark.servers
def test_a_round_whose_redis_was_away_goes_on_with_everybody(at_cluster):
    troupe = at_cluster(settings(length=300))
    updaters = troupe.updaters(EVERYBODY)
    held = [each.program for each in updaters[:2]]
    for program in held:
        program.freeze()
    troupe.summer(WHEEL)
    troupe.at.wait_for(lambda state: state["round"]["messages"]["update"]["accepted"] == 1)
    troupe.at.stores.redis.kill()
    troupe.at.wait_for(lambda state: not state["store"]["available"])
    for program in held:
        program.thaw()
    wait_until_counted(troupe.at, 6, REQUESTS, path="/params", status="503")
    troupe.at.stores.redis.start()
    troupe.agrees_with(updaters)


class Crowded(Coordinator):
    """It has room for few connections, and none for those that are silent for a moment."""

    def environment(self) -> dict[str, str]:
        return {"XAYNET_API__MAX_CONNECTIONS": "3", "XAYNET_API__IDLE_TIMEOUT": "0.25"}


def test_connections_that_are_closed_between_two_requests_cost_nobody_the_round(launch, tmp_path):
    chosen = settings(length=300)
    at = launch(Crowded(tmp_path / "coordinator", chosen))
    troupe = Troupe(launch, tmp_path, at, chosen)
    updaters = troupe.updaters(EVERYBODY)
    troupe.summer(WHEEL)
    troupe.agrees_with(updaters)
    assert counted(at, "xaynet_http_connections_ended_total", port="public") > 0


def test_participants_may_be_there_before_the_coordinator(launch, tmp_path: Path):
    """Whichever three of the four are counted, the mean is the same: they bring the same model."""
    at = Coordinator(tmp_path / "coordinator", settings())
    troupe = Troupe(launch, tmp_path, at, settings())
    weights = np.array([0.1, -0.2, 1 / 3, 0.9], np.float32)
    with Unavailable(at.port) as nobody:
        kinds = (WHEEL, WHEEL_ASYNC, OURS, WHEEL)
        early = [troupe.newcomer(kind, weights, 0.3) for kind in kinds]
        nobody.wait_for(12)
    launch(at)
    troupe.summer(CRATE)
    troupe.agrees_with(early[:3])


def test_a_published_coordinator_that_lost_its_round_finds_everybody_in_the_next(at_published):
    """What our SDK promises there is what the published clients do."""
    troupe = at_published(settings(length=300))
    updaters = troupe.updaters(EVERYBODY)
    updaters[2].round_begins(1)
    held = updaters[2].program
    held.freeze()
    summer = troupe.summer(CRATE)
    updaters[1].program.wait_for("finished")
    summer.program.stop()
    troupe.at.restart()
    held.thaw()
    troupe.round += 1
    another_round(troupe, updaters)
