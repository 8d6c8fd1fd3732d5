"""Rows that are the totals of customers are told from orders."""

from __future__ import annotations

from decimal import Decimal

import pytest

import rfm_engine as rfm
from rfm_engine.guesses.options import guess_options

ROWS = ("7,a@b.org,10.00,2,2025-01-31", "8,c@d.org,7.00,1,2025-02-01")


@pytest.fixture
def guessed(tmp_path):
    def guess(head, *rows, **typed):
        place = tmp_path / "customers.csv"
        place.write_text("\n".join([head, *rows]) + "\n")
        guesses = guess_options([place], typed)
        options = {each.option: each.value for each in guesses if each.value is not None}
        return options, rfm.score(place, as_of="newest", **options)

    return guess


@pytest.mark.parametrize("orders", ["Total Orders", "orders_count", "Number of Orders"])
def test_customer_totals__are_recognised(guessed, orders):
    options, result = guessed(f"Customer ID,Email,Total Spent,{orders},Last Order Date", *ROWS)
    assert options == {
        "customer": "Customer ID", "time": "Last Order Date", "amount": "Total Spent",
        "n_orders": orders, "customer_level": True, "ids": "int",
    }  # fmt: skip
    assert sorted(result.customers["frequency"].to_pylist()) == [1, 2]
    assert sorted(result.customers["monetary"].to_pylist()) == [Decimal(7), Decimal(10)]


def test_customer_totals__the_usual_column_needs_no_option(guessed):
    options, result = guessed("customer_id,email,spent,orders,last_order", *ROWS)
    assert "n_orders" not in options
    assert sorted(result.customers["frequency"].to_pylist()) == [1, 2]


def test_customer_totals__are_not_seen_in_orders(guessed):
    head = "customer_id,email,amount,orders,order_date"
    assert "customer_level" not in guessed(head, *ROWS, ROWS[0])[0]
    assert "customer_level" not in guessed(head, ROWS[0])[0]
    with_id = guessed(f"{head},order_id", *[f"{row},{n}" for n, row in enumerate(ROWS)])[0]
    assert (with_id.get("customer_level"), with_id["order"]) == (None, "order_id")
    typed = guessed(head, *ROWS, order="email")[0]
    assert "customer_level" not in typed


def test_customer_totals__that_are_typed_only_need_the_column(guessed):
    head = "customer_id,email,amount,orders placed,order_date"
    options, _ = guessed(head, *ROWS, ROWS[0], customer_level=True)
    assert options["n_orders"] == "orders placed"
