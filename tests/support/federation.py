"""Participants for tests of the coordinator: who is drawn, what they send, what must come out.

Everything is derived from small numbers, so that a failing test can be run again: participant `n`
signs with a key of its own, and `drawn` finds those that a round selects for a task.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import count, islice

import numpy as np

from xaynet_pet import (
    Aggregation,
    EncryptionKeyPair,
    MaskObject,
    Message,
    RoundParameters,
    SeedDict,
    SigningKeyPair,
    Sum2Payload,
    SumDict,
    SumPayload,
    Tag,
    UpdatePayload,
    decrypt_seed,
    derive_mask,
    encode,
    encrypt_seed,
    is_sum_participant,
    is_update_participant,
    mask_model,
    seal,
    sum_signature,
    update_signature,
)
from xaynet_pet.rounds import LocalSeedDict


def secret(*parts: object) -> bytes:
    """32 bytes that belong to these names."""
    return hashlib.sha256(repr(parts).encode()).digest()


@dataclass(frozen=True)
class Participant:
    """One participant; its ephemeral keys and mask seeds are new in each round."""

    number: int

    @property
    def keys(self) -> SigningKeyPair:
        return SigningKeyPair.from_seed(secret("participant", self.number))

    @property
    def pk(self) -> bytes:
        return self.keys.public

    def ephemeral(self, params: RoundParameters) -> EncryptionKeyPair:
        return EncryptionKeyPair.from_seed(secret("ephemeral", self.number, params.seed))

    def mask_seed(self, params: RoundParameters) -> bytes:
        return secret("mask", self.number, params.seed)

    def is_sum(self, params: RoundParameters) -> bool:
        return is_sum_participant(self.pk, sum_signature(self.keys, params.seed), params)

    def is_update(self, params: RoundParameters) -> bool:
        signatures = sum_signature(self.keys, params.seed), update_signature(self.keys, params.seed)
        return is_update_participant(self.pk, *signatures, params)

    def message(self, params: RoundParameters, payload: object) -> Message:
        return Message(self.pk, params.pk, payload)

    def sum(self, params: RoundParameters) -> Message:
        signature = sum_signature(self.keys, params.seed)
        return self.message(params, SumPayload(signature, self.ephemeral(params).public))

    def update(
        self,
        params: RoundParameters,
        sums: Mapping[bytes, bytes],
        weights: Sequence[float],
        scalar: float = 1.0,
    ) -> Message:
        seed = self.mask_seed(params)
        masked = mask_model(weights, scalar, params.mask_config, seed)
        seeds = LocalSeedDict({pk: encrypt_seed(seed, ephemeral) for pk, ephemeral in sums.items()})
        signatures = sum_signature(self.keys, params.seed), update_signature(self.keys, params.seed)
        return self.message(params, UpdatePayload(*signatures, masked, seeds))

    def sum2(self, params: RoundParameters, seeds: Mapping[bytes, bytes]) -> Message:
        mask = self.mask(params, seeds)
        return self.message(params, Sum2Payload(sum_signature(self.keys, params.seed), mask))

    def mask(self, params: RoundParameters, seeds: Mapping[bytes, bytes]) -> MaskObject:
        total = Aggregation(params.mask_config, params.model_length)
        for encrypted in seeds.values():
            seed = decrypt_seed(encrypted, self.ephemeral(params))
            total.add(derive_mask(seed, params.mask_config, params.model_length))
        return total.total

    def sealed(self, message: Message) -> bytes:
        """The body that is posted."""
        return seal(message.to_bytes(self.keys), message.coordinator_pk)

    def sealed_chunks(self, message: Message, size: int, message_id: int = 7) -> list[bytes]:
        """The bodies of a message that is cut at `size` bytes on the wire."""
        parts = encode(message, self.keys, size, message_id)
        return [seal(part, message.coordinator_pk) for part in parts]


def drawn(params: RoundParameters, task: Tag, many: int, start: int = 0) -> list[Participant]:
    """The first participants from `start` on that the round selects for a task."""
    everyone = (Participant(number) for number in count(start))
    fits = Participant.is_update if task is Tag.UPDATE else Participant.is_sum
    return list(islice((one for one in everyone if fits(one, params)), many))


def read_params(body: bytes) -> RoundParameters:
    return RoundParameters.from_bytes(body)


def read_sums(body: bytes) -> SumDict:
    return SumDict.from_bytes(body)


def read_seeds(body: bytes) -> SeedDict:
    return SeedDict.from_bytes(body)


def weighted_mean(
    updates: Iterable[tuple[Sequence[float], float]], params: RoundParameters
) -> list[Fraction]:
    """What the round must unmask to, exactly (protocol §4.4 to §4.6)."""
    config = params.mask_config.vect
    bound, unit = Fraction(config.add_shift), config.exp_shift
    total, totals = Fraction(0), [Fraction(0)] * params.model_length
    for weights, scalar in updates:
        s = min(Fraction(scalar), bound)
        total += Fraction((s + bound) * unit // 1, unit) - bound
        for i, weight in enumerate(weights):
            exact = Fraction(float(np.float32(weight)))  # a participant's model is F32
            x = max(-bound, min(bound, s * exact))
            totals[i] += Fraction((x + bound) * unit // 1, unit) - bound
    return [value / total for value in totals]
