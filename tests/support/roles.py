"""Participants whose task in the current round is known beforehand.

A participant's task follows from its keys and the round's parameters, so a test draws keys until
they have the wanted one. Written from the protocol with PyNaCl alone: it must hold against the
published programs whatever our own code does.
"""

import hashlib
import os
import struct
from collections.abc import Callable
from fractions import Fraction

from nacl.signing import SigningKey


def task(seed: bytes, parameters: bytes) -> str:
    """The task of a signing key's seed: "sum", "update" or "none" (protocol §1.1).

    Args:
        seed: 32 bytes.
        parameters: the body of `GET /params` (protocol §2.2).
    """
    sum_probability, update_probability = struct.unpack_from("<dd", parameters, 40)
    key, round_seed = SigningKey(seed), parameters[64:96]
    if _is_eligible(key.sign(round_seed + b"sum").signature, sum_probability):
        return "sum"
    if _is_eligible(key.sign(round_seed + b"update").signature, update_probability):
        return "update"
    return "none"


def seeds_with_task(
    wanted: str, count: int, parameters: bytes, random: Callable[[int], bytes] = os.urandom
) -> list[bytes]:
    """Draws seeds of signing keys that have that task in the round with these parameters."""
    seeds: list[bytes] = []
    while len(seeds) < count:
        seed = random(32)
        if task(seed, parameters) == wanted:
            seeds.append(seed)
    return seeds


def saved_state(seed: bytes, scalar: float = 1.0, max_message_size: int | None = None) -> list[int]:
    """The state of a published SDK's participant with these keys before its first round.

    It restores in the published wheel, whose new participants draw keys of their own and never
    chunk (protocol §8.2).
    """
    key = SigningKey(seed)
    public, secret = bytes(key.verify_key), seed + bytes(key.verify_key)
    size = b"\0" if max_message_size is None else struct.pack("<BQ", 1, max_message_size)
    never_valid = struct.pack("<Q32sddQ32s32xQ", 32, bytes(32), 0, 0, 32, bytes(32), 0)
    awaiting = struct.pack("<I", 1)
    keys = struct.pack("<Q32sQ64s", 32, public, 64, secret)
    return list(awaiting + keys + struct.pack("<d", scalar) + size + never_valid)


def _is_eligible(signature: bytes, threshold: float) -> bool:
    if not 0 <= threshold <= 1:
        return threshold > 1
    number = int.from_bytes(hashlib.sha256(signature).digest(), "little")
    return Fraction(number, 2**256 - 1) <= Fraction(threshold)
