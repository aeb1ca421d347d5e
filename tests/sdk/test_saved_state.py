"""A saved state goes on where the participant stood, in this process or in another one."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from sdk_rounds import SUM, UPDATE, URL, joined, key_seed, settle, take_part, weighted_mean
from tiny_coordinator import TinyCoordinator, answer_lost, serving, status
from xaynet_pet import Tag
from xaynet_sdk import saved_state, states
from xaynet_sdk.exceptions import ParticipantRestore, UninitializedParticipant
from xaynet_sdk.xaynet_sdk import Participant

SCALARS = (1.0, 0.25, 0.7)
MODELS = ([0.5, -1.0, 0.125, 1e-7], [1.0, 0.0, -0.3, 2.0], [-0.75, 1 / 3, 1.0, -5.0])

GO_ON = """
import json, sys
from xaynet_sdk.xaynet_sdk import Participant
url, state = json.load(sys.stdin)
participant = Participant(url, 1.0, state)
participant.tick()
while participant.made_progress():
    participant.tick()
json.dump([participant.task(), participant.save()], sys.stdout)
"""


def restored(coordinator: TinyCoordinator, participant: Participant) -> Participant:
    return joined(coordinator, state=participant.save())


def session_of(state: list[int]) -> states.Session:
    return saved_state.restore(bytes(state))


def test_a_round_survives_a_restart_after_every_single_tick():
    coordinator = TinyCoordinator()
    summers, updaters = take_part(coordinator, MODELS, SCALARS, max_message_size=400)
    participants, visited = summers + updaters, set()
    while coordinator.rounds == 1:
        for i, participant in enumerate(participants):
            if coordinator.rounds == 1:
                participant.tick()
                state = participant.save()
                visited.add(type(session_of(state).state))
                participants[i] = joined(coordinator, state=state)
    assert coordinator.rejections == []
    assert coordinator.model.fractions() == weighted_mean(coordinator.config, MODELS, SCALARS)
    assert visited == set(saved_state.STATES.values())


def test_a_state_goes_on_in_another_process():
    coordinator = TinyCoordinator()
    (summer,), updaters = take_part(coordinator, MODELS, SCALARS)
    for participant in [summer, *updaters[1:]]:
        settle(participant)
    with serving(coordinator) as url:
        for task, participant in ((UPDATE, updaters[0]), (SUM, summer)):
            assert go_on_elsewhere(url, participant.save())[0] == task
    assert coordinator.rejections == []
    assert coordinator.model.fractions() == weighted_mean(coordinator.config, MODELS, SCALARS)


def go_on_elsewhere(url: str, state: list[int]) -> tuple[int, list[int]]:
    run = subprocess.run(
        [sys.executable, "-c", GO_ON],
        input=json.dumps([url, state]),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return tuple(json.loads(run.stdout))


@pytest.mark.parametrize("size", [None, 200], ids=["whole", "in parts"])
def test_an_unanswered_message_is_repeated_with_the_same_bytes_after_a_restart(size):
    coordinator = TinyCoordinator()
    participant = joined(coordinator, seed=key_seed(coordinator, SUM), max_message_size=size)
    coordinator.fail("/message", answer_lost())
    settle(participant)
    participant = restored(coordinator, participant)
    settle(participant)
    assert coordinator.posts[0] == coordinator.posts[1]
    assert coordinator.accepted[Tag.SUM] == 1
    assert coordinator.rejections == []


def test_an_answered_message_is_not_sent_again_after_a_restart():
    coordinator = TinyCoordinator(sums=2)
    participant = joined(coordinator, seed=key_seed(coordinator, SUM))
    settle(participant)
    settle(restored(coordinator, participant))
    assert len(coordinator.posts) == 1


def test_a_model_that_waits_for_its_round_is_saved_too():
    coordinator = TinyCoordinator()
    participant = joined(coordinator, seed=key_seed(coordinator, UPDATE))
    settle(participant)
    participant.set_model(MODELS[1])
    participant = restored(coordinator, participant)
    assert not participant.should_set_model()
    coordinator.phase = Tag.UPDATE
    settle(participant)
    assert coordinator.accepted[Tag.UPDATE] == 1


def test_a_restored_update_participant_without_a_model_asks_for_one():
    coordinator = TinyCoordinator()
    participant = joined(coordinator, seed=key_seed(coordinator, UPDATE))
    settle(participant)
    participant = restored(coordinator, participant)
    assert participant.task() == UPDATE
    assert participant.should_set_model()


def test_a_message_on_its_way_is_reported_as_a_task_after_a_restart():
    coordinator = TinyCoordinator()
    summers, _ = take_part(coordinator, MODELS, SCALARS)
    coordinator.fail("/message", status(503))
    settle(summers[0])
    assert restored(coordinator, summers[0]).task() == SUM


def test_the_scalar_and_the_message_size_come_from_the_state():
    coordinator = TinyCoordinator()
    saved = joined(coordinator, scalar=0.25, max_message_size=300).save()
    session = session_of(Participant(URL, 1.0, saved, max_message_size=500).save())
    assert (session.scalar, session.max_message_size) == (0.25, 300)


@pytest.mark.parametrize("kind", [list, tuple, bytes, bytearray])
def test_a_state_may_be_given_as_bytes_or_as_integers(kind):
    saved = Participant(URL, 1.0).save()
    assert all(isinstance(number, int) for number in saved)
    assert Participant(URL, 1.0, kind(saved)).save() == saved


def test_a_saved_participant_is_used_up():
    participant = Participant(URL, 1.0)
    participant.save()
    for method in ("tick", "save", "task", "global_model", "made_progress", "new_global_model"):
        with pytest.raises(UninitializedParticipant, match=method):
            getattr(participant, method)()
    with pytest.raises(UninitializedParticipant):
        participant.set_model([])


def test_whatever_is_no_state_is_refused():
    saved = Participant(URL, 1.0).save()
    of_the_published_sdk = [1, 0, 0, 0, 32, *bytes(256)]
    newer = [*saved[:16], 2, *saved[17:]]
    for state in ([], b"", [300], [-1], of_the_published_sdk, saved[:-1], [*saved, 0], newer):
        with pytest.raises(ParticipantRestore, match="failed to restore"):
            Participant(URL, 1.0, state)
    for state in ("abc", 5, 1.0):
        with pytest.raises(TypeError):
            Participant(URL, 1.0, state)


def test_every_change_of_a_byte_is_noticed():
    saved = Participant(URL, 1.0).save()
    for position in range(len(saved)):
        damaged = list(saved)
        damaged[position] ^= 1
        with pytest.raises(ParticipantRestore):
            Participant(URL, 1.0, damaged)


def test_states_of_version_1_can_be_restored_for_ever():
    stored = json.loads((Path(__file__).parent / "saved_states_v1.json").read_text())
    assert stored.keys() == saved_state.STATES.keys()
    for name, state in stored.items():
        session = saved_state.restore(bytes.fromhex(state))
        assert type(session.state).__name__ == name
        assert saved_state.save(session).hex() == state


def test_a_session_shows_no_secret():
    coordinator = TinyCoordinator()
    participant = joined(coordinator, seed=key_seed(coordinator, SUM))
    settle(participant)
    session = session_of(participant.save())
    for secret in (session.keys.seed, session.state.ephemeral.secret):
        assert repr(secret) not in repr(session)
