"""Hypothesis strategies for configurations, weights and scalars."""

import sys

from hypothesis import strategies as st

from xaynet_pet import BoundType, DataType, GroupType, MaskConfig, ModelType

FLOAT_WIDTHS = {DataType.F32: 32, DataType.F64: 64}


def configs() -> st.SearchStrategy[MaskConfig]:
    """Any of the 240 configurations."""
    parts = (st.sampled_from(part) for part in (GroupType, DataType, BoundType, ModelType))
    return st.builds(MaskConfig, *parts)


def weights(data_type: DataType, max_size: int = 8) -> st.SearchStrategy[list[float | int]]:
    """Weights of a data type: typical ones, round ones, and any its values allow."""
    width = FLOAT_WIDTHS.get(data_type)
    if width is None:
        bound = 2 ** (int(data_type[1:]) - 1)
        numbers = st.integers(-3, 3) | st.integers(-(10**7), 10**7) | st.integers(-bound, bound - 1)
    else:
        numbers = (
            st.floats(-2, 2, width=width)
            | st.floats(allow_nan=False, allow_infinity=False, width=width)
            | st.integers(-1024, 1024).map(lambda n: n / 256)
        )
    return st.lists(numbers, max_size=max_size)


def scalars():
    """Scalars as floats and as rationals, some beyond every bound but the largest."""
    return (
        st.sampled_from([1.0, 0.5, 0.1, 1 / 3, 2.0, 3])
        | st.floats(0, 10**7)
        | st.floats(0, sys.float_info.max)
        | st.fractions(0, 10**7)
        | st.fractions(0, 1, max_denominator=1000)
    )
