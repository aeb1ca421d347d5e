"""Published clients alone at our coordinator: every make of them, and many ways of masking."""

import pytest

from pairings import (
    CRATE,
    CRATE_CHUNKED,
    CRATE_IN_SMALL_CHUNKS,
    WHEEL,
    WHEEL_ASYNC,
    label,
    settings,
)

pytestmark = pytest.mark.peers

KINDS = [WHEEL, WHEEL_ASYNC, CRATE, CRATE_CHUNKED, CRATE_IN_SMALL_CHUNKS]
MASKS = [
    (WHEEL, 4, ("Integer", "F64", "B2", "M6")),
    (WHEEL, 1, ("Power2", "I32", "B4", "M3")),
    (WHEEL, 4, ("Prime", "I32", "Bmax", "M3")),
    (WHEEL_ASYNC, 4, ("Prime", "I64", "B6", "M9")),
    (CRATE, 1, ("Prime", "F64", "Bmax", "M3")),
    (CRATE_CHUNKED, 2000, ("Power2", "F64", "B4", "M12")),
    (CRATE, 4, ("Integer", "I64", "B2", "M3")),
    (CRATE_IN_SMALL_CHUNKS, 4, ("Prime", "I32", "B6", "M6")),
]


def one_round(troupe, kind):
    summer = troupe.summer(kind)
    troupe.agrees_with(troupe.updaters([kind] * 3))
    return summer


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_two_thousand_weights_are_averaged_exactly(at_ours, kind):
    summer = one_round(at_ours(settings(length=2000)), kind)
    if kind.max_message_size:
        sizes = [event["bytes"] for event in summer.program.events if event["event"] == "sent"]
        assert len(sizes) > 3
        assert max(sizes) <= kind.max_message_size


@pytest.mark.parametrize(("kind", "length", "mask"), MASKS, ids=label)
def test_models_of_every_type_are_averaged_exactly(at_ours, kind, length, mask):
    one_round(at_ours(settings(length, mask)), kind)
