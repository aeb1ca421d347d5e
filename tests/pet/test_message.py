"""Messages against the reference, and against anything else (protocol §3.1 to §3.3)."""

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from golden import entries, message_of, pair, payload_of, signer_of
from xaynet_pet import (
    BadLength,
    BadPayload,
    BadSignature,
    Chunk,
    EncryptionKeyPair,
    Header,
    LocalSeedDict,
    MaskConfig,
    MaskConfigPair,
    MaskObject,
    Message,
    MessageError,
    SigningKeyPair,
    Sum2Payload,
    SumPayload,
    Tag,
    TooShort,
    UnknownTag,
    UpdatePayload,
    decrypt_seed,
    parse_payload,
)

TAGS = {"sum": Tag.SUM, "update": Tag.UPDATE, "sum2": Tag.SUM2}
PAIR = MaskConfigPair.uniform(MaskConfig("Prime", "F32", "B0", "M3"))
MASK = MaskObject.from_integers(PAIR, [1, 2], 3)
KEYS = SigningKeyPair.from_seed(bytes(32))


def test_messages_have_the_bytes_of_the_reference():
    for entry in entries("messages"):
        message = message_of(entry, payload_of(entry))
        assert message.payload.to_bytes().hex() == entry["payload"]
        assert message.to_bytes(signer_of(entry)).hex() == entry["message"]
        assert message.payload.tag is TAGS[entry["kind"]]


def test_messages_of_the_reference_open_and_parse():
    for entry in entries("messages"):
        keys = EncryptionKeyPair.from_seed(bytes.fromhex(entry["keys"]["coordinator_seed"]))
        opened = keys.open(bytes.fromhex(entry["sealed_message"]))
        assert opened.hex() == entry["message"]
        assert Message.parse(opened) == message_of(entry, payload_of(entry))


def test_the_fields_of_an_update_hang_together():
    for entry in entries("messages", "update"):
        fields = entry["fields"]
        assert payload_of(entry).seeds.to_bytes().hex() == fields["local_seed_dict_bytes"]
        assert payload_of(entry).masked_model.pair == pair(fields["config"])
        for seed in fields["local_seed_dict"]:
            ephemeral = EncryptionKeyPair.from_seed(bytes.fromhex(seed["ephm_seed"]))
            encrypted = bytes.fromhex(seed["encrypted_mask_seed"])
            assert decrypt_seed(encrypted, ephemeral).hex() == fields["mask_seed"]


@pytest.mark.parametrize("entry", entries("parsing"), ids=lambda entry: entry["name"])
def test_the_parser_accepts_what_the_reference_accepts(entry):
    data = bytes.fromhex(entry["message"])
    if entry["signature"] == "panic" or entry["parse"] == "error":
        with pytest.raises(MessageError):
            Message.parse(data, check_signature=False)
        return
    assert Header.parse(data).is_signed(data) == (entry["signature"] == "valid")
    payload = Message.parse(data, check_signature=False).payload
    kind, _, tag = entry["parse"].partition(":")
    assert payload.tag is TAGS[tag or kind]
    assert isinstance(payload, Chunk) == (kind == "chunk")
    if entry["chunk"]:
        expected = {**entry["chunk"], "data": bytes.fromhex(entry["chunk"]["data"])}
        assert payload == Chunk(tag=payload.tag, **expected)


def test_an_invalid_signature_is_noticed_before_an_invalid_payload():
    for entry in entries("parsing"):
        if entry["signature"] == "invalid":
            with pytest.raises(BadSignature):
                Message.parse(bytes.fromhex(entry["message"]))
    message = Message(KEYS.public, bytes(32), SumPayload(bytes(64), bytes(32)))
    data = bytearray(message.to_bytes(KEYS))
    data[132] = Tag.UPDATE
    with pytest.raises(BadSignature):
        Message.parse(data)
    with pytest.raises(BadPayload):
        Message.parse(data, check_signature=False)


@pytest.mark.parametrize(
    ("position", "value", "error"),
    [(131, 63, BadLength), (128, 1, BadLength), (132, 0, UnknownTag), (132, 4, UnknownTag)],
)
def test_each_fault_of_a_header_has_its_name(position, value, error):
    data = bytearray(
        Message(KEYS.public, bytes(32), SumPayload(bytes(64), bytes(32))).to_bytes(KEYS)
    )
    data[position] = value
    with pytest.raises(error):
        Header.parse(data)
    with pytest.raises(TooShort):
        Header.parse(data[:135])


SUM = SumPayload(b"s" * 64, b"e" * 32)
SUM2 = Sum2Payload(b"s" * 64, MASK)
UPDATE = UpdatePayload(b"s" * 64, b"u" * 64, MASK, LocalSeedDict({b"k" * 32: b"e" * 80}))
CHUNK = Chunk(Tag.SUM2, 3, 515, True, b"data")


@pytest.mark.parametrize("payload", [SUM, UPDATE, SUM2])
def test_a_payload_cut_anywhere_is_refused(payload):
    data = payload.to_bytes()
    assert parse_payload(payload.tag, data + b"surplus") == payload
    for cut in range(len(data)):
        with pytest.raises(BadPayload):
            parse_payload(payload.tag, memoryview(data)[:cut])


@pytest.mark.parametrize("payload", [SUM, UPDATE, SUM2, CHUNK])
def test_a_message_survives_the_round_trip(payload):
    message = Message(KEYS.public, b"c" * 32, payload)
    assert Message.parse(bytearray(message.to_bytes(KEYS))) == message


@given(
    st.sampled_from([SUM, UPDATE, SUM2, CHUNK]),
    st.lists(st.tuples(st.integers(0, 500), st.integers(0, 255)), max_size=6),
    st.integers(0, 600),
)
@example(UPDATE, [(270, 255), (271, 255)], 600)
def test_an_altered_message_parses_or_is_refused(payload, alterations, cut):
    data = bytearray(Message(KEYS.public, b"c" * 32, payload).to_bytes(KEYS))
    for position, value in alterations:
        data[position % len(data)] = value
    try:
        Message.parse(data[:cut], check_signature=False)
    except MessageError:
        return


@given(st.binary(max_size=400), st.sampled_from(Tag))
def test_arbitrary_bytes_parse_or_are_refused(data, tag):
    for parse in (Message.parse, lambda data: parse_payload(tag, data)):
        try:
            parse(data)
        except MessageError:
            continue


def test_a_message_beyond_the_length_field_is_refused():
    class Endless(SumPayload):
        def to_bytes(self):
            return Vast()

    class Vast(bytes):
        def __len__(self):
            return 1 << 32

    with pytest.raises(BadLength, match="does not fit"):
        Message(KEYS.public, bytes(32), Endless(bytes(64), bytes(32))).to_bytes(KEYS)


def test_parsing_copies_no_elements():
    data = bytearray(Message(KEYS.public, bytes(32), SUM2).to_bytes(KEYS))
    payload = Message.parse(data).payload
    data[136 + 64 + 8] = 77
    assert payload.mask.integers() == [77, 2]
    data[136 + 64 + 8] = 78
    assert payload.mask.integers() == [77, 2]


def test_a_mask_object_is_equal_by_content_only():
    assert MaskObject.from_bytes(MASK.to_bytes()) == MASK
    assert MaskObject.from_integers(PAIR, [1, 3], 3) != MASK
    assert MaskObject.from_integers(PAIR, [1, 2], 4) != MASK
    assert MaskObject.from_integers(PAIR, [1, 2, 0], 3) != MASK
    assert replace(SUM2, mask=MASK) == SUM2
    assert MASK != 3
    assert "length=2" in repr(MASK)
