"""Multipart messages against the reference, and contradictions among chunks (protocol §3.4)."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from golden import entries, message_of, payload_of, signer_of
from xaynet_pet import (
    MIN_MESSAGE_SIZE,
    Assembly,
    Chunk,
    ContradictingChunk,
    InvalidMessageSize,
    Message,
    SumPayload,
    Tag,
    TooManyChunks,
    encode,
    max_payload_size,
    parse_payload,
    split,
)


def chunk(chunk_id, last=False, data=b"x", tag=Tag.UPDATE):
    return Chunk(tag, chunk_id, 9, last, data)


def test_chunks_are_cut_like_in_the_reference():
    for entry in entries("multipart"):
        message = message_of(entry, payload_of(entry))
        assert message.payload.to_bytes().hex() == entry["payload"]
        assert max_payload_size(entry["max_message_size"]) == entry["max_payload_size"]
        messages = encode(message, signer_of(entry), entry["max_message_size"], entry["message_id"])
        assert len(messages) == entry["nb_chunks"]
        assert [data.hex() for data in messages] == [part["message"] for part in entry["parts"]]


def test_chunks_of_the_reference_come_together_in_any_order():
    for entry in entries("multipart"):
        chunks = [Message.parse(bytes.fromhex(part["message"])).payload for part in entry["parts"]]
        for chunk, part in zip(chunks, entry["parts"], strict=True):
            assert (chunk.id, chunk.last) == (part["id"], part["last"])
            assert (chunk.message_id, len(chunk.data)) == (entry["message_id"], part["data_length"])
        random.Random(entry["message_id"]).shuffle(chunks)
        assembly = Assembly()
        payloads = [assembly.add(chunk) for chunk in chunks]
        assert payloads[:-1] == [None] * (len(chunks) - 1)
        assert payloads[-1].hex() == entry["payload"]
        assert parse_payload(assembly.tag, payloads[-1]) == payload_of(entry)


def test_a_message_within_the_limit_stays_whole():
    entry = entries("messages", "sum")[0]
    message, keys = message_of(entry, payload_of(entry)), signer_of(entry)
    assert len(encode(message, keys, 280, 7)) == 1
    assert len(encode(message, keys, 279, 7)) == 2
    assert encode(message, keys, None, 7) == encode(message, keys, 280, 7)


@pytest.mark.parametrize("size", [0, 185, MIN_MESSAGE_SIZE - 1])
def test_a_limit_without_room_for_data_is_refused(size):
    with pytest.raises(InvalidMessageSize, match="at least 194"):
        encode(Message(b"", b"", SumPayload(b"", b"")), None, size, 0)


def test_more_chunks_than_can_be_numbered_are_refused():
    assert len(split(bytes(2 << 16), Tag.UPDATE, MIN_MESSAGE_SIZE, 0)) == 1 << 16
    with pytest.raises(TooManyChunks):
        split(bytes((2 << 16) + 1), Tag.UPDATE, MIN_MESSAGE_SIZE, 0)


@given(st.binary(min_size=1, max_size=300), st.integers(MIN_MESSAGE_SIZE, 300), st.randoms())
def test_what_is_split_comes_together_again(payload, size, shuffling):
    chunks = split(payload, Tag.SUM2, size, 1)
    shuffling.shuffle(chunks)
    assembly = Assembly()
    assert [assembly.add(chunk) for chunk in chunks][-1] == payload
    assert assembly.size == len(payload)


def test_a_repeated_chunk_overwrites():
    assembly = Assembly()
    assert assembly.add(chunk(0, data=b"old data")) is None
    assert assembly.add(chunk(0, data=b"new")) is None
    assert assembly.size == 3
    assert assembly.add(chunk(1, last=True, data=b"er")) == b"newer"


@pytest.mark.parametrize(
    "chunks",
    [
        [chunk(0), chunk(1, tag=Tag.SUM2)],
        [chunk(2, last=True), chunk(1, last=True)],
        [chunk(1, last=True), chunk(2)],
        [chunk(2), chunk(1, last=True)],
    ],
)
def test_chunks_that_cannot_belong_together_are_refused(chunks):
    assembly = Assembly()
    assembly.add(chunks[0])
    size = assembly.size
    with pytest.raises(ContradictingChunk):
        assembly.add(chunks[1])
    assert assembly.size == size
