"""Our SDK alone at the published coordinator: both ways of its API, and many ways of masking."""

import pytest

from pairings import OURS, OURS_ASYNC, OURS_CHUNKED, label, settings

pytestmark = pytest.mark.peers

ROUNDS = [
    (OURS, 2000, ("Prime", "F32", "B0", "M3")),
    (OURS_ASYNC, 4, ("Prime", "F32", "B0", "M3")),
    (OURS_CHUNKED, 2000, ("Power2", "F32", "B6", "M3")),
    (OURS, 4, ("Integer", "F64", "B2", "M6")),
    (OURS, 1, ("Prime", "F64", "Bmax", "M3")),
    (OURS_ASYNC, 1, ("Power2", "I32", "B4", "M3")),
    (OURS, 4, ("Prime", "I64", "B6", "M9")),
]


@pytest.mark.parametrize(("kind", "length", "mask"), ROUNDS, ids=label)
def test_the_model_is_exactly_the_mean(at_published, kind, length, mask):
    troupe = at_published(settings(length, mask))
    troupe.summer(kind)
    troupe.agrees_with(troupe.updaters([kind] * 3))
