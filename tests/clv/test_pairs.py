"""Test that each customer finds the number of its pair of x and T."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rfm_engine.clv.pairs import Pairs, number_of
from tests.clv.cdnow import triples_of

histories = st.tuples(st.integers(0, 4), st.integers(0, 20), st.sampled_from([*range(20), 99, 900]))


@given(st.lists(histories, max_size=60))
def test_pairs__are_distinct_and_sorted_and_found(customers):
    pairs = Pairs.of(triples_of(customers))
    distinct = sorted({(x, T) for x, _, T in customers})
    assert [*zip(pairs.x.tolist(), pairs.T.tolist(), strict=True)] == distinct
    assert pairs.n_pairs == len(distinct)
    found = [number_of(pairs, *pair) for pair in distinct]
    assert found == [*range(len(distinct))]


def test_number_of__finds_times_with_and_without_gaps():
    times = [5, 6, 7, 8, 20, 21, 4000, 36_525]
    pairs = Pairs.of(triples_of((x, 0, T) for x in (0, 36_524) for T in times))
    assert [number_of(pairs, 36_524, T) for T in times] == [*range(8, 16)]
    assert np.diff(pairs.starts).sum() == 16
