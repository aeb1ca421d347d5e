"""Participants of the Python API as users start them: with keys of their own, stopped, restored."""

import numpy as np
import pytest

from pairings import CRATE, OURS, OURS_ASYNC, WHEEL, WHEEL_ASYNC, label, settings

pytestmark = pytest.mark.peers

PAIRINGS = [
    ("at_ours", WHEEL),
    ("at_ours", WHEEL_ASYNC),
    ("at_published", OURS),
    ("at_published", OURS_ASYNC),
]


@pytest.mark.parametrize(("begin", "kind"), PAIRINGS, ids=label)
def test_newcomers_bring_their_own_keys_and_scalar(request, begin, kind):
    """Whichever three of the four are counted, the mean is the same: they bring the same model.
    One more than needed, should the round have chosen one of them to sum against all odds."""
    troupe = request.getfixturevalue(begin)(settings())
    weights = np.array([0.1, -0.2, 1 / 3, 0.9], np.float32)
    troupe.summer(CRATE)
    newcomers = [troupe.newcomer(kind, weights, 0.3) for _ in range(4)]
    troupe.agrees_with(newcomers[:3])


@pytest.mark.parametrize(("begin", "kind"), PAIRINGS, ids=label)
def test_a_sum_participant_goes_on_in_another_process(request, begin, kind):
    troupe = request.getfixturevalue(begin)(settings())
    summer = troupe.summer(kind)
    updaters = troupe.updaters([CRATE, CRATE], (1.0, 0.5))
    for updater in updaters:
        updater.program.wait_for("finished")  # so the sum message was counted long ago
    troupe.goes_on_elsewhere(summer)
    updaters += troupe.updaters([CRATE], (0.3,), start=2)
    troupe.agrees_with(updaters)
