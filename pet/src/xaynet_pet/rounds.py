"""What the coordinator publishes about a round, and the dictionaries of one (protocol §2.2, §5).

    RoundParameters   keys, probabilities, seed and masks of the round
    SumDict           sum participant's pk -> ephemeral pk
    LocalSeedDict     sum participant's pk -> encrypted mask seed, by one update participant
    SeedDict          update participant's pk -> encrypted mask seed, for one sum participant

All but LocalSeedDict, which is a part of the update message (§3.2), travel as bincode.
"""

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

from xaynet_pet.bincode import Reader, byte_string, u64
from xaynet_pet.errors import DecodeError, InvalidKey, MaskConfigError, SealedBoxError
from xaynet_pet.keys import KEY_BYTES, SEAL_BYTES, SEED_BYTES, Buffer, EncryptionKeyPair, seal
from xaynet_pet.mask_config import MaskConfig, MaskConfigPair

ENCRYPTED_SEED_BYTES = SEED_BYTES + SEAL_BYTES


@dataclass(frozen=True, slots=True)
class RoundParameters:
    """The parameters of one round: 136 bytes as the body of GET /params."""

    pk: bytes
    """The coordinator's X25519 public key in this round."""
    sum: float
    update: float
    seed: bytes
    mask_config: MaskConfigPair
    model_length: int

    def to_bytes(self) -> bytes:
        variants = self.mask_config.vect.variants + self.mask_config.unit.variants
        probabilities = struct.pack("<dd", self.sum, self.update)
        configs = struct.pack("<8I", *variants)
        head = byte_string(self.pk) + probabilities + byte_string(self.seed)
        return head + configs + u64(self.model_length)

    @classmethod
    def from_bytes(cls, body: Buffer) -> Self:
        """Raises DecodeError."""
        reader = Reader(body)
        pk = reader.byte_string(KEY_BYTES)
        sum_prob, update_prob = reader.f64(), reader.f64()
        seed = reader.byte_string(SEED_BYTES)
        pair = MaskConfigPair(_read_config(reader), _read_config(reader))
        return cls(pk, sum_prob, update_prob, seed, pair, reader.u64())


def _read_config(reader: Reader) -> MaskConfig:
    variants = tuple(reader.u32() for _ in range(4))
    try:
        return MaskConfig.from_variants(variants)
    except MaskConfigError as error:
        raise DecodeError(str(error)) from None


class _KeyedBytes(dict[bytes, bytes]):
    """Public keys to values of one length; raises InvalidKey for other lengths."""

    value_bytes: ClassVar[int]

    def __init__(self, items: Mapping[bytes, bytes] | Iterable[tuple[bytes, bytes]] = ()) -> None:
        super().__init__(items)
        for key, value in self.items():
            if len(key) != KEY_BYTES or len(value) != self.value_bytes:
                lengths = f"{KEY_BYTES} and {self.value_bytes}"
                raise InvalidKey(f"entries have {lengths} bytes, not {len(key)} and {len(value)}")

    def to_bytes(self) -> bytes:
        """The bincode body; the order of the entries means nothing."""
        items = (byte_string(key) + byte_string(value) for key, value in self.items())
        return u64(len(self)) + b"".join(items)

    @classmethod
    def from_bytes(cls, body: Buffer) -> Self:
        """Of two entries with the same key the last counts; raises DecodeError."""
        reader = Reader(body)
        count = reader.count(at_least=16 + KEY_BYTES + cls.value_bytes)
        return cls(
            (reader.byte_string(KEY_BYTES), reader.byte_string(cls.value_bytes))
            for _ in range(count)
        )


class SumDict(_KeyedBytes):
    """Body of GET /sums."""

    value_bytes = KEY_BYTES


class SeedDict(_KeyedBytes):
    """Body of GET /seeds: the part of the seed dictionary for one sum participant."""

    value_bytes = ENCRYPTED_SEED_BYTES


class LocalSeedDict(_KeyedBytes):
    """One update participant's mask seed, encrypted for every sum participant.

    As part of a message it starts with its own length in bytes, u32 big endian (protocol §3.2).
    """

    value_bytes = ENCRYPTED_SEED_BYTES

    def to_bytes(self) -> bytes:
        length = 4 + len(self) * (KEY_BYTES + ENCRYPTED_SEED_BYTES)
        return struct.pack(">I", length) + b"".join(key + seed for key, seed in self.items())

    @classmethod
    def from_bytes(cls, body: Buffer) -> Self:
        """Ignores what follows its length; raises DecodeError, for duplicates too."""
        length = int.from_bytes(body[:4], "big")
        entry = KEY_BYTES + ENCRYPTED_SEED_BYTES
        if not 4 <= length <= len(body) or (length - 4) % entry:
            raise DecodeError(f"a local seed dictionary of {len(body)} bytes cannot span {length}")
        starts = range(4, length, entry)
        data = bytes(body[:length])
        seeds = cls((data[i : i + KEY_BYTES], data[i + KEY_BYTES : i + entry]) for i in starts)
        if len(seeds) != len(starts):
            raise DecodeError("a local seed dictionary names a sum participant twice")
        return seeds


def encrypt_seed(mask_seed: bytes, ephemeral_pk: bytes) -> bytes:
    """The mask seed for one sum participant, 80 bytes; raises InvalidKey."""
    if len(mask_seed) != SEED_BYTES:
        raise InvalidKey(f"a mask seed has {SEED_BYTES} bytes, not {len(mask_seed)}")
    return seal(mask_seed, ephemeral_pk)


def decrypt_seed(encrypted: Buffer, ephemeral_keys: EncryptionKeyPair) -> bytes:
    """The mask seed, 32 bytes; raises SealedBoxError."""
    seed = ephemeral_keys.open(encrypted)
    if len(seed) != SEED_BYTES:
        raise SealedBoxError(f"a mask seed has {SEED_BYTES} bytes, not {len(seed)}")
    return seed
