"""Keys, signatures, sealed boxes and sortition against the reference (protocol §1)."""

import hashlib
import struct
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl import bindings

from golden import entries, f64
from xaynet_pet import (
    EncryptionKeyPair,
    InvalidKey,
    SealedBoxError,
    SigningKeyPair,
    decrypt_seed,
    encrypt_seed,
    is_eligible,
    is_sum_participant,
    is_update_participant,
    next_round_seed,
    seal,
    sum_signature,
    update_signature,
    verify,
)

BIG = 70_000
"""A size that OpenSSL deals with instead of libsodium."""


@dataclass(frozen=True)
class Drawing:
    seed: bytes
    sum: float
    update: float


def test_key_pairs_from_seeds_are_those_of_the_reference():
    for entry in entries("keys", "signing"):
        keys = SigningKeyPair.from_seed(bytes.fromhex(entry["seed"]))
        assert (keys.public.hex(), keys.secret.hex()) == (entry["public"], entry["secret"])
    for entry in entries("keys", "encrypt"):
        keys = EncryptionKeyPair.from_seed(bytes.fromhex(entry["seed"]))
        assert (keys.public.hex(), keys.secret.hex()) == (entry["public"], entry["secret"])


def test_round_seeds_evolve_like_those_of_the_reference():
    for entry in entries("keys", "round_seed"):
        secret = bytes.fromhex(entry["coordinator_secret"])
        previous = bytes.fromhex(entry["previous_seed"])
        seed = next_round_seed(secret, previous, f64(entry["sum"]), f64(entry["update"]))
        assert seed.hex() == entry["seed"]
        assert EncryptionKeyPair.from_secret(secret).public.hex() == entry["coordinator_public"]


def test_tasks_are_drawn_like_those_of_the_reference():
    for entry in entries("keys", "task"):
        keys = SigningKeyPair.from_seed(bytes.fromhex(entry["participant_seed"]))
        drawing = Drawing(
            bytes.fromhex(entry["round_seed"]), f64(entry["sum"]), f64(entry["update"])
        )
        sums, updates = sum_signature(keys, drawing.seed), update_signature(keys, drawing.seed)
        assert (sums.hex(), updates.hex()) == (entry["sum_signature"], entry["update_signature"])
        is_sum = is_sum_participant(keys.public, sums, drawing)
        is_update = is_update_participant(keys.public, sums, updates, drawing)
        assert (is_sum, is_update) == (entry["task"] == "sum", entry["task"] == "update")


def test_a_summer_with_an_invalid_sum_signature_passes_as_updater():
    keys = SigningKeyPair.from_seed(bytes(32))
    drawing = Drawing(bytes(32), 1.0, 1.0)
    sums, updates = sum_signature(keys, drawing.seed), update_signature(keys, drawing.seed)
    assert not is_update_participant(keys.public, sums, updates, drawing)
    assert is_update_participant(keys.public, bytes(64), updates, drawing)
    assert not is_update_participant(keys.public, bytes(64), bytes(64), drawing)


def test_eligibility_is_decided_like_in_the_reference():
    for entry in entries("eligibility"):
        signature = bytes.fromhex(entry["signature"])
        for result in entry["results"]:
            assert is_eligible(signature, f64(result["threshold"])) == result["eligible"], result


def test_nobody_is_eligible_for_a_threshold_that_is_no_number():
    assert not is_eligible(bytes(64), float("nan"))


def test_sealed_boxes_open_like_in_the_reference():
    for entry in entries("sealed_boxes"):
        keys = EncryptionKeyPair.from_seed(bytes.fromhex(entry["seed"]))
        box = bytes.fromhex(entry["ciphertext"])
        opening = decrypt_seed if entry["kind"] == "mask_seed" else lambda box, keys: keys.open(box)
        if entry["plaintext"] is None:
            with pytest.raises(SealedBoxError):
                opening(box, keys)
        else:
            assert opening(box, keys).hex() == entry["plaintext"]


@given(st.binary(max_size=200))
def test_what_is_sealed_opens_again(data):
    keys = EncryptionKeyPair.generate(bytes)
    assert keys.open(memoryview(seal(data, keys.public))) == data


def test_a_box_altered_or_cut_anywhere_does_not_open():
    keys = EncryptionKeyPair.generate()
    box = bytearray(seal(b"model", keys.public))
    for cut in range(len(box)):
        with pytest.raises(SealedBoxError):
            keys.open(box[:cut])
    for position in range(len(box)):
        box[position] ^= 1
        with pytest.raises(SealedBoxError):
            keys.open(box)
        box[position] ^= 1


def test_an_encrypted_seed_of_the_wrong_length_is_refused():
    keys = EncryptionKeyPair.generate()
    with pytest.raises(SealedBoxError, match="not 31"):
        decrypt_seed(seal(bytes(31), keys.public), keys)
    with pytest.raises(InvalidKey, match="not 31"):
        encrypt_seed(bytes(31), keys.public)


def test_an_encrypted_seed_has_80_bytes_and_opens_with_the_ephemeral_keys():
    keys = EncryptionKeyPair.generate()
    encrypted = encrypt_seed(b"s" * 32, keys.public)
    assert (len(encrypted), decrypt_seed(encrypted, keys)) == (80, b"s" * 32)


def test_nothing_is_sealed_for_an_unusable_key():
    for public in (bytes(31), bytes(32)):
        with pytest.raises(InvalidKey):
            seal(b"", public)


@pytest.mark.parametrize("make", [SigningKeyPair.from_seed, EncryptionKeyPair.from_seed])
def test_a_seed_of_the_wrong_length_is_refused(make):
    with pytest.raises(InvalidKey, match="32 bytes, not 5"):
        make(bytes(5))


def test_key_pairs_do_not_show_their_secrets():
    signing, encryption = SigningKeyPair.generate(), EncryptionKeyPair.generate()
    assert repr(signing.seed) not in repr(signing)
    assert repr(encryption.secret) not in repr(encryption)


@pytest.mark.parametrize("size", [0, 100, BIG])
def test_a_signature_holds_for_its_data_and_signer_only(size):
    keys, other = SigningKeyPair.generate(), SigningKeyPair.generate()
    data = bytes(size)
    signature = keys.sign(data)
    assert verify(keys.public, memoryview(data), signature)
    assert not verify(keys.public, data + b"!", signature)
    assert not verify(other.public, data, signature)
    assert not verify(keys.public, data, bytes([signature[0] ^ 1]) + signature[1:])
    assert not verify(keys.public, data, signature[:-1])
    assert not verify(keys.public[:-1], data, signature)


def test_both_libraries_sign_alike():
    keys = SigningKeyPair.from_seed(b"k" * 32)
    data = bytes(BIG)
    assert keys.sign(data) == bindings.crypto_sign(data, keys.secret)[:64]
    assert keys.sign(memoryview(data)) == keys.sign(data)


# The curve, to craft signatures that only a strict verification refuses.
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
BASE_Y = 4 * pow(5, -1, P) % P


def plus(a, b):
    (x1, y1), (x2, y2) = a, b
    dxy = D * x1 * x2 * y1 * y2 % P
    x3 = (x1 * y2 + x2 * y1) * pow(1 + dxy, -1, P) % P
    return x3, (y1 * y2 + x1 * x2) * pow(1 - dxy, -1, P) % P


def times(k, point):
    result = (0, 1)
    while k:
        if k & 1:
            result = plus(result, point)
        point, k = plus(point, point), k >> 1
    return result


def recover(y, sign):
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - square) % P:
        return None
    return (P - x if x % 2 != sign else x), y


def encode(point, extra=0):
    return (point[1] + extra | (point[0] & 1) << 255).to_bytes(32, "little")


BASE = recover(BASE_Y, 0)


def small_order_points():
    """The eight points whose order divides 8."""
    points, y = set(), 2
    while len(points) < 8:
        if (point := recover(y, 0)) is not None:
            points.add(times(L, point))
        y += 1
    return sorted(points)


def challenge(r, public, data):
    return int.from_bytes(hashlib.sha512(r + public + data).digest(), "little") % L


def signed_with(point, public, secret, data):
    """A signature whose R and S satisfy the verification equation, cofactor included."""
    r = encode(plus(times(7, BASE), point))
    s = (7 + challenge(r, public, data) * secret) % L
    return r + s.to_bytes(32, "little")


@pytest.mark.parametrize("size", [50, BIG])
def test_a_handmade_signature_verifies(size):
    data, public = b"m" * size, encode(times(5, BASE))
    assert verify(public, data, signed_with((0, 1), public, 5, data))


@pytest.mark.parametrize("size", [50, BIG])
def test_a_signature_with_an_unreduced_s_is_refused(size):
    data, public = b"m" * size, encode(times(5, BASE))
    signature = signed_with((0, 1), public, 5, data)
    s = int.from_bytes(signature[32:], "little") + L
    assert not verify(public, data, signature[:32] + s.to_bytes(32, "little"))


@pytest.mark.parametrize("size", [50, BIG])
def test_a_public_key_of_small_order_signs_nothing(size):
    """With such a key, S = 7 and R = 7·B - h·A satisfy the equation for the A of the message."""
    data = b"m" * size
    for point in small_order_points():
        for extra in (0, P):
            if point[1] + extra >= 1 << 255:
                continue
            public = encode(point, extra)
            for multiple in range(8):
                r = encode(plus(times(7, BASE), times(multiple, point)))
                assert not verify(public, data, r + (7).to_bytes(32, "little"))


@pytest.mark.parametrize("size", [50, BIG])
def test_a_commitment_of_small_order_is_refused(size):
    """S = h·a makes R the neutral point: true for the equation, refused by libsodium."""
    data, secret = b"m" * size, 5
    public = encode(times(secret, BASE))
    for point in small_order_points():
        r = encode(point)
        s = challenge(r, public, data) * secret % L
        assert not verify(public, data, r + s.to_bytes(32, "little"))


@pytest.mark.parametrize("size", [50, BIG])
def test_a_public_key_that_is_not_a_reduced_point_is_refused(size):
    data = b"m" * size
    for y in range(P, 1 << 255):
        assert not verify(y.to_bytes(32, "little"), data, bytes(64))
    no_point = next(y for y in range(2, 100) if recover(y, 0) is None)
    signature = encode(BASE) + bytes(32)
    assert not verify(no_point.to_bytes(32, "little"), data, signature)


@given(st.binary(min_size=64, max_size=64), st.binary(min_size=32, max_size=32))
def test_both_verifiers_agree_on_arbitrary_keys_and_signatures(signature, public):
    assert not verify(public, b"short", signature)
    assert not verify(public, bytes(BIG), signature)


def test_the_signed_round_seed_message_has_48_bytes():
    entry = entries("keys", "round_seed")[0]
    sums, updates = f64(entry["sum"]), f64(entry["update"])
    signed = bytes.fromhex(entry["previous_seed"]) + struct.pack("<dd", sums, updates)
    assert signed.hex() == entry["signed_message"]
