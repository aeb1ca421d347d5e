"""Participants of the SDK for tests, without threads and without a network."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction

from exact import global_model
from tiny_coordinator import TinyCoordinator
from xaynet_pet import (
    MaskConfig,
    SigningKeyPair,
    is_sum_participant,
    is_update_participant,
    sum_signature,
    update_signature,
)
from xaynet_pet.weights import as_weights
from xaynet_sdk.client import http_client
from xaynet_sdk.xaynet_sdk import Participant

URL = "http://coordinator"
NONE, SUM, UPDATE = range(3)


def task_of(keys: SigningKeyPair, coordinator: TinyCoordinator) -> int:
    """The task of these keys in the coordinator's current round."""
    seed = coordinator.params.seed
    signatures = sum_signature(keys, seed), update_signature(keys, seed)
    if is_sum_participant(keys.public, signatures[0], coordinator.params):
        return SUM
    chosen = is_update_participant(keys.public, *signatures, coordinator.params)
    return UPDATE if chosen else NONE


def randomness(seed: bytes) -> Callable[[int], bytes]:
    """Reproducible random bytes; the first 32 are the seed, and so become the signing keys."""
    stream = iter(hashlib.shake_256(seed).digest(1 << 16))
    first = [seed]
    return lambda n: first.pop() if first else bytes(next(stream) for _ in range(n))


def key_seed(coordinator: TinyCoordinator, task: int, number: int = 0) -> bytes:
    """A signing seed (the `number`-th) that has this task in the current round."""
    for i in range(10_000):
        seed = hashlib.sha256(b"participant %d" % i).digest()
        if task_of(SigningKeyPair.from_seed(seed), coordinator) == task:
            number -= 1
            if number < 0:
                return seed
    raise AssertionError("no such participant in this round")


def joined(
    coordinator: TinyCoordinator,
    *,
    seed: bytes | None = None,
    scalar: float = 1.0,
    max_message_size: int | None = None,
    state: Sequence[int] | None = None,
) -> Participant:
    """A participant of this coordinator. `seed`: its signing seed."""
    return Participant(
        URL,
        scalar,
        state,
        max_message_size=max_message_size,
        http=http_client(coordinator.transport()),
        **({} if seed is None else {"random": randomness(seed)}),
    )


def settle(participant: Participant, limit: int = 400) -> int:
    """Tick until nothing changes any more; the number of ticks that made progress."""
    for count in range(limit):
        participant.tick()
        if not participant.made_progress():
            return count
    raise AssertionError(f"still busy after {limit} ticks")


def take_part(
    coordinator: TinyCoordinator,
    models: Sequence[Sequence[float]],
    scalars: Sequence[float],
    sums: int = 1,
    max_message_size: int | None = None,
) -> tuple[list[Participant], list[Participant]]:
    """Sum participants and update participants of the current round, whose models are set."""

    def chosen(task: int, number: int, scalar: float = 1.0) -> Participant:
        seed = key_seed(coordinator, task, number)
        return joined(coordinator, seed=seed, scalar=scalar, max_message_size=max_message_size)

    summers = [chosen(SUM, i) for i in range(sums)]
    updaters = [chosen(UPDATE, i, scalar) for i, scalar in enumerate(scalars)]
    for updater, model in zip(updaters, models, strict=True):
        updater.tick()
        updater.set_model(list(model))
    return summers, updaters


def finish_round(coordinator: TinyCoordinator, participants: Sequence[Participant]) -> None:
    """Tick everyone in turn until the coordinator has begun another round."""
    ended = coordinator.rounds + 1
    for _ in range(1000):
        for participant in participants:
            participant.tick()
            if coordinator.rounds == ended:
                return
    raise AssertionError(f"stuck in the {coordinator.phase.name} phase")


def weighted_mean(
    config: MaskConfig, models: Iterable[Sequence[float]], scalars: Iterable[float]
) -> list[Fraction]:
    """The global model of these local models, exactly."""
    weights = [as_weights(model, config.data_type).tolist() for model in models]
    return global_model(zip(weights, scalars, strict=True), config.parts)
