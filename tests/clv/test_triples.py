"""Test that triples are the distinct histories of customers, with counts."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rfm_engine.clv.triples import Triples, keys_of
from rfm_engine.totals.tables.day_totals import Repeats

AS_OF_DAY = 10_000
histories = st.tuples(st.integers(0, 9_000), st.integers(0, 1_000), st.integers(1, 30))


def repeats_of(rows) -> Repeats:
    """Return customers from first day, days until the last one, and number of days."""
    columns = [np.array(column, np.int32) for column in zip(*rows, strict=True)] or [
        np.zeros(0, np.int32)
    ] * 3
    first, span, n_days = columns
    nothing = np.zeros(len(first), np.int64)
    return Repeats(first, first + span, n_days, nothing, nothing)


@given(st.lists(histories, max_size=50), st.integers(0, 50))
def test_triples__count_equal_histories_in_any_order_and_parts(rows, cut):
    expected = Counter((n - 1, AS_OF_DAY - first, span) for first, span, n in rows)
    parts = [keys_of(repeats_of(part), AS_OF_DAY) for part in (rows[cut:], rows[:cut])]
    found = Triples.of(parts)
    columns = (column.tolist() for column in (found.x, found.T, found.t_x, found.n))
    assert [*zip(*columns, strict=True)] == [(*key, expected[key]) for key in sorted(expected)]
    assert found.n_customers == len(rows)
    assert found.n_repeaters == sum(n > 1 for _, _, n in rows)
