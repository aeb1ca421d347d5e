"""Round parameters and dictionaries against the reference (protocol §2.2, §5)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from golden import document, entries, f64, pair
from xaynet_pet import (
    DecodeError,
    InvalidKey,
    LocalSeedDict,
    MaskConfig,
    MaskConfigPair,
    PetError,
    RoundParameters,
    SeedDict,
    SumDict,
)

KEYS = st.binary(min_size=32, max_size=32)
SEEDS = st.binary(min_size=80, max_size=80)
PARAMS = RoundParameters(
    b"k" * 32,
    0.5,
    0.9,
    b"s" * 32,
    MaskConfigPair(
        MaskConfig("Prime", "F32", "B0", "M3"), MaskConfig("Power2", "I64", "Bmax", "M12")
    ),
    7,
)


def test_round_parameters_have_the_body_of_the_reference():
    for entry in entries("bincode", "round_params"):
        body = bytes.fromhex(entry["body"])
        params = RoundParameters(
            bytes.fromhex(entry["pk"]),
            f64(entry["sum"]),
            f64(entry["update"]),
            bytes.fromhex(entry["seed"]),
            pair(entry["mask_config"]),
            entry["model_length"],
        )
        assert params.to_bytes() == body
        assert RoundParameters.from_bytes(body) == params


@pytest.mark.parametrize(("kind", "dictionary"), [("sum_dict", SumDict), ("seed_dict", SeedDict)])
def test_dictionaries_have_the_body_of_the_reference(kind, dictionary):
    for entry in entries("bincode", kind):
        items = {bytes.fromhex(key): bytes.fromhex(value) for key, value in entry["items"]}
        assert dictionary(items).to_bytes().hex() == entry["body"]
        assert dictionary.from_bytes(bytes.fromhex(entry["body"])) == items


def test_the_bodies_of_a_recorded_round_decode():
    transcript = document("round_transcript")
    params = RoundParameters.from_bytes(bytes.fromhex(transcript["round_params"]))
    assert (params.model_length, params.sum, params.update) == (4, 0.5, 0.9)
    sums = SumDict.from_bytes(bytes.fromhex(transcript["sums"]))
    assert len(sums) == 2
    for part in transcript["seeds"]:
        assert len(SeedDict.from_bytes(bytes.fromhex(part["body"]))) == 3
        assert bytes.fromhex(part["sum_pk"]) in sums


def test_the_last_of_two_equal_keys_counts():
    two = (
        SumDict({b"k" * 32: b"a" * 32}).to_bytes()[8:]
        + SumDict({b"k" * 32: b"b" * 32}).to_bytes()[8:]
    )
    assert SumDict.from_bytes((2).to_bytes(8, "little") + two) == {b"k" * 32: b"b" * 32}


@given(st.dictionaries(KEYS, SEEDS, max_size=4), st.binary(max_size=9))
def test_dictionaries_survive_the_round_trip_and_surplus_bytes(items, surplus):
    for dictionary in (SeedDict, LocalSeedDict):
        assert dictionary.from_bytes(memoryview(dictionary(items).to_bytes() + surplus)) == items


@pytest.mark.parametrize(
    "value", [PARAMS, SumDict({b"k" * 32: b"e" * 32}), SeedDict({b"k" * 32: b"e" * 80})]
)
def test_a_body_cut_anywhere_is_refused(value):
    body = value.to_bytes()
    assert type(value).from_bytes(body + b"surplus") == value
    for cut in range(len(body)):
        with pytest.raises(DecodeError):
            type(value).from_bytes(body[:cut])


@pytest.mark.parametrize("position", [0, 7, 56, 96, 100, 104, 108, 112, 127])
def test_round_parameters_with_wrong_lengths_or_variants_are_refused(position):
    body = bytearray(PARAMS.to_bytes())
    body[position] = 200
    with pytest.raises(DecodeError):
        RoundParameters.from_bytes(body)


@given(st.binary(max_size=300))
def test_arbitrary_bytes_decode_or_are_refused(body):
    for kind in (RoundParameters, SumDict, SeedDict, LocalSeedDict):
        try:
            kind.from_bytes(body)
        except PetError:
            continue


@pytest.mark.parametrize(("key", "value"), [(31, 80), (32, 79)])
def test_entries_of_wrong_lengths_are_refused(key, value):
    with pytest.raises(InvalidKey, match="32 and 80"):
        LocalSeedDict({bytes(key): bytes(value)})


def test_a_local_seed_dictionary_with_a_repeated_key_is_refused():
    once = LocalSeedDict({b"k" * 32: b"s" * 80}).to_bytes()
    with pytest.raises(DecodeError, match="twice"):
        LocalSeedDict.from_bytes((4 + 2 * 112).to_bytes(4, "big") + 2 * once[4:])
