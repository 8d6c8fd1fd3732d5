"""After customers were forgotten, the orders of the others are the rows of the snapshots."""

from __future__ import annotations

from datetime import date, timedelta

import pyarrow as pa
import pytest

import rfm_engine as rfm

FIRST = date(2026, 1, 1)
ORDERS = pa.table(
    {
        "customer_id": list("aabbccdd"),
        "order_time": pa.array([FIRST + timedelta(day) for day in (0, 12, 3, 4, 14, 15, 25, 30)]),
        "amount": pa.array(range(1, 9), pa.int64()),
        "shop": ["x", "y", "x", "x", "y", "y", "x", "y"],
    }
)
DAYS = [FIRST + timedelta(day) for day in (16, 31)]
OTHERS = ORDERS.slice(2)
TABLES = ("lifecycle", "second-order", "period", "retention", "aipl")


@pytest.mark.parametrize(
    ("options", "tables"),
    [
        ({}, TABLES),
        ({"by": "shop", "overall": True}, TABLES[:4]),
        ({"window": "20d", "frequency": "days"}, ("period", "retention", "effects")),
    ],
    ids=str,
)
def test_compare__takes_the_orders_of_the_others(tmp_path, options, tables):
    history, never = (rfm.History.create(tmp_path / name, **options) for name in ("h", "never"))
    for day in DAYS:
        history.add(ORDERS, as_of=day)
        never.add(OTHERS, as_of=day)
    assert history.forget("a") == ["a"]
    wanted = never.compare(rows=OTHERS)
    found = history.compare(rows=OTHERS)
    for name in tables:
        if name not in ("retention", "period", "effects"):  # these have segments
            assert found.table(name).table == wanted.table(name).table
        else:
            assert found.table(name).table.num_rows
    with pytest.raises(rfm.DataError, match="customers with an order; got"):
        history.compare(rows=ORDERS).period()
    amounts = pa.array([1, 2, 3, 4, 5, 6, 7, 9], pa.int64())
    changed = ORDERS.set_column(2, "amount", amounts).slice(2)
    with pytest.raises(rfm.DataError, match="has a net amount of"):
        history.compare(rows=changed).period()
