"""Wheel, crate and our SDK together in one round, at either coordinator, and in two in a row."""

import pytest

from pairings import (
    CRATE,
    CRATE_CHUNKED,
    CRATE_IN_SMALL_CHUNKS,
    OURS,
    OURS_ASYNC,
    OURS_CHUNKED,
    WHEEL,
    WHEEL_ASYNC,
    settings,
)
from roles import task

pytestmark = pytest.mark.peers

UPDATERS = [WHEEL, CRATE_CHUNKED, OURS, WHEEL_ASYNC, CRATE, OURS_CHUNKED]
SCALARS = (1.0, 0.5, 0.3, 0.7, 1 / 3, 2.0)
WANTED = settings(
    length=2000,
    sum_count=(3, 3),
    update_count=(6, 6),
    sum2_count=(3, 3),
    mask=("Prime", "F32", "B0", "M3"),
)


@pytest.fixture(
    params=["at_ours", pytest.param("at_cluster", marks=pytest.mark.servers), "at_published"]
)
def begin(request):
    return request.getfixturevalue(request.param)


def test_everybody_in_one_round_whose_sum_participants_agree(begin):
    """Masks must be the same bytes, whoever added them up, or the round fails."""
    troupe = begin(WANTED)
    for kind in (WHEEL, CRATE_IN_SMALL_CHUNKS, OURS_ASYNC):
        troupe.summer(kind)
    troupe.agrees_with(troupe.updaters(UPDATERS, SCALARS))


def test_two_rounds_in_a_row(begin):
    """Three update participants are in both. The others come and go, because nobody can know
    beforehand whom the second round chooses; it waits for its sum participant."""
    troupe = begin(settings(mask=("Power2", "F64", "B2", "M6"), update_count=(4, 4)))
    summer = troupe.summer(CRATE)
    updaters = troupe.updaters([WHEEL, CRATE, OURS, OURS_ASYNC], SCALARS[:4])
    first = troupe.agrees_with(updaters)
    summer.program.stop()
    updaters.pop().program.stop()
    stay = [each for each in updaters if task(each.seed, troupe.parameters()) == "update"]
    missing = 4 - len(stay)  # one, unless somebody was chosen against all odds
    come = troupe.updaters([WHEEL_ASYNC] * missing, SCALARS[:missing], start=4)
    troupe.summer(WHEEL)
    assert troupe.agrees_with([*stay, *come]) != first
