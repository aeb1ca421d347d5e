"""Bad input, and what it gets: a named refusal that is counted; nothing is lost, and the round ends
with the exact mean of what was accepted."""

import os
from dataclasses import replace

import pytest

from federation import Participant, drawn, weighted_mean
from interleaving import Call, interleaved
from service import MODELS, Service, service, settings_in
from xaynet_coordinator.record import Phase
from xaynet_pet import (
    Chunk,
    EncryptionKeyPair,
    MaskConfig,
    MaskConfigPair,
    Message,
    Model,
    RoundParameters,
    Sum2Payload,
    SumPayload,
    Tag,
    derive_mask,
    seal,
    sum_signature,
)


def sealed(params: RoundParameters, message: bytes) -> bytes:
    return seal(message, params.pk)


def signed_again(one: Participant, message: bytes) -> bytes:
    """A message whose bytes were changed, signed over its length as it says now."""
    length = int.from_bytes(message[128:132], "big")
    return one.keys.sign(message[64:length]) + message[64:]


def altered(message: bytes, at: int, value: bytes) -> bytes:
    return message[:at] + value + message[at + len(value) :]


@pytest.fixture
async def at(tmp_path):
    async with service(settings_in(tmp_path)) as running:
        await running.reach(Phase.SUM)
        yield running


async def submit(at: Service, body: bytes) -> str:
    return (await at.front.submit(body)).header


async def test_what_is_no_sealed_box_is_refused(at):
    params = await at.params()
    one = drawn(params, Tag.SUM, 1)[0]
    body = one.sealed(one.sum(params))
    stranger = EncryptionKeyPair.from_seed(bytes(32))
    for bad in (
        b"",
        b"x" * 47,
        os.urandom(300),
        body[:-1],
        body + b"\0",
        seal(b"hi", stranger.public),
    ):
        assert await submit(at, bad) == "rejected; reason=decrypt"


async def test_malformed_messages_are_refused(at):
    params = await at.params()
    one = drawn(params, Tag.SUM, 1)[0]
    good = one.sum(params).to_bytes(one.keys)
    for bad in (
        b"",
        good[:135],
        altered(good, 128, (63).to_bytes(4, "big")),  # ends within the signature
        altered(good, 128, (2**32 - 1).to_bytes(4, "big")),  # longer than it is
        altered(good, 132, b"\x09"),  # no such tag
        signed_again(one, altered(good[:150], 128, (150).to_bytes(4, "big"))),  # payload ends early
    ):
        assert await submit(at, sealed(params, bad)) == "rejected; reason=malformed"


async def test_a_wrong_signature_or_coordinator_key_is_refused(at):
    params = await at.params()
    one, other = drawn(params, Tag.SUM, 2)
    good = one.sum(params).to_bytes(one.keys)
    flipped = altered(good, 3, bytes([good[3] ^ 1]))
    assert await submit(at, sealed(params, flipped)) == "rejected; reason=signature"
    stolen = altered(good, 64, other.pk)
    assert await submit(at, sealed(params, stolen)) == "rejected; reason=signature"
    elsewhere = signed_again(one, altered(good, 96, bytes(32)))
    assert await submit(at, sealed(params, elsewhere)) == "rejected; reason=coordinator-key"


async def test_who_was_not_drawn_is_refused(at):
    params = await at.params()
    updater = drawn(params, Tag.UPDATE, 1)[0]
    assert await at.send(updater, updater.sum(params)) == "rejected; reason=not-sum-participant"
    one = drawn(params, Tag.SUM, 1)[0]
    forged = SumPayload(bytes(64), one.ephemeral(params).public)
    message = one.message(params, forged)
    assert await at.send(one, message) == "rejected; reason=not-sum-participant"


async def test_a_second_key_of_a_sum_participant_is_refused(at):
    (one,) = await at.sum_phase(1)
    params = await at.params()
    other_key = SumPayload(sum_signature(one.keys, params.seed), bytes(range(32)))
    assert await at.send(one, one.message(params, other_key)) == "rejected; reason=duplicate"


async def test_a_key_that_nothing_can_be_sealed_for_is_refused(at):
    params = await at.params()
    one = drawn(params, Tag.SUM, 1)[0]
    weak = SumPayload(sum_signature(one.keys, params.seed), bytes(32))
    assert await at.send(one, one.message(params, weak)) == "rejected; reason=ephemeral-key"


async def test_updates_that_do_not_fit_the_round_are_refused_and_nothing_is_lost(at):
    summers = await at.sum_phase()
    await at.update_phase(MODELS)
    params, sums = await at.params(), await at.sums()
    one = drawn(params, Tag.UPDATE, 4)[3]
    good = one.update(params, sums, [0.5] * 4).payload

    longer = replace(params, model_length=5)
    wider = MaskConfigPair.uniform(MaskConfig("Prime", "F32", "B2", "M3"))
    bad = {
        "model-mismatch": one.update(longer, sums, [0.5] * 5),
        "incomplete-seeds": one.update(params, dict(list(sums.items())[:1]), [0.5] * 4),
        "unknown-sum-participant": one.update(params, sums | {bytes(32): one.pk}, [0.5] * 4),
    }
    for reason, message in bad.items():
        assert await at.send(one, message) == f"rejected; reason={reason}"
    other_masks = one.update(replace(params, mask_config=wider), sums, [0.5] * 4)
    assert await at.send(one, other_masks) == "rejected; reason=model-mismatch"
    out_of_range = altered(one.message(params, good).to_bytes(one.keys), 136 + 128 + 8, b"\xff" * 6)
    body = sealed(params, signed_again(one, out_of_range))
    assert await submit(at, body) == "rejected; reason=invalid-object"

    again = drawn(params, Tag.UPDATE, 1)[0]
    second = again.update(params, sums, [1.0] * 4)
    changed = replace(second, payload=replace(second.payload, update_signature=bytes(64)))
    assert await at.send(again, changed) == "rejected; reason=not-update-participant"
    await at.sum2_phase(summers)
    await at.until(lambda: at.front.model() is not None)
    assert Model.from_bytes(at.front.model().bincode).fractions() == weighted_mean(MODELS, params)


async def test_a_second_update_of_a_participant_is_refused(at):
    await at.sum_phase()
    one, *_ = await at.update_phase(MODELS[:1])
    params, sums = await at.params(), await at.sums()
    other = one.update(params, sums, [1.0] * 4)
    assert await at.send(one, other) == "rejected; reason=duplicate"


async def test_masks_that_cannot_unmask_have_no_vote(at):
    summers = await at.sum_phase()
    await at.update_phase(MODELS)
    await at.reach(Phase.SUM2)
    params = await at.params()
    one = summers[0]
    signature = sum_signature(one.keys, params.seed)
    wider = MaskConfigPair.uniform(MaskConfig("Prime", "F32", "B2", "M3"))
    for mask in (
        derive_mask(bytes(32), params.mask_config, params.model_length + 1),
        derive_mask(bytes(32), wider, params.model_length),
    ):
        message = one.message(params, Sum2Payload(signature, mask))
        assert await at.send(one, message) == "rejected; reason=model-mismatch"
    stranger = drawn(params, Tag.SUM, 3)[2]
    message = stranger.sum2(params, {})
    assert await at.send(stranger, message) == "rejected; reason=unknown-sum-participant"


async def test_a_mask_that_reveals_the_impossible_fails_the_round(at):
    (one,) = await at.sum_phase(1)
    await at.update_phase(MODELS)
    await at.reach(Phase.SUM2)
    params = await at.params()
    wrong = derive_mask(bytes(32), params.mask_config, params.model_length)
    payload = Sum2Payload(sum_signature(one.keys, params.seed), wrong)
    assert await at.send(one, one.message(params, payload)) == "accepted"
    await at.reach(Phase.SUM, 2)
    assert at.machine.record.finished[-1].reason == "implausible-mask"
    assert at.front.model() is None


async def test_messages_out_of_phase_are_refused(at):
    params = await at.params()
    one = drawn(params, Tag.UPDATE, 1)[0]
    assert await at.send(one, one.update(params, {}, [0.5] * 4)) == "rejected; reason=phase"
    summer = drawn(params, Tag.SUM, 1)[0]
    assert await at.send(summer, summer.sum2(params, {})) == "rejected; reason=phase"


def chunk(one: Participant, params: RoundParameters, id: int, last: bool, data: bytes) -> Message:
    return one.message(params, Chunk(Tag.SUM, id, 7, last, data))


async def test_chunks_of_who_was_not_drawn_are_not_stored(at):
    params = await at.params()
    updater = drawn(params, Tag.UPDATE, 1)[0]
    payload = updater.sum(params).payload.to_bytes()
    message = chunk(updater, params, 0, False, payload[:70])
    assert await at.send(updater, message) == "rejected; reason=not-sum-participant"


async def test_chunks_that_contradict_each_other_are_refused(at):
    params = await at.params()
    one = drawn(params, Tag.SUM, 1)[0]
    payload = one.sum(params).payload.to_bytes()
    assert await at.send(one, chunk(one, params, 0, False, payload[:70])) == "stored"
    assert await at.send(one, chunk(one, params, 5, False, payload[70:])) == "stored"
    outcome = await at.send(one, chunk(one, params, 1, True, payload[70:]))
    assert outcome == "rejected; reason=contradicting-chunks"
    assert await at.send(one, one.sum(params)) == "accepted"


async def test_chunks_that_join_to_nonsense_are_refused(at):
    params = await at.params()
    one = drawn(params, Tag.SUM, 1)[0]
    payload = one.sum(params).payload.to_bytes()
    assert await at.send(one, chunk(one, params, 0, False, payload[:70])) == "stored"
    assert await at.send(one, chunk(one, params, 1, True, b"")) == "rejected; reason=malformed"
    assert await at.send(one, one.sum(params)) == "accepted"


async def test_chunks_in_any_order_join_to_the_message(at):
    params = await at.params()
    one = drawn(params, Tag.SUM, 1)[0]
    payload = one.sum(params).payload.to_bytes()
    pieces = [payload[i : i + 20] for i in range(0, len(payload), 20)]
    order = [4, 0, 2, 1, 3]
    outcomes = [await at.send(one, chunk(one, params, i, i == 4, pieces[i])) for i in order]
    assert outcomes == ["stored"] * 4 + ["accepted"]


async def test_chunks_that_never_end_are_bounded(tmp_path):
    bounds = {"max_bytes_per_participant": 4096, "max_bytes_total": 4096}
    async with service(settings_in(tmp_path, chunks=bounds)) as at:
        await at.reach(Phase.SUM)
        params = await at.params()
        one = drawn(params, Tag.SUM, 1)[0]
        payload = one.sum(params).payload.to_bytes()
        outcomes = []
        for id in range(10):
            outcomes.append(
                await at.front.submit(one.sealed(chunk(one, params, id, False, payload * 10)))
            )
        assert {outcome.reason for outcome in outcomes} == {None, "no-room"}
        assert not outcomes[-1].is_final
        assert await at.send(one, one.sum(params)) == "accepted"


async def test_every_refusal_is_counted_by_reason(at):
    await submit(at, b"nonsense")
    await submit(at, b"nonsense")
    text, _ = at.front.metrics.exposition("text/plain")
    line = 'xaynet_messages_total{outcome="rejected",phase="Sum",reason="decrypt"} 2.0'
    assert line in text.decode()
    state = await at.front.state(None, 0)
    assert state["round"]["messages"]["sum"]["rejected"] == 2


async def test_chunks_that_another_request_has_joined_meanwhile_are_not_malformed(tmp_path):
    """The last chunk came twice: the other one was accepted, and the chunks are gone."""
    gone: list[Call] = []

    async def around(store: str, verb: str, call: Call) -> object:
        if verb == "chunks" and not gone:
            gone.append(call)
            return {}
        return await call()

    async with service(settings_in(tmp_path), interleaved(around)) as at:
        await at.reach(Phase.SUM)
        params = await at.params()
        one = drawn(params, Tag.SUM, 1)[0]
        payload = one.sum(params).payload.to_bytes()
        assert await at.send(one, chunk(one, params, 0, False, payload[:70])) == "stored"
        last = one.sealed(chunk(one, params, 1, True, payload[70:]))
        assert not (await at.front.submit(last)).is_final
        assert (await at.front.submit(last)).header == "accepted"


async def test_a_sum_participant_that_sends_other_masks_has_none_of_them_stored(at):
    one, other = await at.sum_phase()
    await at.update_phase(MODELS)
    await at.reach(Phase.SUM2)
    params = await at.params()
    seeds = await at.seeds(one)
    assert await at.send(one, one.sum2(params, seeds)) == "accepted"
    for few in (1, 2):
        fewer = dict(list(seeds.items())[:few])
        assert await at.send(one, one.sum2(params, fewer)) == "rejected; reason=duplicate"
    masks = [key for key in await at.machine.around.blobs.keys("rounds/") if "/mask/" in key]
    assert len(masks) == 1
    await at.sum2_phase([other])
