"""Messages from participants to the coordinator (protocol §3.1 to §3.3).

A message is a header of 136 bytes and a payload; on the wire it is sealed for the coordinator.

    signature 64 ‖ participant pk 32 ‖ coordinator pk 32
    ‖ length u32 BE ‖ tag 1 ‖ flags 1 ‖ zero 2 ‖ payload

The signature covers everything after itself up to `length`. The parser is as tolerant as the
reference: surplus bytes are ignored, bytes after `length` are unsigned but still belong to the
payload. Only a length within the signature is refused, where the reference crashes.
"""

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Self

from xaynet_pet.errors import (
    BadLength,
    BadPayload,
    BadSignature,
    DecodeError,
    TooShort,
    UnknownTag,
)
from xaynet_pet.keys import KEY_BYTES, SIGNATURE_BYTES, Buffer, SigningKeyPair, verify
from xaynet_pet.mask_object import MaskObject
from xaynet_pet.rounds import LocalSeedDict

HEADER_BYTES = 136
CHUNK_HEADER_BYTES = 8

_HEADER = struct.Struct(">64s32s32sIBBxx")
_CHUNK_HEADER = struct.Struct(">HHB3x")
_MULTIPART = 1
_LAST = 1


class Tag(IntEnum):
    """The kind of a message, also of the message that a chunk is part of."""

    SUM = 1
    UPDATE = 2
    SUM2 = 3


@dataclass(frozen=True, slots=True)
class Header:
    """The first 136 bytes of a message."""

    signature: bytes
    participant_pk: bytes
    coordinator_pk: bytes
    length: int
    tag: Tag
    multipart: bool

    @classmethod
    def parse(cls, message: Buffer) -> Self:
        """Reads the header of a whole message; raises TooShort, BadLength, UnknownTag."""
        if len(message) < HEADER_BYTES:
            raise TooShort(f"a message has at least {HEADER_BYTES} bytes, not {len(message)}")
        signature, participant, coordinator, length, tag, flags = _HEADER.unpack_from(message)
        if not SIGNATURE_BYTES <= length <= len(message):
            raise BadLength(f"a message of {len(message)} bytes cannot have the length {length}")
        try:
            kind = Tag(tag)
        except ValueError:
            raise UnknownTag(f"{tag} is no message tag") from None
        return cls(signature, participant, coordinator, length, kind, bool(flags & _MULTIPART))

    def is_signed(self, message: Buffer) -> bool:
        """Whether the participant signed this message (the one the header was read from)."""
        signed = memoryview(message)[SIGNATURE_BYTES : self.length]
        return verify(self.participant_pk, signed, self.signature)


@dataclass(frozen=True, slots=True)
class SumPayload:
    """A sum participant's announcement."""

    tag: ClassVar[Tag] = Tag.SUM
    sum_signature: bytes
    ephemeral_pk: bytes

    def to_bytes(self) -> bytes:
        return self.sum_signature + self.ephemeral_pk

    @classmethod
    def parse(cls, data: Buffer) -> Self:
        signature, ephemeral_pk = _fields(data, SIGNATURE_BYTES, KEY_BYTES)
        return cls(signature, ephemeral_pk)


@dataclass(frozen=True, slots=True)
class UpdatePayload:
    """An update participant's masked model, with its mask seed for every sum participant."""

    tag: ClassVar[Tag] = Tag.UPDATE
    sum_signature: bytes
    update_signature: bytes
    masked_model: MaskObject
    seeds: LocalSeedDict

    def to_bytes(self) -> bytes:
        model, seeds = self.masked_model.to_bytes(), self.seeds.to_bytes()
        return b"".join((self.sum_signature, self.update_signature, model, seeds))

    @classmethod
    def parse(cls, data: Buffer) -> Self:
        sum_signature, update_signature = _fields(data, SIGNATURE_BYTES, SIGNATURE_BYTES)
        rest = memoryview(data)[2 * SIGNATURE_BYTES :]
        model = MaskObject.from_bytes(rest)
        seeds = LocalSeedDict.from_bytes(rest[model.size :])
        return cls(sum_signature, update_signature, model, seeds)


@dataclass(frozen=True, slots=True)
class Sum2Payload:
    """A sum participant's sum of all masks."""

    tag: ClassVar[Tag] = Tag.SUM2
    sum_signature: bytes
    mask: MaskObject

    def to_bytes(self) -> bytes:
        return self.sum_signature + self.mask.to_bytes()

    @classmethod
    def parse(cls, data: Buffer) -> Self:
        (sum_signature,) = _fields(data, SIGNATURE_BYTES)
        return cls(sum_signature, MaskObject.from_bytes(memoryview(data)[SIGNATURE_BYTES:]))


@dataclass(frozen=True, slots=True)
class Chunk:
    """A part of a multipart message's payload (protocol §3.2, §3.4)."""

    tag: Tag
    id: int
    message_id: int
    last: bool
    data: bytes

    def to_bytes(self) -> bytes:
        return _CHUNK_HEADER.pack(self.id, self.message_id, self.last) + self.data

    @classmethod
    def parse(cls, tag: Tag, data: Buffer) -> Self:
        if len(data) < CHUNK_HEADER_BYTES:
            raise BadPayload(f"a chunk has at least {CHUNK_HEADER_BYTES} bytes, not {len(data)}")
        chunk_id, message_id, flags = _CHUNK_HEADER.unpack_from(data)
        rest = bytes(memoryview(data)[CHUNK_HEADER_BYTES:])
        return cls(tag, chunk_id, message_id, bool(flags & _LAST), rest)


WholePayload = SumPayload | UpdatePayload | Sum2Payload
Payload = WholePayload | Chunk

_PAYLOADS: dict[Tag, type[WholePayload]] = {
    Tag.SUM: SumPayload,
    Tag.UPDATE: UpdatePayload,
    Tag.SUM2: Sum2Payload,
}


def _fields(data: Buffer, *sizes: int) -> list[bytes]:
    """The leading fields of a payload, copied."""
    if len(data) < sum(sizes):
        raise BadPayload(f"a payload of {len(data)} bytes ends within its first {sum(sizes)}")
    ends = [sum(sizes[: i + 1]) for i in range(len(sizes))]
    return [bytes(data[end - size : end]) for end, size in zip(ends, sizes, strict=True)]


def parse_payload(tag: Tag, data: Buffer) -> WholePayload:
    """Parses a whole payload, of a single message or reassembled; raises BadPayload.

    Mask objects keep a view of `data` until their elements are used.
    """
    try:
        return _PAYLOADS[tag].parse(data)
    except DecodeError as error:
        raise BadPayload(f"the payload is no {tag.name} payload: {error}") from None


@dataclass(frozen=True, slots=True)
class Message:
    """A message of one participant to the coordinator of one round."""

    participant_pk: bytes
    coordinator_pk: bytes
    payload: Payload

    @classmethod
    def parse(cls, data: Buffer, check_signature: bool = True) -> Self:
        """Reads a message after decryption; raises MessageError.

        The signature is checked before the payload is looked at.
        """
        header = Header.parse(data)
        if check_signature and not header.is_signed(data):
            raise BadSignature("the message is not signed by its participant")
        rest = memoryview(data)[HEADER_BYTES:]
        if header.multipart:
            payload: Payload = Chunk.parse(header.tag, rest)
        else:
            payload = parse_payload(header.tag, rest)
        return cls(header.participant_pk, header.coordinator_pk, payload)

    def to_bytes(self, signing_key: SigningKeyPair) -> bytes:
        """The signed message, not yet sealed; raises BadLength beyond 4 GiB."""
        payload = self.payload.to_bytes()
        length = HEADER_BYTES + len(payload)
        if length >= 1 << 32:
            raise BadLength(f"a message of {length} bytes does not fit in its length field")
        flags = _MULTIPART if isinstance(self.payload, Chunk) else 0
        keys = self.participant_pk, self.coordinator_pk
        head = _HEADER.pack(b"", *keys, length, self.payload.tag, flags)[SIGNATURE_BYTES:]
        signed = head + payload
        return signing_key.sign(signed) + signed
