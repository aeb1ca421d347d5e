"""A round recorded from the released coordinator, replayed by the library alone."""

import struct

from golden import Entry, document, f64
from xaynet_pet import (
    Aggregation,
    EncryptionKeyPair,
    Message,
    Model,
    RoundParameters,
    SeedDict,
    SigningKeyPair,
    SumDict,
    Tag,
    decrypt_seed,
    derive_mask,
    is_sum_participant,
    is_update_participant,
    mask_model,
    next_round_seed,
)

TRANSCRIPT = document("round_transcript")
PARAMS = RoundParameters.from_bytes(bytes.fromhex(TRANSCRIPT["round_params"]))
COORDINATOR = EncryptionKeyPair.from_secret(bytes.fromhex(TRANSCRIPT["coordinator_secret"]))


def messages(kind: str) -> list[tuple[Entry, Message]]:
    """The recorded messages of one kind, opened and parsed."""
    found = [entry for entry in TRANSCRIPT["messages"] if entry["kind"] == kind]
    boxes = [bytes.fromhex(entry["sealed_message"]) for entry in found]
    return [
        (entry, Message.parse(COORDINATOR.open(box)))
        for entry, box in zip(found, boxes, strict=True)
    ]


def sum_of_masks(seeds: list[bytes]) -> Aggregation:
    masks = Aggregation(PARAMS.mask_config, PARAMS.model_length)
    for seed in seeds:
        masks.add(derive_mask(seed, PARAMS.mask_config, PARAMS.model_length))
    return masks


def test_the_round_seed_follows_from_the_one_before():
    # The previous state: keys 80, round id 8, then the round parameters.
    previous = RoundParameters.from_bytes(
        bytes.fromhex(TRANSCRIPT["previous_coordinator_state"])[88:]
    )
    seed = next_round_seed(COORDINATOR.secret, previous.seed, PARAMS.sum, PARAMS.update)
    assert (seed, COORDINATOR.public) == (PARAMS.seed, PARAMS.pk)


def test_every_message_is_what_its_participant_would_send():
    seeds = {
        entry["participant_public"]: bytes.fromhex(entry["participant_seed"])
        for entry, _ in messages("sum") + messages("update")
    }
    for kind in ("sum", "update", "sum2"):
        for entry, message in messages(kind):
            keys = SigningKeyPair.from_seed(seeds[entry["participant_public"]])
            assert message.to_bytes(keys).hex() == entry["message"]
            assert (message.participant_pk, message.coordinator_pk) == (keys.public, PARAMS.pk)
            assert message.payload.tag is Tag[kind.upper()]


def test_every_participant_was_drawn_for_its_task():
    for kind in ("sum", "sum2"):
        for _, message in messages(kind):
            sums = message.payload.sum_signature
            assert is_sum_participant(message.participant_pk, sums, PARAMS)
    for _, message in messages("update"):
        payload = message.payload
        signatures = payload.sum_signature, payload.update_signature
        assert is_update_participant(message.participant_pk, *signatures, PARAMS)


def test_the_dictionaries_hold_what_was_sent():
    sums = {message.participant_pk: message.payload.ephemeral_pk for _, message in messages("sum")}
    assert SumDict.from_bytes(bytes.fromhex(TRANSCRIPT["sums"])) == sums
    for part in TRANSCRIPT["seeds"]:
        sum_pk = bytes.fromhex(part["sum_pk"])
        sent = {m.participant_pk: m.payload.seeds[sum_pk] for _, m in messages("update")}
        assert SeedDict.from_bytes(bytes.fromhex(part["body"])) == sent


def test_the_masks_of_the_sum_participants_come_from_the_seeds():
    parts = {part["sum_pk"]: bytes.fromhex(part["body"]) for part in TRANSCRIPT["seeds"]}
    ephemeral = {
        entry["participant_public"]: EncryptionKeyPair.from_secret(
            bytes.fromhex(entry["ephm_secret"])
        )
        for entry, _ in messages("sum")
    }
    for entry, message in messages("sum2"):
        encrypted = SeedDict.from_bytes(parts[entry["participant_public"]]).values()
        keys = ephemeral[entry["participant_public"]]
        masks = sum_of_masks([decrypt_seed(seed, keys) for seed in encrypted])
        assert masks.total == message.payload.mask


def test_the_global_model_is_that_of_the_recording():
    models, seeds = Aggregation(PARAMS.mask_config, PARAMS.model_length), []
    for entry, message in messages("update"):
        seeds.append(bytes.fromhex(entry["mask_seed"]))
        weights = [struct.unpack(">f", bytes.fromhex(bits))[0] for bits in entry["weights"]["bits"]]
        masked = mask_model(weights, f64(entry["scalar"]), PARAMS.mask_config, seeds[-1])
        assert masked == message.payload.masked_model
        models.add(message.payload.masked_model)
    model = models.unmask(sum_of_masks(seeds).total)
    assert model.to_bytes().hex() == TRANSCRIPT["model"]
    assert Model.from_bytes(bytes.fromhex(TRANSCRIPT["model"])) == model
