"""Test rows that are customers: contradicting options, and the required columns."""

from __future__ import annotations

from datetime import datetime

import pyarrow as pa
import pytest

import rfm_engine as rfm
from rfm_engine.orders.reading import Reading

NEW_YEAR = datetime(2026, 1, 1)


def totals_of(orders, kind=None):
    n = len(orders)
    return pa.table(
        {
            "customer_id": ["ada"] * n,
            "order_time": [NEW_YEAR] * n,
            "amount": [1.5] * n,
            "orders": pa.array(orders, kind),
        }
    )


@pytest.mark.parametrize(
    "given",
    [
        {"order": "basket"}, {"quantity": "pieces"}, {"window": "30d"}, {"refunds": "drop"},
        {"refunds": "error"}, {"zero": "drop"}, {"frequency": "days"},
    ],
    ids=str,
)  # fmt: skip
def test_customer_level__refuses_what_looks_at_single_orders(given):
    [name] = given
    with pytest.raises(rfm.UsageError, match=f"^{name} must not be used with customer_level"):
        rfm.score(totals_of([1]), as_of="newest", customer_level=True, **given)
    with pytest.raises(rfm.UsageError, match=f"^{name} must not be used with customer_level"):
        rfm.CustomerTotals(as_of="newest", customer_level=True, **given)


def test_customer_level__takes_the_same_options_where_they_say_nothing():
    neutral = {"refunds": "net", "zero": "count", "frequency": "orders"}
    result = rfm.score(totals_of([2, 3]), as_of="newest", customer_level=True, **neutral)
    assert result.customers["frequency"].to_pylist() == [5]


def test_reading__a_column_of_orders_comes_with_customer_level_only():
    with pytest.raises(rfm.UsageError, match=r"n_orders must be used with"):
        Reading(as_of="newest", n_orders="orders")
    with pytest.raises(rfm.UsageError, match="n_orders must name a column; got 5"):
        Reading(as_of="newest", n_orders=5, customer_level=True)
    default, named, none = (
        Reading(as_of="newest", customer_level=level, n_orders=name)
        for level, name in ((True, None), (True, "orders"), (False, None))
    )
    assert default == named
    assert default.columns == ["customer_id", "order_time", "amount", "orders"]
    assert default != none


@pytest.mark.parametrize("scheme", ["five-types", "own.toml"])
def test_customer_level__refuses_schemes_that_ask_for_first_orders(scheme, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.toml").write_text(
        'name = "own"\n[[segments]]\nname = "Regular"\nwhen = ["mean_gap_days <= 30"]\n'
        '[[segments]]\nname = "Others"\n'
    )
    with pytest.raises(rfm.UsageError, match="must not use first orders with customer_level"):
        rfm.score(totals_of([1]), as_of="newest", customer_level=True, scheme=scheme)


def test_customer_level__takes_a_model_whose_cycle_is_a_number(tmp_path):
    table = pa.table(
        {
            "customer_id": [1, 1, 2, 3],
            "order_time": [datetime(2026, 1, day) for day in (1, 11, 8, 9)],
            "amount": [10, 10, 7, 8],
        }
    )
    fitted = rfm.score(table, as_of="newest", scheme="five-types")
    rfm.save_model(fitted, tmp_path / "model.json")
    named = {"time": "last_order", "n_orders": "frequency", "amount": "monetary"}
    again = rfm.score(
        fitted.customers,
        as_of="newest",
        model=tmp_path / "model.json",
        customer_level=True,
        **named,
    )
    assert again.segment_totals == fitted.segment_totals


@pytest.mark.parametrize(
    ("orders", "kind", "message"),
    [
        ([1, -2, 3], pa.int64(), r"orders must be 0 or more; got -2 in orders, row 2"),
        ([1.0], pa.float64(), "orders column 'orders' must contain integers; got double"),
        (["1"], pa.string(), "orders column 'orders' must contain integers; got string"),
        ([2**63], pa.uint64(), "orders column 'orders' must fit int64"),
        ([2**40 - 1, 1], pa.int64(), r"orders must be below 2\^40 per customer; customer ada has"),
    ],
)
def test_customer_level__orders_are_counts(orders, kind, message):
    with pytest.raises(rfm.DataError, match=message):
        rfm.score(totals_of(orders, kind), as_of="newest", customer_level=True)


def test_customer_level__a_negative_number_in_a_row_that_is_dropped_does_not_matter():
    table = totals_of([1, -2]).append_column("kind", pa.array(["real", "test"]))
    result = rfm.score(table, as_of="newest", customer_level=True, where=["kind=real"])
    assert result.customers["frequency"].to_pylist() == [1]


def test_customer_level__null_orders_are_null_amounts_and_strict_refuses_them():
    table = totals_of([1, None], pa.int32())
    result = rfm.score(table, as_of="newest", customer_level=True)
    assert result.rows.dropped["null_amount"] == 1
    with pytest.raises(rfm.DataError, match="got null_amount in orders, row 2"):
        rfm.score(table, as_of="newest", customer_level=True, strict=True)


def test_customer_level__nobody_without_orders_is_in_the_output():
    table = pa.table(
        {
            "customer_id": [1, 2, 2, 3, 3],
            "order_time": [datetime(2026, 1, day) for day in (1, 2, 3, 4, 9)],
            "amount": [0, 5, -5, 7, -1],
            "orders": [0, 0, 0, 1, 0],
        }
    )
    result = rfm.score(table, as_of="newest", customer_level=True)
    assert result.customers_without_orders == 2
    [row] = result.customers.to_pylist()
    assert (row["customer_id"], row["frequency"], row["monetary"]) == (3, 1, 6)
    # The row of January 9 has no order. The last order is of January 4.
    assert (row["first_order"], row["recency_days"]) == (None, 5)


def test_merge__orders_and_customers_do_not_mix():
    by_order = rfm.CustomerTotals(as_of="2026-01-31")
    by_customer = rfm.CustomerTotals(as_of="2026-01-31", customer_level=True)
    with pytest.raises(rfm.UsageError, match="same options"):
        by_order.merge(by_customer)
