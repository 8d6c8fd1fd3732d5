"""Neighbouring lines of one order become one row, and no result changes."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rfm_engine.kernels.arrays import frozen
from rfm_engine.orders.keys import ByteKeys, IntKeys, Keys
from rfm_engine.orders.normalize import OrderRows
from rfm_engine.totals.buffer.lines import joined

MOST = 1 << 61
ROW = st.tuples(
    st.sampled_from([0, 1, 2**64 - 1]),
    st.integers(0, 1),
    st.integers(0, 1),
    st.integers(-2, 3) | st.sampled_from([-MOST, MOST - 1]),
    st.booleans(),
    st.sampled_from([0, 0, 0, 4]),
)
Row = tuple[int, int, int, int, bool, int]


def rows_of(rows: list[Row], *, keys: Keys | None = None, all_present: bool = False) -> OrderRows:
    ids, orders, times, amounts, present, reason = map(list, zip(*rows, strict=True))
    return OrderRows(
        keys=keys or IntKeys(frozen(np.array(ids, np.uint64))),
        time_us=frozen(np.array(times, np.int64)),
        amount_minor=frozen(np.array(amounts, np.int64)),
        reason=frozen(np.array(reason, np.uint8)),
        counts=np.bincount(reason, minlength=8),
        n_rounded=0,
        newest_day=None,
        currencies=frozenset(),
        order_keys=IntKeys(frozen(np.array(orders, np.uint64))),
        order_present=None if all_present else np.array(present),
        text_time=None,
    )


def listed(rows: OrderRows) -> list[Row]:
    assert isinstance(rows.keys, IntKeys)
    assert isinstance(rows.order_keys, IntKeys)
    present = rows.order_present
    columns = [rows.keys.bits, rows.order_keys.bits, rows.time_us, rows.amount_minor]
    columns += [np.ones(len(rows.reason), bool) if present is None else present, rows.reason]
    return list(zip(*(column.tolist() for column in columns), strict=True))


def added_up(rows: list[Row]) -> list[Row]:
    """Add each counted line to the previous row if that is a line of the same order."""
    out: list[Row] = []
    for row in rows:
        *which, amount, present, reason = row
        if reason:
            continue
        if out:
            *before, sum_before, present_before, _ = out[-1]
            small = all(0 <= number < 1 << 60 for number in (amount, sum_before))
            if which == before and small and present and present_before:
                out[-1] = (*before, sum_before + amount, True, 0)
                continue
        out.append(row)
    return out


@given(st.lists(ROW, max_size=40), st.booleans())
def test_joined__adds_up_neighbours_that_are_one_order(rows, all_present):
    # Every row twice, so that joining lines is worthwhile.
    lines = [row for row in rows for _ in range(2)] or [(0, 0, 0, 1, True, 0)] * 2
    if all_present:
        lines = [(*row[:4], True, row[5]) for row in lines]
    got = joined(rows_of(lines, all_present=all_present))
    assert listed(got) == added_up(lines)
    assert (got.order_present is None) == all_present
    assert max(abs(row[3]) for row in [*listed(got), lines[0]]) <= MOST


def test_joined__gives_kernels_arrays_of_the_kind_that_normalize_gives():
    rows = rows_of([(0, 0, 0, 1, True, 0)] * 8)
    got = joined(rows)
    assert isinstance(got.keys, IntKeys)
    assert isinstance(got.order_keys, IntKeys)
    columns = [got.keys.bits, got.order_keys.bits, got.time_us, got.amount_minor, got.reason]
    # For the compiler, writable arrays are another type.
    assert not any(column.flags.writeable for column in columns)


def test_joined__leaves_rows_that_have_no_company():
    rows = rows_of([(number, number, 0, 1, True, 0) for number in range(9)])
    assert joined(rows) is rows


def test_joined__leaves_rows_with_byte_ids():
    data = frozen(np.zeros(2, np.uint8))
    keys = ByteKeys(frozen(np.arange(3)), data)
    rows = rows_of([(0, 0, 0, 1, True, 0)] * 2, keys=keys)
    assert joined(rows) is rows
