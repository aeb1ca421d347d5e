"""One round: its keys and parameters, and how the next one follows from the last."""

from dataclasses import dataclass
from datetime import datetime

from xaynet_coordinator.at_rest import Random, RoundKey, Vault
from xaynet_coordinator.desired import Wanted
from xaynet_coordinator.record import Record, RoundRecord
from xaynet_coordinator.store import Caps
from xaynet_pet import EncryptionKeyPair, RoundParameters, next_round_seed


@dataclass(frozen=True, slots=True)
class Round:
    """A round in flight, opened. ``key`` seals what belongs to it."""

    id: int
    keys: EncryptionKeyPair
    params: RoundParameters
    key: RoundKey

    @property
    def label(self) -> str:
        """Names the round for ever, and the model it makes (protocol §6.4)."""
        return round_label(self.id, self.params.seed)

    def blob(self, *parts: str) -> str:
        """The key of a blob that belongs to the round."""
        return "/".join((ROUNDS, self.label, *parts))


ROUNDS = "rounds"


def round_label(id: int, seed: bytes) -> str:
    """``‹round id›_‹round seed in hex›``."""
    return f"{id}_{seed.hex()}"


def wrapped_key_blob(label: str) -> str:
    """Where a round's wrapped key lies."""
    return f"{ROUNDS}/{label}/key"


def freeze_blob(label: str) -> str:
    """Where it is written once which updates a round was unmasked with."""
    return f"freezes/{label}"


def caps_of(wanted: Wanted | None, round: Round | None) -> Caps:
    """The counts by which the ledger judges a round; without one it accepts nothing."""
    if wanted is None or round is None:
        return Caps()
    return wanted.caps(round.params.mask_config)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A new round, its record, and its wrapped key, which must be stored first."""

    round: Round
    record: RoundRecord
    wrapped_key: bytes


def draw_round(last: Record, wanted: Wanted, vault: Vault, random: Random, now: datetime) -> Drawn:
    """The round after the last one: new keys, and a seed chained to the old (protocol §1.2)."""
    keys = EncryptionKeyPair.generate(random)
    pet = wanted.parameters
    seed = next_round_seed(keys.secret, last.seed, pet.sum.prob, pet.update.prob)
    params = RoundParameters(
        pk=keys.public,
        sum=pet.sum.prob,
        update=pet.update.prob,
        seed=seed,
        mask_config=pet.mask_config,
        model_length=pet.model.length,
    )
    id = last.round_id + 1
    key, wrapped = vault.new_key(round_label(id, seed))
    record = RoundRecord(
        id=id,
        params=params.to_bytes(),
        sealed_secret=key.seal("secret key", keys.secret),
        wanted=wanted,
        started=now,
    )
    return Drawn(Round(id, keys, params, key), record, wrapped)


def open_round(record: RoundRecord, vault: Vault, wrapped_key: bytes) -> Round:
    """The recorded round again; raises ``Unreadable`` if the key does not fit."""
    params = RoundParameters.from_bytes(record.params)
    key = vault.unwrap(round_label(record.id, params.seed), wrapped_key)
    secret = key.open("secret key", record.sealed_secret)
    return Round(record.id, EncryptionKeyPair(params.pk, secret), params, key)
