"""Masks from seeds against the reference (protocol §4.2, §4.3)."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from golden import entries, pair
from mask_strategies import configs
from xaynet_pet import DecodeError, InvalidKey, MaskConfig, MaskConfigPair, MaskObject, derive_mask
from xaynet_pet.bincode import Reader
from xaynet_pet.keystream import Keystream

B0 = MaskConfig("Prime", "F32", "B0", "M3")


def naive_mask(seed, config_pair, length):
    """Drawn one by one, as the protocol tells it."""
    stream = Keystream(seed)

    def draw(config):
        while True:
            padded = stream.read((config.draw_bytes + 3) // 4 * 4)
            value = int.from_bytes(padded[: config.draw_bytes], "little")
            if value < config.order:
                return value

    unit = draw(config_pair.unit)
    return [draw(config_pair.vect) for _ in range(length)], unit


def test_the_keystream_is_that_of_the_reference():
    for entry in entries("mask_derivation", "keystream"):
        stream = Keystream(bytes.fromhex(entry["seed"]))
        assert (stream.read(100) + stream.read(412)).hex() == entry["bytes"]


def test_draws_are_aligned_to_words_of_the_stream():
    for entry in entries("mask_derivation", "draws"):
        stream = Keystream(bytes.fromhex(entry["seed"]))
        for draw in entry["draws"]:
            padded = stream.read((draw["size"] + 3) // 4 * 4)
            assert padded[: draw["size"]].hex() == draw["bytes"]


def test_masks_are_those_of_the_reference():
    for entry in entries("mask_derivation", "mask"):
        mask = derive_mask(bytes.fromhex(entry["seed"]), pair(entry["config"]), entry["length"])
        assert mask.unit == int(entry["unit"])
        assert mask.integers() == list(map(int, entry["vect"]))
        assert mask.to_bytes().hex() == entry["object"]
        assert MaskObject.from_bytes(bytes.fromhex(entry["object"])) == mask


@given(st.binary(min_size=32, max_size=32), configs(), configs(), st.integers(0, 20))
def test_masks_are_drawn_one_by_one_from_one_stream(seed, vect, unit, length):
    config_pair = MaskConfigPair(vect, unit)
    mask = derive_mask(seed, config_pair, length)
    assert (mask.integers(), mask.unit) == naive_mask(seed, config_pair, length)
    assert mask.in_range()


@pytest.mark.parametrize("config", [B0, MaskConfig("Power2", "F32", "B6", "M3")])
def test_a_long_mask_continues_a_short_one(config):
    config_pair = MaskConfigPair.uniform(config)
    long = derive_mask(bytes(32), config_pair, 20_000)
    assert naive_mask(bytes(32), config_pair, 3000)[0] == long.integers()[:3000]
    for length in (0, 1, 2999, 19_999):
        short = derive_mask(bytes(32), config_pair, length)
        assert short.integers() == long.integers()[:length]


def test_the_elements_in_the_redis_of_the_reference_are_those_of_a_mask_object():
    """bincode of a mask object: elements as digits, configurations as variant indices."""
    for entry in entries("bincode", "mask_object"):
        reader = Reader(bytes.fromhex(entry["body"]))
        vect = [int.from_bytes(reader.raw(4 * reader.u64()), "little") for _ in range(reader.u64())]
        vect_config = MaskConfig.from_variants(tuple(reader.u32() for _ in range(4)))
        unit = int.from_bytes(reader.raw(4 * reader.u64()), "little")
        unit_config = MaskConfig.from_variants(tuple(reader.u32() for _ in range(4)))
        assert MaskConfigPair(vect_config, unit_config) == pair(entry["config"])
        assert (vect, unit) == ([int(element) for element in entry["vect"]], int(entry["unit"]))
        mask = MaskObject.from_integers(pair(entry["config"]), vect, unit)
        assert (mask.in_range(), mask.integers(), reader.left) == (True, vect, 0)


def test_a_seed_of_the_wrong_length_is_refused():
    with pytest.raises(InvalidKey, match="32 bytes, not 31"):
        derive_mask(bytes(31), MaskConfigPair.uniform(B0), 1)


@given(configs(), configs(), st.data())
def test_mask_objects_survive_the_round_trip(vect, unit, data):
    elements = data.draw(st.lists(st.integers(0, vect.order - 1), max_size=8))
    element = data.draw(st.integers(0, unit.order - 1))
    surplus = data.draw(st.binary(max_size=3))
    mask = MaskObject.from_integers(MaskConfigPair(vect, unit), elements, element)
    body = mask.to_bytes()
    assert mask.size == len(body)
    again = MaskObject.from_bytes(memoryview(body + surplus))
    assert (again.integers(), again.unit, again.pair) == (elements, element, mask.pair)
    assert again == mask
    assert again.to_bytes() == body


@pytest.mark.parametrize("config", [B0, MaskConfig("Prime", "F64", "Bmax", "M12")])
def test_an_object_of_many_blocks_survives_the_round_trip(config):
    mask = derive_mask(
        bytes(32), MaskConfigPair.uniform(config), 100_000 // config.bytes_per_number
    )
    again = MaskObject.from_bytes(mask.to_bytes())
    assert again.in_range()
    assert again == mask


def test_worker_threads_do_not_disturb_each_other():
    config_pair = MaskConfigPair.uniform(B0)
    expected = derive_mask(bytes(32), config_pair, 20_000)
    shared = MaskObject.from_bytes(expected.to_bytes())
    with ThreadPoolExecutor(4) as pool:
        derived = pool.map(lambda _: derive_mask(bytes(32), config_pair, 20_000), range(16))
        assert all(mask == expected for mask in derived)
        assert all(pool.map(lambda _: shared.in_range() and shared == expected, range(16)))


@given(st.binary(max_size=60))
def test_arbitrary_bytes_are_a_mask_object_or_refused(data):
    try:
        mask = MaskObject.from_bytes(data)
    except DecodeError:
        return
    assert mask.to_bytes() == data[: mask.size]


def test_elements_at_the_order_are_out_of_range():
    for config in (
        B0,
        MaskConfig("Power2", "F64", "B6", "M12"),
        MaskConfig("Prime", "F64", "Bmax", "M3"),
    ):
        config_pair = MaskConfigPair.uniform(config)
        largest = config.order - 1
        assert MaskObject.from_integers(config_pair, [0, largest], largest).in_range()
        assert not MaskObject.from_integers(config_pair, [0, config.order], 0).in_range()
        assert not MaskObject.from_integers(config_pair, [0], config.order).in_range()
