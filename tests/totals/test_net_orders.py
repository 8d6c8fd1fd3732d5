"""Entries of net orders: repeats are added up exactly, and searches are short for all ids."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rfm_engine as rfm
from rfm_engine.orders.hashing import HashKey
from rfm_engine.orders.time.zones import Zone
from rfm_engine.totals.buffer.rows import Layout, NetRule
from rfm_engine.totals.tables import net_orders
from rfm_engine.totals.tables.contents import NetEntries
from rfm_engine.totals.tables.keys import slot_shift
from rfm_engine.totals.tables.net_counts import OrderTotals, sum_orders
from rfm_engine.totals.tables.net_orders import NetOrders, add_up_orders
from rfm_engine.totals.tables.net_rows import NetColumns
from rfm_engine.totals.tables.slots import Slots
from tests.totals.test_pairs import bit_reversed

KEY = HashKey.from_int(7)
N = 1 << 12
NUMBERS = np.arange(N)
FEWEST = 4
# Customer code, order, mark, amount, whether it is a refund, first and last.
ENTRIES = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.integers(-1, 1) | st.sampled_from((-(2**63), 2**63 - 1)),
        st.integers(-4, 4),
        st.sampled_from((0, 1, -1, 10**18, -(10**18), 2**32, -(2**32))),
        st.booleans(),
        st.integers(0, 5),
        st.integers(0, 5),
    ),
    max_size=60,
)


@pytest.fixture(autouse=True, scope="module")
def few() -> Iterator[None]:
    """Add up repeats after only a few entries."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(net_orders, "_FEWEST", FEWEST)
        patch.setattr(net_orders, "_MOST_PER_CALL", 7)
        yield


def columns_of(entries: list, *, by_day: bool) -> NetEntries:
    codes, values, marks, amounts, refunds, first, last = (
        np.array([entry[i] for entry in entries], np.int64) for i in range(7)
    )
    columns = [
        codes.astype(np.uint32), values, (amounts >> 32) << 1 | refunds,
        (amounts & 0xFFFFFFFF).astype(np.uint32), first, last,
    ]  # fmt: skip
    return NetEntries.of(columns, marks.astype(np.int32) if by_day else None, None)


def held_of(entries: NetEntries) -> dict:
    marks = [0] * len(entries.rows) if entries.marks is None else entries.marks.tolist()
    lists = [column.tolist() for column in entries.columns]
    return {
        (code, value, mark): ((high >> 1 << 32) + low, high & 1, first, last)
        for code, value, high, low, first, last, mark in zip(*lists, marks, strict=True)
    }


@pytest.mark.parametrize("by_day", [False, True])
@given(parts=st.lists(ENTRIES, max_size=6))
def test_entries__of_one_order_are_added_up_in_order_of_appearance(by_day, parts):
    held = NetOrders(KEY, Layout(False, "int", net=NetRule(Zone("UTC"), by_day, False)))
    expected: dict = {}
    for part in parts:
        held.absorb(
            columns_of(part, by_day=by_day).rows, columns_of(part, by_day=by_day), None, None
        )
        for code, value, mark, *more in part:
            key = code, value, mark if by_day else 0
            amount, refund, first, last = expected.get(key, (0, 0, 0, 0))
            expected[key] = (
                amount + more[0], refund | more[1], max(first, more[2]), max(last, more[3]),
            )  # fmt: skip
        assert held.nbytes <= (44 if by_day else 40) * max(2 * len(expected), FEWEST)
    found = held_of(held.entries())
    assert found == expected
    assert list(found) == list(expected)
    assert held.nbytes == (44 if by_day else 40) * len(expected)


@pytest.mark.parametrize(
    ("codes", "values", "marks"),
    [
        (NUMBERS // 6, NUMBERS, NUMBERS * 0),
        (NUMBERS // 6, NUMBERS << 20, NUMBERS * 0),
        (NUMBERS // 6, NUMBERS << 47, NUMBERS * 0),
        (NUMBERS // 6, bit_reversed(12), NUMBERS * 0),
        (NUMBERS // 6, bit_reversed(63), NUMBERS * 0),
        (NUMBERS, NUMBERS << 40, NUMBERS * 0),
        (NUMBERS, NUMBERS * 0, NUMBERS * 0),
        (NUMBERS * 0, NUMBERS, NUMBERS * 0),
        (NUMBERS >> 6, NUMBERS & 63, NUMBERS * 0),
        (NUMBERS * 0, NUMBERS * 0, NUMBERS),
        (NUMBERS >> 6, NUMBERS * 0, NUMBERS & 63),
        (NUMBERS * 0, NUMBERS >> 6, (NUMBERS & 63) << 20),
        (NUMBERS & 15, NUMBERS >> 8, (NUMBERS >> 4 & 15) - 719_162),
        (NUMBERS // 6, NUMBERS, NUMBERS),
    ],
)
def test_add_up_orders__searches_stay_short_whatever_the_ids(codes, values, marks):
    slots = Slots(np.zeros(2 * N, np.uint32), KEY.mask, KEY.multiplier, slot_shift(2 * N))
    nothing = [np.zeros(N, kind) for kind in (np.int64, np.uint32, np.int64, np.int64)]
    entries = NetColumns(
        codes.astype(np.uint32), values.astype(np.int64), *nothing, marks.astype(np.int32)
    )
    assert add_up_orders(entries, True, 0, N, 0, 0, slots) == N
    free = np.flatnonzero(slots.places == 0)
    assert np.diff(free).max() < 80


def test_sum_orders__adds_up_the_days_of_an_order_and_leaves_rows_without_one():
    codes = np.array([0, 0, 1, 0, 0], np.uint32)
    values = np.array([5, 5, 5, 0, 5], np.int64)
    high, low = np.array([0, -1, 0, 0, 0], np.int64), np.array([9, 2**32 - 7, 3, 4, 1], np.uint32)
    marks = np.array([2, 4, 2, 3, 6], np.int32)
    nothing = np.zeros(5, np.int64)
    entries = NetColumns(codes, values, high, low, nothing, nothing, marks)
    totals = OrderTotals(np.empty(5, np.uint32), np.zeros(5, np.int64), np.zeros(5, np.int64))
    sum_orders(entries, Slots.of(5, KEY), totals)
    # 9, then -7 with a refund, then 1.
    heads, totals_high, totals_low = (column.tolist() for column in totals)
    assert heads == [0, 0, 2, 3, 0]
    assert (totals_high, totals_low) == ([1, 0, 0, 0, 0], [3, 0, 3, 0, 0])


@pytest.mark.parametrize("frequency", ["orders", "days"])
def test_rows__without_an_order_id_have_at_most_an_entry_per_customer_and_day(frequency):
    n = 100
    totals = rfm.CustomerTotals(
        as_of="2024-12-31", order="order_id", refunds="net-order", frequency=frequency, hash_key=7
    )
    orders = pa.table(
        {
            "customer_id": [1] * n,
            "order_time": [datetime(2024, 1, 1 + hour % 2, hour % 24) for hour in range(n)],
            "amount": [5] * n,
            # Different ids behind the nulls.
            "order_id": pa.array(np.arange(n), mask=np.ones(n, np.bool_)),
        }
    )
    totals.update(orders)
    plain = rfm.CustomerTotals(as_of="2024-12-31", hash_key=7)
    plain.update(orders)
    assert totals.nbytes - plain.nbytes == (2 * 44 if frequency == "days" else 0)
