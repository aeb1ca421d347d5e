"""A model of ordinary size: a message of a third of a megabyte, whole or in ninety chunks."""

import pytest

from pairings import CRATE_CHUNKED, OURS, WHEEL, settings

pytestmark = pytest.mark.peers

LENGTH = 55_117


@pytest.mark.parametrize("begin", ["at_ours", "at_published"])
def test_a_large_model_is_averaged_exactly(request, begin):
    troupe = request.getfixturevalue(begin)(settings(LENGTH, sum_count=(2, 2), sum2_count=(2, 2)))
    updaters = troupe.updaters((WHEEL, CRATE_CHUNKED, OURS))
    for kind in (WHEEL, CRATE_CHUNKED):
        troupe.summer(kind)
    troupe.agrees_with(updaters)
