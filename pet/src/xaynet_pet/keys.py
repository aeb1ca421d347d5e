"""Keys, signatures, sealed boxes, and the sortition built on them (protocol §1).

    SigningKeyPair      Ed25519, a participant's identity
    EncryptionKeyPair   X25519, of the coordinator or of a sum participant, for one round

Everything has libsodium's meaning. OpenSSL signs and verifies big messages, being faster there;
what it would accept and libsodium's strict verification refuses is refused before it is asked.
"""

import hashlib
import os
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Protocol, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from nacl import bindings as sodium
from nacl.exceptions import BadSignatureError, CryptoError

from xaynet_pet.errors import InvalidKey, SealedBoxError

Buffer = bytes | bytearray | memoryview
Random = Callable[[int], bytes]

KEY_BYTES = 32
SEED_BYTES = 32
SIGNATURE_BYTES = 64
SEAL_BYTES = 48
"""A sealed box is this much longer than what it holds."""

_OPENSSL_FROM = 64 * 1024
_FIELD_PRIME = 2**255 - 19
_GROUP_ORDER = 2**252 + 27742317777372353535851937790883648493
_SMALL_ORDER_Y = frozenset(
    {
        0,
        1,
        0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826,
        0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7,
        _FIELD_PRIME - 1,
        _FIELD_PRIME,
        _FIELD_PRIME + 1,
    }
)


def _exactly(name: str, value: bytes, length: int) -> bytes:
    if len(value) != length:
        raise InvalidKey(f"{name} has {length} bytes, not {len(value)}")
    return bytes(value)


@dataclass(frozen=True, slots=True)
class SigningKeyPair:
    """An Ed25519 key pair: `public` 32 bytes, `seed` 32 bytes (the secret)."""

    public: bytes
    seed: bytes = field(repr=False)

    @classmethod
    def generate(cls, random: Random = os.urandom) -> Self:
        return cls.from_seed(random(SEED_BYTES))

    @classmethod
    def from_seed(cls, seed: bytes) -> Self:
        """Raises InvalidKey unless the seed has 32 bytes."""
        public, _ = sodium.crypto_sign_seed_keypair(_exactly("a signing seed", seed, SEED_BYTES))
        return cls(public, bytes(seed))

    @property
    def secret(self) -> bytes:
        """libsodium's 64-byte secret key: seed ‖ public."""
        return self.seed + self.public

    def sign(self, data: Buffer) -> bytes:
        """The detached signature of `data`, 64 bytes, deterministic."""
        if len(data) >= _OPENSSL_FROM:
            return Ed25519PrivateKey.from_private_bytes(self.seed).sign(data)
        return sodium.crypto_sign(bytes(data), self.secret)[:SIGNATURE_BYTES]


@dataclass(frozen=True, slots=True)
class EncryptionKeyPair:
    """An X25519 key pair, 32 bytes each."""

    public: bytes
    secret: bytes = field(repr=False)

    @classmethod
    def generate(cls, random: Random = os.urandom) -> Self:
        return cls.from_secret(random(KEY_BYTES))

    @classmethod
    def from_secret(cls, secret: bytes) -> Self:
        """Raises InvalidKey unless the secret has 32 bytes."""
        secret = _exactly("an encryption secret", secret, KEY_BYTES)
        return cls(sodium.crypto_scalarmult_base(secret), secret)

    @classmethod
    def from_seed(cls, seed: bytes) -> Self:
        """The secret is the first half of SHA-512(seed)."""
        seed = _exactly("an encryption seed", seed, SEED_BYTES)
        return cls.from_secret(hashlib.sha512(seed).digest()[:KEY_BYTES])

    def open(self, box: Buffer) -> bytes:
        """What was sealed for this key; raises SealedBoxError."""
        if len(box) < SEAL_BYTES:
            raise SealedBoxError(f"a sealed box has at least {SEAL_BYTES} bytes, not {len(box)}")
        try:
            return sodium.crypto_box_seal_open(bytes(box), self.public, self.secret)
        except CryptoError:
            raise SealedBoxError("the box was not sealed for this key, or was altered") from None


def seal(data: Buffer, public: bytes) -> bytes:
    """Encrypts for the holder of `public`'s secret: 48 bytes longer, different every time.

    Raises InvalidKey for a key of the wrong length or of small order.
    """
    try:
        return sodium.crypto_box_seal(bytes(data), _exactly("a public key", public, KEY_BYTES))
    except CryptoError:
        raise InvalidKey("nothing can be sealed for a public key of small order") from None


def verify(public: bytes, data: Buffer, signature: bytes) -> bool:
    """Whether `signature` is libsodium's strict Ed25519 signature of `data` by `public`."""
    if len(public) != KEY_BYTES or len(signature) != SIGNATURE_BYTES:
        return False
    if len(data) >= _OPENSSL_FROM:
        return _verify_openssl(public, data, signature)
    return _verify_sodium(public, data, signature)


def _verify_sodium(public: bytes, data: Buffer, signature: bytes) -> bool:
    try:
        sodium.crypto_sign_open(b"".join((signature, data)), public)
    except BadSignatureError:
        return False
    return True


def _verify_openssl(public: bytes, data: Buffer, signature: bytes) -> bool:
    if not _is_strict(public, signature):
        return False
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, data)
    except (InvalidSignature, ValueError):
        return False
    return True


def _is_strict(public: bytes, signature: bytes) -> bool:
    """libsodium's refusals beyond the signature equation: S, R and the key must be proper."""
    if int.from_bytes(signature[32:], "little") >= _GROUP_ORDER:
        return False
    y = _y_coordinate(public)
    return y < _FIELD_PRIME and not {y, _y_coordinate(signature[:32])} & _SMALL_ORDER_Y


def _y_coordinate(point: bytes) -> int:
    return int.from_bytes(point, "little") & ((1 << 255) - 1)


def is_eligible(signature: bytes, threshold: float) -> bool:
    """Whether a task signature is drawn by `threshold`, a probability (protocol §1.1)."""
    if threshold > 1:
        return True
    if not threshold >= 0:  # NaN as well
        return False
    drawn = int.from_bytes(hashlib.sha256(signature).digest(), "little")
    exact = Fraction(threshold)
    return drawn * exact.denominator <= exact.numerator * (2**256 - 1)


class Sortition(Protocol):
    """What of the round parameters decides the tasks."""

    @property
    def seed(self) -> bytes: ...
    @property
    def sum(self) -> float: ...
    @property
    def update(self) -> float: ...


def sum_signature(keys: SigningKeyPair, round_seed: bytes) -> bytes:
    return keys.sign(round_seed + b"sum")


def update_signature(keys: SigningKeyPair, round_seed: bytes) -> bytes:
    return keys.sign(round_seed + b"update")


def is_sum_participant(public: bytes, sum_signature: bytes, params: Sortition) -> bool:
    """Whether the sum signature proves the sum task in this round (protocol §1.1)."""
    valid = verify(public, params.seed + b"sum", sum_signature)
    return valid and is_eligible(sum_signature, params.sum)


def is_update_participant(
    public: bytes, sum_signature: bytes, update_signature: bytes, params: Sortition
) -> bool:
    """Whether the signatures prove the update task: not drawn for sum, but for update."""
    if is_sum_participant(public, sum_signature, params):
        return False
    valid = verify(public, params.seed + b"update", update_signature)
    return valid and is_eligible(update_signature, params.update)


def next_round_seed(
    secret: bytes, previous_seed: bytes, sum_prob: float, update_prob: float
) -> bytes:
    """The seed of a round from its new X25519 secret and the seed before (protocol §1.2)."""
    signer = SigningKeyPair.from_seed(secret)
    signed = previous_seed + struct.pack("<dd", sum_prob, update_prob)
    return hashlib.sha256(signer.sign(signed)).digest()
