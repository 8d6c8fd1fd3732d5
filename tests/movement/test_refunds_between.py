"""Refunds between the dates count, also those of customers without an order in the rows read."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from rfm_engine.movement import Comparison
from tests.movement.conftest import scored

ROWS = [(1, "2024-01-20", 10), (1, "2024-02-20", -5), (2, "2024-01-10", 7), (2, "2024-02-15", 3)]
DAYS = "2024-01-31", "2024-02-29"


@pytest.fixture
def compare(tmp_path):
    """Compare both dates under a window, with groups or without, with the orders or without."""
    orders = pa.table({
        "customer_id": [row[0] for row in ROWS],
        "order_time": [datetime.fromisoformat(row[1]) for row in ROWS],
        "amount": pa.array([Decimal(row[2]) for row in ROWS], pa.decimal128(18, 2)),
        "seller": ["a"] * len(ROWS),
    })  # fmt: skip

    def compared(window, *, by=False, with_rows=True, **options):
        more = {"window": window} | ({"by": "seller"} if by else {}) | options
        both = [scored(orders, tmp_path, day, **more) for day in DAYS]
        return Comparison(*both, rows=orders if with_rows else None, threads=1)

    return compared


def total(table, name):
    return sum(value for value in table[name].to_pylist() if value is not None)


@pytest.mark.parametrize(
    ("window", "by"),
    [(None, False), ("15d", False), ("29d", False), ("29d", True), ("60d", False)],
)
def test_spend__has_all_refunds_of_the_first_snapshot(compare, window, by):
    found = compare(window, by=by)
    # Customers who are in a segment at the first date: under short windows not all are.
    spent = {1: Decimal(-5), 2: Decimal(3)}
    people = found.before.customers["customer_id"].to_pylist()
    expected = sum(spent[who] for who in people)
    retention = found.retention()
    assert total(retention, "spend") == expected
    assert total(retention, "retained") == people.count(2)
    for span in ("5d", "31d"):
        period = found.table("period", span=span).table
        assert total(period, "spend_after") == expected
    assert total(period, "spend_before") == sum({1: 10, 2: 7}[who] for who in people)


def test_spend__of_snapshots_is_null_if_a_customer_only_has_refunds(compare):
    found = compare("29d", with_rows=False).retention()
    assert found["spend"].null_count == len(found)
    assert total(found, "orders") == 1
    dropped = compare("29d", with_rows=False, refunds="drop").retention()
    assert total(dropped, "spend") == Decimal(3)
    assert total(compare(None, with_rows=False).retention(), "spend") == Decimal(-2)
