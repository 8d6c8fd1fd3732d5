"""After customers were forgotten, the orders of the others are the rows of the snapshots."""

from __future__ import annotations

from datetime import timedelta

import pyarrow as pa
import pytest

import rfm_engine as rfm
from tests.history.test_damage import FIRST, ORDERS

DAYS = [FIRST + timedelta(day) for day in (16, 31)]
OTHERS = ORDERS.slice(2)
# Segments keep the cut points of all customers, so that only totals over all segments are equal.
OF_SEGMENTS = {
    "period": ("customers", "buyers_after", "orders_before", "orders_after"),
    "retention": ("size", "retained", "orders"),
    "effects": ("n0", "n1"),
}


@pytest.mark.parametrize(
    ("options", "others"),
    [
        ({}, ["lifecycle", "second-order", "aipl"]),
        ({"by": "shop", "overall": True}, ["lifecycle", "second-order"]),
        ({"window": "20d", "frequency": "days"}, []),
    ],
    ids=str,
)
def test_compare__takes_the_orders_of_the_others(tmp_path, options, others):
    history, never = (rfm.History.create(tmp_path / name, **options) for name in ("h", "never"))
    for day in DAYS:
        history.add(ORDERS, as_of=day)
        never.add(OTHERS, as_of=day)
    assert history.forget("a") == ["a"]
    wanted = never.compare(rows=OTHERS)
    found = history.compare(rows=OTHERS)
    for name in others:
        assert found.table(name).table == wanted.table(name).table
    for name, columns in OF_SEGMENTS.items():
        one, other = (each.table(name).table for each in (found, wanted))
        for column in columns:
            assert sum(one[column].to_pylist()) == sum(other[column].to_pylist())
    with pytest.raises(
        rfm.DataError, match=r"an order; got .* without the customers that were forgotten"
    ):
        history.compare(rows=ORDERS).period()
    amounts = pa.array([1, 2, 3, 4, 5, 6, 7, 9], pa.int64())
    changed = ORDERS.set_column(2, "amount", amounts).slice(2)
    with pytest.raises(rfm.DataError, match="has a net amount of"):
        history.compare(rows=changed).period()
