"""The bincode 1.3 primitives of the REST bodies (protocol §2.1).

Little endian, fixed widths, no padding; byte strings carry their length as a u64. A `Reader`
walks a body from its start; surplus bytes after the last field are nobody's concern.
"""

import struct

from xaynet_pet.errors import DecodeError
from xaynet_pet.keys import Buffer


def u64(value: int) -> bytes:
    return struct.pack("<Q", value)


def byte_string(data: bytes) -> bytes:
    return u64(len(data)) + data


class Reader:
    """A position in a body; every method raises DecodeError where the body ends too early."""

    def __init__(self, body: Buffer) -> None:
        self._body = memoryview(body)
        self._position = 0

    @property
    def left(self) -> int:
        """Bytes not read yet."""
        return len(self._body) - self._position

    def raw(self, count: int) -> memoryview:
        if count > self.left:
            raise DecodeError(f"the body ends {count - self.left} bytes too early")
        self._position += count
        return self._body[self._position - count : self._position]

    def u32(self) -> int:
        return int.from_bytes(self.raw(4), "little")

    def u64(self) -> int:
        return int.from_bytes(self.raw(8), "little")

    def f64(self) -> float:
        return float(struct.unpack("<d", self.raw(8))[0])

    def byte_string(self, length: int) -> bytes:
        """A byte string that must have this length, like keys and seeds."""
        found = self.u64()
        if found != length:
            raise DecodeError(f"a byte string has length {found} where {length} is meant")
        return bytes(self.raw(length))

    def count(self, at_least: int) -> int:
        """A number of elements, each at least so many bytes long: more cannot be meant."""
        count = self.u64()
        if count * at_least > self.left:
            raise DecodeError(f"{count} elements do not fit in {self.left} bytes")
        return count
