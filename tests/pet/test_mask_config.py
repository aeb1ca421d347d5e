"""All 240 masking configurations against the reference (protocol §4.1)."""

from fractions import Fraction

import pytest

from golden import config, entries, rational
from xaynet_pet import MaskConfig, MaskConfigError, MaskConfigPair


def test_every_configuration_has_the_constants_of_the_reference():
    found = entries("mask_orders")
    assert len(found) == 240
    for entry in found:
        mask = config(entry["config"])
        assert mask.order == int(entry["order"])
        assert mask.order.bit_length() == entry["order_bits"]
        assert mask.bytes_per_number == entry["bytes_per_number"]
        assert mask.draw_bytes == entry["draw_bytes"]
        assert mask.add_shift == rational(entry["add_shift"])
        assert mask.exp_shift == int(entry["exp_shift"])
        assert mask.max_models == entry["max_nb_models"]


def test_every_configuration_has_the_bytes_of_the_reference():
    for entry in entries("mask_orders"):
        data = bytes.fromhex(entry["config"]["bytes"])
        assert MaskConfig.from_bytes(memoryview(data)) == config(entry["config"])
        assert config(entry["config"]).to_bytes() == data


def test_variants_name_the_configuration_they_came_from():
    for entry in entries("mask_orders"):
        mask = config(entry["config"])
        assert MaskConfig.from_variants(mask.variants) == mask
    assert MaskConfig("Power2", "I64", "Bmax", "M12").variants == (2, 3, 4, 3)


def test_a_configuration_is_equal_however_its_parts_were_given():
    mask = MaskConfig("Prime", "F32", "B0", "M3")
    assert MaskConfig(*mask.parts) == mask
    assert hash(MaskConfig(*mask.parts)) == hash(mask)
    assert MaskConfigPair.uniform(mask) == MaskConfigPair(mask, mask)
    assert isinstance(mask.add_shift, Fraction)


def test_an_unknown_name_is_refused_with_the_allowed_ones():
    with pytest.raises(MaskConfigError, match="'prime' is no GroupType; allowed are Integer, Pr"):
        MaskConfig("prime", "F32", "B0", "M3")


@pytest.mark.parametrize("data", [b"", b"\1\0\0", b"\1\0\0\3\0"])
def test_a_configuration_of_another_size_is_refused(data):
    with pytest.raises(MaskConfigError, match="4 bytes"):
        MaskConfig.from_bytes(data)


@pytest.mark.parametrize("data", [b"\3\0\0\3", b"\0\4\0\3", b"\0\0\1\3", b"\0\0\0\0"])
def test_an_unknown_code_is_refused(data):
    with pytest.raises(MaskConfigError, match="is no code of a"):
        MaskConfig.from_bytes(data)


@pytest.mark.parametrize("variants", [(3, 0, 0, 0), (0, 4, 0, 0), (0, 0, 5, 0), (0, 0, 0, 4)])
def test_an_unknown_variant_is_refused(variants):
    with pytest.raises(MaskConfigError, match="is no variant index of"):
        MaskConfig.from_variants(variants)
