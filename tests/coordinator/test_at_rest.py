"""What is stored opens with the right key, for the right round, as what it is, and else not."""

import os

import pytest

from xaynet_coordinator.at_rest import Unreadable, Vault

VAULT = Vault(bytes(32), "uid", os.urandom)


def test_what_was_sealed_opens_under_the_same_label():
    key, wrapped = VAULT.new_key("1_ab")
    sealed = key.seal("mask", b"data")
    assert b"data" not in sealed
    assert VAULT.unwrap("1_ab", wrapped).open("mask", sealed) == b"data"


@pytest.mark.parametrize(
    "vault", [Vault(bytes(31) + b"\1", "uid", os.urandom), Vault(bytes(32), "other", os.urandom)]
)
def test_a_wrapped_key_opens_with_its_own_master_key_and_uid_only(vault):
    _, wrapped = VAULT.new_key("1_ab")
    with pytest.raises(Unreadable):
        vault.unwrap("1_ab", wrapped)


def test_a_wrapped_key_is_bound_to_its_round():
    _, wrapped = VAULT.new_key("1_ab")
    with pytest.raises(Unreadable):
        VAULT.unwrap("2_ab", wrapped)


def test_nothing_sealed_can_be_passed_off_as_something_else():
    key, _ = VAULT.new_key("1_ab")
    with pytest.raises(Unreadable):
        key.open("partial/b", key.seal("partial/a", b"data"))


@pytest.mark.parametrize("alter", [lambda s: s[:-1], lambda s: s + b"\0", lambda s: s[:5], bytes])
def test_what_was_altered_does_not_open(alter):
    key, _ = VAULT.new_key("1_ab")
    sealed = key.seal("mask", b"data")
    with pytest.raises(Unreadable):
        key.open("mask", alter(sealed) if alter is not bytes else b"")


def test_keys_are_not_shown():
    secret = os.urandom(32)
    assert repr(secret) not in repr(Vault(secret, "uid", os.urandom))
