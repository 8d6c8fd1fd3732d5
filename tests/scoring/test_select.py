"""Selection by counting returns the same values as sorting."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rfm_engine.scoring.selection import select

LEAST, GREATEST = -(2**63), 2**63 - 1
near = st.integers(-5, 5)
far = st.integers(LEAST, GREATEST) | st.sampled_from([LEAST, GREATEST, 0, -1])
middle = st.integers(-(10**12), 10**12)
chunks = st.one_of(*(st.lists(st.lists(v, max_size=40), max_size=5) for v in (near, middle, far)))


def arrays(lists):
    return [np.array(values, np.int64) for values in lists]


@given(chunks, st.data())
def test_select__equals_sorting(lists, data):
    ordered = sorted(value for values in lists for value in values)
    if ordered:
        ranks = sorted(data.draw(st.lists(st.integers(0, len(ordered) - 1), min_size=1)))
        assert select(arrays(lists), ranks) == [ordered[rank] for rank in ranks]


def test_select__int32_chunks_are_values_like_others():
    assert select([np.array([3, 1], np.int32), np.array([2], np.int64)], [0, 1, 2]) == [1, 2, 3]
