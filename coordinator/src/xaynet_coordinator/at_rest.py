"""Encryption at rest: a key per round, wrapped by a master key that lies elsewhere.

Everything of a round that could reveal an update (partial aggregates, chunks, masks, the round's
secret key) is sealed with AES-256-GCM under the round's key, bound to the uid, the round and a
label that says what it is, so that nothing can be passed off as something else. Erasing a round
begins with its key.

Layout of a sealed thing: nonce 12 ‖ ciphertext ‖ tag 16.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
NONCE_BYTES = 12

Random = Callable[[int], bytes]


class Unreadable(Exception):
    """Sealed under another key, for another round or label, or altered."""


@dataclass(frozen=True, slots=True)
class RoundKey:
    """Seals what belongs to one round. ``context`` names the uid and the round."""

    key: bytes = field(repr=False)
    context: str
    random: Random = field(repr=False)

    def seal(self, label: str, data: bytes) -> bytes:
        """Encrypt ``data`` under ``label``."""
        nonce = self.random(NONCE_BYTES)
        return nonce + AESGCM(self.key).encrypt(nonce, data, self._bound(label))

    def open(self, label: str, sealed: bytes) -> bytes:
        """Decrypt what ``seal`` made under the same label; raises ``Unreadable``."""
        nonce, ciphertext = sealed[:NONCE_BYTES], memoryview(sealed)[NONCE_BYTES:]
        try:
            return AESGCM(self.key).decrypt(nonce, ciphertext, self._bound(label))
        except (InvalidTag, ValueError) as error:
            raise Unreadable(f"{label} of {self.context} cannot be opened") from error

    def _bound(self, label: str) -> bytes:
        return f"{self.context}\n{label}".encode()


@dataclass(frozen=True, slots=True)
class Vault:
    """Makes, wraps and unwraps round keys with the master key of one uid."""

    master: bytes = field(repr=False)
    uid: str
    random: Random = field(repr=False)

    def new_key(self, label: str) -> tuple[RoundKey, bytes]:
        """A fresh key for the round, and the same wrapped by the master key."""
        key = self.random(KEY_BYTES)
        return self._round_key(label, key), self._wrapping(label).seal("round key", key)

    def unwrap(self, label: str, wrapped: bytes) -> RoundKey:
        """The round's key again; raises ``Unreadable`` under another master key or label."""
        return self._round_key(label, self._wrapping(label).open("round key", wrapped))

    def _round_key(self, label: str, key: bytes) -> RoundKey:
        return RoundKey(key, f"{self.uid}/{label}", self.random)

    def _wrapping(self, label: str) -> RoundKey:
        return self._round_key(label, self.master)
