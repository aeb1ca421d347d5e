"""Vectors of big integers against Python's own."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xaynet_pet import limbs

MODULI = st.integers(1, 2**200) | st.integers(0, 200).map(lambda exponent: 2**exponent)


def vectors(modulus, count=2):
    """Pairs (or more) of elements, many of them equal or at the ends of the range."""
    ends = st.sampled_from([0, modulus - 1, modulus // 2])
    element = st.integers(0, modulus - 1) | ends
    return st.lists(st.tuples(*[element] * count), max_size=8)


def columns(table, modulus, count=2):
    size = limbs.limb_count(modulus)
    return [limbs.from_integers([row[i] for row in table], size) for i in range(count)]


@given(st.data(), MODULI)
def test_addition_and_subtraction_are_those_of_the_group(data, modulus):
    table = data.draw(vectors(modulus))
    first, second = columns(table, modulus)
    difference = limbs.subtract(first, second, modulus)
    assert limbs.to_integers(difference) == [(a - b) % modulus for a, b in table]
    limbs.add(first, second)
    assert limbs.to_integers(first) == [a + b for a, b in table]
    limbs.reduce(first, modulus)
    assert limbs.to_integers(first) == [(a + b) % modulus for a, b in table]


@given(st.data(), MODULI, st.integers(0, 2**260))
def test_comparison_is_that_of_integers(data, modulus, bound):
    table = data.draw(vectors(modulus, 1))
    (vector,) = columns(table, modulus, 1)
    for limit in [bound, bound % modulus, modulus - 1, *(a for (a,) in table)]:
        expected = [a < limit for (a,) in table]
        assert limbs.below(vector, limit).tolist() == expected
        assert limbs.all_below(vector, limit) == all(expected)


@given(st.data(), st.integers(1, 40), st.integers(0, 12))
def test_packed_numbers_unpack_again(data, width, length):
    values = data.draw(
        st.lists(st.integers(0, 2 ** (8 * width) - 1), min_size=length, max_size=length)
    )
    count = width // 8 + 1
    packed = limbs.pack(limbs.from_integers(values, count), width)
    assert bytes(packed) == b"".join(value.to_bytes(width, "little") for value in values)
    unpacked = limbs.unpack(bytes(packed) + b"surplus", length, width, count)
    assert limbs.to_integers(unpacked) == values


@pytest.mark.parametrize("words", [1, 3])
def test_vectors_of_many_blocks_are_worked_through_to_the_end(words):
    modulus = 3 ** (40 * words)
    values = [pow(7, i, modulus) for i in range(100_000)]
    vector = limbs.from_integers(values, limbs.limb_count(modulus))
    doubled = vector.copy()
    limbs.add(doubled, vector)
    assert not limbs.all_below(doubled, modulus)
    limbs.reduce(doubled, modulus)
    assert limbs.all_below(doubled, modulus)
    assert limbs.to_integers(doubled) == [2 * value % modulus for value in values]
    assert np.array_equal(limbs.subtract(doubled, vector, modulus), vector)
