"""Arrow arrays as NumPy arrays: slices, nulls, empty and missing buffers."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfm_engine.kernels.arrays import first_true, frozen, texts, valid_mask, values

CUTS = st.tuples(st.integers(0, 17), st.integers(0, 17))
KINDS = [pa.int8(), pa.uint64(), pa.float32(), pa.float64()]


@given(st.lists(st.none() | st.integers(0, 100), max_size=20), CUTS, st.sampled_from(KINDS))
def test_values_and_valid_mask__equal_to_pylist(numbers, cut, kind):
    array = pa.array(numbers, kind).slice(*cut)
    expected = array.to_pylist()
    seen = values(array, kind.to_pandas_dtype())
    assert (seen.dtype, len(seen)) == (np.dtype(kind.to_pandas_dtype()), len(expected))
    assert not seen.flags.writeable
    valid = valid_mask(array)
    if valid is None:
        assert None not in expected
        assert seen.tolist() == expected
    else:
        assert [v if ok else None for v, ok in zip(seen, valid, strict=True)] == expected


@given(
    st.lists(st.none() | st.text(max_size=5), max_size=12),
    CUTS,
    st.sampled_from([pa.string(), pa.large_string(), pa.string_view()]),
)
def test_texts__equal_to_pylist(words, cut, kind):
    array = pa.array(words, pa.string()).cast(kind).slice(*cut)
    data, offsets = texts(array)
    assert not data.flags.writeable
    assert not offsets.flags.writeable
    assert len(offsets) == len(array) + 1
    for row, word in enumerate(array.to_pylist()):
        if word is not None:
            assert data[offsets[row] : offsets[row + 1]].tobytes().decode() == word


def test_values__missing_buffers_are_zeros():
    array = pa.Array.from_buffers(pa.int64(), 0, [None, None])
    assert values(array, np.int64).tolist() == []
    assert valid_mask(pa.nulls(3)).tolist() == [False] * 3
    assert values(pa.array([], pa.decimal128(5, 1)), np.uint32).tolist() == []


def test_values__decimals_are_words():
    array = pa.array([1, None, -1], pa.decimal128(5, 0))
    assert values(array, np.int64).reshape(3, 2)[[0, 2]].tolist() == [[1, 0], [-1, -1]]


def test_frozen__leaves_the_callers_array_writable():
    array = np.arange(6)
    assert not frozen(array).flags.writeable
    assert array.flags.writeable
    assert np.shares_memory(frozen(array), array)
    strided = frozen(array[::2])
    assert strided.flags.c_contiguous
    assert strided.tolist() == [0, 2, 4]


@pytest.mark.parametrize(("mask", "first"), [([], -1), ([False], -1), ([False, True, True], 1)])
def test_first_true(mask, first):
    assert first_true(np.array(mask, np.bool_)) == first
