"""The four hot paths as the product runs them, each with its floor.

derive         derive_mask
accept         inbox.examine, as a worker thread runs it for a posted body, and the committer's
               addition: bytes in to commit-ready
accept alone   and what else is done once for each group of updates that came during the last
               commit: the aggregate as bytes, their digest, their encryption
mask           mask_model
unmask         Aggregation.unmask, which validates the mask and reduces the fractions
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from federation import Participant, drawn
from floors import Opening, keystream, keystream_bytes, passes
from stopwatches import Seconds, medians
from xaynet_coordinator.at_rest import Vault
from xaynet_coordinator.board import Board
from xaynet_coordinator.inbox import Submission, examine
from xaynet_coordinator.record import Phase
from xaynet_coordinator.rounds import Round
from xaynet_pet import (
    Aggregation,
    EncryptionKeyPair,
    MaskConfig,
    MaskConfigPair,
    RoundParameters,
    Tag,
    derive_mask,
    mask_model,
)

SEED = bytes(range(32))


@dataclass(frozen=True)
class Path:
    """One path and its floor, medians of the same run."""

    name: str
    ours: Seconds
    floor: Seconds

    @property
    def ratio(self) -> float:
        """How many times the floor it takes of the processor."""
        return self.ours.cpu / self.floor.cpu


@dataclass(frozen=True)
class Workload:
    """A round of one configuration and length, and one participant's update in it."""

    config: MaskConfig
    length: int

    @property
    def pair(self) -> MaskConfigPair:
        return MaskConfigPair.uniform(self.config)

    @property
    def weights(self) -> np.ndarray:
        return np.random.default_rng(1).uniform(-1, 1, self.length).astype(np.float32)

    def round(self) -> Round:
        keys = EncryptionKeyPair.from_seed(SEED)
        params = RoundParameters(keys.public, 0.5, 1.0, SEED, self.pair, self.length)
        key, _ = Vault(SEED, "bench", bytes).new_key("1")
        return Round(1, keys, params, key)


def measure(work: Workload, runs: int) -> Iterator[Path]:
    """All paths, one after the other."""
    yield derive(work, runs)
    yield from accept(work, runs)
    yield mask(work, runs)
    yield unmask(work, runs)


def against_floor(
    name: str, runs: int, ours: Callable[[], object], floor: Callable[[], object]
) -> Path:
    """Ours and the floor in turn."""
    taken = medians({"ours": ours, "floor": floor}, runs)
    return Path(name, taken["ours"], taken["floor"])


def derive(work: Workload, runs: int) -> Path:
    count = keystream_bytes(work.config, work.length)
    return against_floor(
        "derive",
        runs,
        lambda: derive_mask(SEED, work.pair, work.length),
        lambda: keystream(SEED, count),
    )


def accept(work: Workload, runs: int) -> Iterator[Path]:
    """One update of many in its group, and one that is alone in it."""
    at = work.round()
    summer: Participant = drawn(at.params, Tag.SUM, 1)[0]
    updater: Participant = drawn(at.params, Tag.UPDATE, 1)[0]
    sums = {summer.pk: summer.ephemeral(at.params).public}
    body = updater.sealed(updater.update(at.params, sums, work.weights))
    board = Board(phase=Phase.UPDATE, round=at, sums=sums)

    def add(aggregation: Aggregation) -> None:
        submission = examine(body, board, at)
        assert isinstance(submission, Submission), submission
        aggregation.add(submission.payload.masked_model)

    def add_and_seal(aggregation: Aggregation) -> None:
        add(aggregation)
        data = aggregation.total.to_bytes()
        hashlib.sha256(data).digest()
        at.key.seal("partial", data)

    opening, vector = Opening(body, at.keys.secret), np.zeros(work.length, np.uint64)
    verify = opening.faster()

    def floor() -> None:
        verify(opening.open())
        passes(vector)

    in_group, alone = (Aggregation(work.pair, work.length) for _ in range(2))
    actions = {
        "accept": lambda: add(in_group),
        "accept alone": lambda: add_and_seal(alone),
        "floor": floor,
    }
    taken = medians(actions, runs)
    yield Path("accept", taken["accept"], taken["floor"])
    yield Path("accept alone", taken["accept alone"], taken["floor"])


def mask(work: Workload, runs: int) -> Path:
    weights, vector = work.weights, np.zeros(work.length, np.uint64)
    count = keystream_bytes(work.config, work.length)

    def floor() -> None:
        keystream(SEED, count)
        passes(vector)

    return against_floor("mask", runs, lambda: mask_model(weights, 1.0, work.pair, SEED), floor)


def unmask(work: Workload, runs: int) -> Path:
    """Three updates of one model; the copies that unmasking needs are made before."""
    summed = Aggregation(work.pair, work.length)
    mask_sum = Aggregation(work.pair, work.length)
    for number in range(3):
        seed = bytes([number]) * 32
        summed.add(mask_model(work.weights, 1.0, work.pair, seed))
        mask_sum.add(derive_mask(seed, work.pair, work.length))
    total, copies = mask_sum.total, [summed.copy() for _ in range(runs + 1)]
    vector = np.zeros(work.length, np.uint64)
    return against_floor(
        "unmask", runs, lambda: copies.pop().unmask(total), lambda: passes(vector, 3)
    )
