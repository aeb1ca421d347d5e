"""One round under any order of events.

In every order of ticks, with any request failing before or after the coordinator has heard it, and
any participant restarted from its saved state at any moment:

- the coordinator refuses nothing: no message comes twice, late, or for another round;
- a message that is repeated is repeated with the same bytes;
- the round ends, and its global model is the exact weighted mean.
"""

from hypothesis import given, settings
from hypothesis import strategies as st

from sdk_rounds import finish_round, joined, take_part, weighted_mean
from tiny_coordinator import TinyCoordinator, answer_lost, connection_refused, status
from xaynet_pet import EncryptionKeyPair, Message

MODELS = ([0.5, -1.0], [1.0, 0.25], [-0.75, 1 / 3])
SCALARS = (1.0, 0.25, 0.7)
SUMS = 2

participants = st.integers(0, SUMS + len(MODELS) - 1)
paths = st.sampled_from(["/params", "/sums", "/seeds", "/message"])
faults = st.sampled_from([connection_refused, answer_lost, lambda: status(503)])
ticks = st.tuples(st.just("tick"), participants, st.integers(1, 4))
restarts = st.tuples(st.just("restart"), participants)
failures = st.tuples(st.just("fail"), paths, faults)
events = st.lists(st.one_of(ticks, ticks, restarts, failures), max_size=60)


@settings(max_examples=60, deadline=None)
@given(events=events, size=st.sampled_from([None, 210]))
def test_a_round_is_exact_in_every_order_of_events(events, size):
    coordinator = TinyCoordinator(length=2, sums=SUMS)
    summers, updaters = take_part(coordinator, MODELS, SCALARS, SUMS, max_message_size=size)
    everyone = summers + updaters
    keys = coordinator.keys
    for event in events:
        if coordinator.rounds == 1:
            happen(event, coordinator, everyone)
    if coordinator.rounds == 1:
        finish_round(coordinator, everyone)
    assert coordinator.rejections == []
    assert coordinator.model.fractions() == weighted_mean(coordinator.config, MODELS, SCALARS)
    assert_repeated_with_the_same_bytes(coordinator.posts, keys)


def happen(event, coordinator, everyone):
    match event:
        case ("tick", i, count):
            for _ in range(count if coordinator.rounds == 1 else 0):
                everyone[i].tick()
        case ("restart", i):
            everyone[i] = joined(coordinator, state=everyone[i].save())
        case ("fail", path, fault):
            coordinator.fail(path, fault())


def assert_repeated_with_the_same_bytes(posts: list[bytes], keys: EncryptionKeyPair) -> None:
    boxes: dict[bytes, bytes] = {}
    for sealed in posts:
        signed = keys.open(sealed)
        assert Message.parse(signed)
        assert boxes.setdefault(signed, sealed) == sealed
