"""Compare the reasons of rows with a plain chain of conditions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rfm_engine.kernels import COMPILED
from rfm_engine.kernels.arrays import frozen
from rfm_engine.orders.extent import GREATEST, LEAST, extent
from rfm_engine.orders.judge import (
    AFTER_AS_OF,
    BEFORE_WINDOW,
    COUNTED,
    NULL_AMOUNT,
    NULL_TIME,
    REASONS,
    REFUND_DROPPED,
    ZERO_DROPPED,
    judge,
)

INT64S = st.integers(LEAST, GREATEST)
CLOCKS = st.one_of(st.integers(-5, 5), INT64S)
ROWS = st.tuples(CLOCKS, st.integers(-2, 2), st.sampled_from([COUNTED, NULL_TIME, NULL_AMOUNT]))
PLAIN = (0, 1, COUNTED)


def reference(row, first: int, last: int, *, drop_refunds: bool, drop_zeros: bool) -> int:
    clock, minor, reason = row
    if reason != COUNTED:
        return reason
    if clock > last:
        return AFTER_AS_OF
    if clock < first:
        return BEFORE_WINDOW
    if minor < 0 and drop_refunds:
        return REFUND_DROPPED
    return ZERO_DROPPED if minor == 0 and drop_zeros else COUNTED


def check(rows, first, last, drop_refunds, drop_zeros, block_rows) -> None:
    clocks, minors, given_reasons = (
        np.array([row[column] for row in rows], np.int64) for column in range(3)
    )
    reasons = given_reasons.astype(np.uint8)
    counts = np.zeros(len(REASONS), np.int64)
    newest = judge(
        frozen(clocks), frozen(minors), first, last, drop_refunds, drop_zeros, block_rows,
        reasons, counts,
    )  # fmt: skip
    expected = [
        reference(row, first, last, drop_refunds=drop_refunds, drop_zeros=drop_zeros)
        for row in rows
    ]
    kept = [row[0] for row in rows if row[2] == COUNTED and first <= row[0] <= last]
    assert reasons.tolist() == expected
    assert counts.tolist() == [expected.count(why) for why in range(len(REASONS))]
    assert newest == max(kept, default=LEAST)


@given(
    st.lists(ROWS, max_size=40),
    st.sampled_from([LEAST, -3, 0]),
    st.sampled_from([GREATEST, 3, 0]),
    st.booleans(),
    st.booleans(),
    st.integers(1, 41),
)
@example([(LEAST, -1, COUNTED), (GREATEST, 0, COUNTED)], LEAST, GREATEST, False, False, 2)
def test_judge__first_reason_of_each_row(rows, first, last, drop_refunds, drop_zeros, block_rows):
    check(rows, first, last, drop_refunds, drop_zeros, block_rows)


@given(
    st.sampled_from([0, 1, 63, 64, 65, 127, 128, 129, 300]),
    st.lists(st.tuples(st.integers(0, 299), ROWS), max_size=2),
    st.booleans(),
)
def test_judge__an_odd_row_among_plain_ones(n, odd, drop):
    rows = [PLAIN] * n
    for place, row in odd:
        if place < n:
            rows[place] = row
    check(rows, -3, 3, drop, drop, 64)


@given(st.lists(INT64S, max_size=70))
def test_extent__is_least_and_greatest(numbers):
    least, greatest = extent(frozen(np.array(numbers, np.int64)))
    assert least == min(numbers, default=GREATEST)
    assert greatest == max(numbers, default=LEAST)


@pytest.mark.skipif(not COMPILED, reason="the compiler is off")
def test_judge_kernels__compiled_once():
    check([PLAIN], -3, 3, False, False, 64)
    check([PLAIN], LEAST, GREATEST, True, True, 64)
    extent(frozen(np.ones(1, np.int64)))
    assert judge.n_versions == 1
    assert extent.n_versions == 1
