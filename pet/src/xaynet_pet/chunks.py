"""Multipart messages: cutting payloads into chunks and putting them together (protocol §3.4).

Each chunk travels as a complete message: own header, own signature, own sealed box. The chunks of
one payload share a random message id and are numbered from 0; the last one is flagged.
"""

from dataclasses import replace

from xaynet_pet.errors import ContradictingChunk, InvalidMessageSize, TooManyChunks
from xaynet_pet.keys import SEAL_BYTES, Buffer, SigningKeyPair
from xaynet_pet.message import CHUNK_HEADER_BYTES, HEADER_BYTES, Chunk, Message, Tag

MIN_MESSAGE_SIZE = HEADER_BYTES + SEAL_BYTES + CHUNK_HEADER_BYTES + 2
"""Smallest size on the wire that the reference can encode with: 194 bytes."""
DEFAULT_MESSAGE_SIZE = 3912

_MAX_CHUNKS = 1 << 16


def max_payload_size(max_message_size: int) -> int:
    """Payload bytes of one message of this size on the wire; raises InvalidMessageSize."""
    if max_message_size < MIN_MESSAGE_SIZE:
        raise InvalidMessageSize(
            f"the maximum message size is {max_message_size}; at least {MIN_MESSAGE_SIZE} is needed"
        )
    return max_message_size - HEADER_BYTES - SEAL_BYTES


def split(payload: Buffer, tag: Tag, max_message_size: int, message_id: int) -> list[Chunk]:
    """Cuts a payload into chunks; raises InvalidMessageSize, TooManyChunks."""
    size = max_payload_size(max_message_size) - CHUNK_HEADER_BYTES
    starts = range(0, len(payload), size)
    if len(starts) > _MAX_CHUNKS:
        raise TooManyChunks(f"{len(payload)} bytes need {len(starts)} chunks of {size} bytes")
    pieces = [bytes(payload[start : start + size]) for start in starts]
    last = len(pieces) - 1
    return [Chunk(tag, i, message_id, i == last, data) for i, data in enumerate(pieces)]


def encode(
    message: Message, keys: SigningKeyPair, max_message_size: int | None, message_id: int
) -> list[bytes]:
    """The signed messages that carry `message`: itself, or its chunks if it is too long.

    `max_message_size` counts bytes on the wire, None is unlimited; `message_id` is random, 16 bits.
    Raises InvalidMessageSize, TooManyChunks.
    """
    if max_message_size is None:
        return [message.to_bytes(keys)]
    payload = message.payload.to_bytes()
    if len(payload) <= max_payload_size(max_message_size):
        return [message.to_bytes(keys)]
    chunks = split(payload, message.payload.tag, max_message_size, message_id)
    return [replace(message, payload=chunk).to_bytes(keys) for chunk in chunks]


class Assembly:
    """The chunks of one message seen so far, in any order; a repeated id overwrites.

    Collections are kept per participant and message id; who keeps them also bounds `size`.
    """

    def __init__(self) -> None:
        self._data: dict[int, bytes] = {}
        self._size = 0
        self._highest = 0
        self._tag: Tag | None = None
        self._last: int | None = None

    @property
    def tag(self) -> Tag | None:
        """The tag of the first chunk seen."""
        return self._tag

    @property
    def size(self) -> int:
        """Bytes of data collected."""
        return self._size

    def add(self, chunk: Chunk) -> bytes | None:
        """The whole payload once every chunk up to the last is there, else None.

        Raises ContradictingChunk, and takes nothing in, when a chunk cannot belong to the others:
        another tag, a second last chunk, an id after the last.
        """
        last = chunk.id if chunk.last else self._last
        highest = max(self._highest, chunk.id)
        self._check(chunk, last, highest)
        self._size += len(chunk.data) - len(self._data.get(chunk.id, b""))
        self._data[chunk.id] = chunk.data
        self._tag, self._last, self._highest = chunk.tag, last, highest
        if last is None or len(self._data) <= last:
            return None
        return b"".join(self._data[i] for i in range(last + 1))

    def _check(self, chunk: Chunk, last: int | None, highest: int) -> None:
        if self._tag not in (None, chunk.tag):
            raise ContradictingChunk(f"a chunk tagged {chunk.tag} joins others tagged {self._tag}")
        if self._last not in (None, last):
            raise ContradictingChunk(f"chunks {self._last} and {last} are both flagged as the last")
        if last is not None and highest > last:
            raise ContradictingChunk(f"chunk {highest} comes after the last, {last}")
