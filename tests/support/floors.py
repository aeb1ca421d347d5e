"""What cannot be avoided on each hot path: the least that any implementation has to do.

    derive   OpenSSL's ChaCha20 keystream of the bytes that rejection sampling consumes
    accept   opening the sealed box, verifying the signature, one pass over the elements
    mask     the keystream, and one pass over the elements
    unmask   three passes over the elements: subtract, check, write

Elements are counted as 8 bytes each, whatever they have on the wire.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms
from nacl.exceptions import BadSignatureError
from nacl.public import PrivateKey, SealedBox
from nacl.signing import VerifyKey

from stopwatches import medians
from xaynet_pet import MaskConfig

BLOCK = 1 << 18  # bytes: fits the second-level cache


def keystream_bytes(config: MaskConfig, length: int) -> int:
    """Bytes that drawing `length` elements consumes on average (protocol §4.3)."""
    words = (config.draw_bytes + 3) // 4
    draws = 2 ** (8 * config.draw_bytes) / config.order
    return round(length * draws * 4 * words)


def keystream(seed: bytes, count: int) -> None:
    """`count` bytes of keystream, block by block into the same memory."""
    encryptor = Cipher(algorithms.ChaCha20(seed, bytes(16)), mode=None).encryptor()
    zeros, block = bytes(BLOCK), bytearray(BLOCK)
    for _ in range(count // BLOCK):
        encryptor.update_into(zeros, block)
    encryptor.update_into(zeros[: count % BLOCK], block)


def passes(vector: np.ndarray, count: int = 1) -> None:
    """That many passes over a vector of 8-byte elements, each reading and writing it."""
    for _ in range(count):
        np.add(vector, 1, out=vector)


class Opening:
    """Opening and verifying one message with the libraries alone, the keys being ready."""

    def __init__(self, body: bytes, secret: bytes) -> None:
        self.body = body
        self._box = SealedBox(PrivateKey(secret))
        public = self.open()[64:96]
        self._openssl = Ed25519PublicKey.from_public_bytes(public)
        self._libsodium = VerifyKey(public)

    def open(self) -> bytes:
        return self._box.decrypt(self.body)

    def verify_with_openssl(self, message: bytes) -> None:
        try:
            self._openssl.verify(message[:64], memoryview(message)[64:])
        except InvalidSignature as error:
            raise AssertionError("the message of the bench is signed") from error

    def verify_with_libsodium(self, message: bytes) -> None:
        try:
            self._libsodium.verify(message[64:], message[:64])
        except BadSignatureError as error:
            raise AssertionError("the message of the bench is signed") from error

    def faster(self) -> Callable[[bytes], None]:
        """The faster of both verifiers for this message, here and now."""
        message = self.open()
        verifiers = {"openssl": self.verify_with_openssl, "libsodium": self.verify_with_libsodium}
        taken = medians({name: partial(each, message) for name, each in verifiers.items()}, 3)
        return verifiers[min(taken, key=lambda name: taken[name].cpu)]
