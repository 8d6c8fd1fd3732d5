"""A price is multiplied by the quantity of its row if it is that of one piece."""

from __future__ import annotations

import pytest

from rfm_engine.guesses.options import guess_options


@pytest.fixture
def guesses(tmp_path):
    def guess(head, *rows):
        place = tmp_path / "orders.csv"
        place.write_text("\n".join([head, *rows]) + "\n")
        return {each.option: each for each in guess_options([place], {})}

    return guess


def sales(price_of, n_rows=24):
    """Write rows of three products in quantities of 1 to 4."""
    prices = (4.00, 2.50, 19.99)
    for n in range(n_rows):
        product, pieces = n % 3, 1 + n % 4
        price = price_of(prices[product], pieces)
        yield f"c{n % 7},2025-01-{1 + n % 28:02},{price:.2f},{pieces},P{product}"


def of_one(price, _):
    return price


def of_all(price, pieces):
    return price * pieces


@pytest.mark.parametrize("name", ["price", "item-price", "Lineitem price", "unit_price"])
def test_quantity__is_decided_by_rows_of_the_same_product(guesses, name):
    head = f"customer,date,{name},quantity,sku"
    found = guesses(head, *sales(of_one))
    assert found["quantity"].value == "quantity"
    assert not found["quantity"].others
    found = guesses(head, *sales(of_all))
    assert "quantity" not in found
    assert "grows with 'quantity'" in found["amount"].reason


def test_quantity__without_products_is_decided_by_the_name(guesses):
    rows = ["x,2025-01-31,7.50,2", "y,2025-02-01,1.00,3"]
    price = guesses("customer,date,price,quantity", *rows)["quantity"]
    assert (price.value, price.others[-1].value) == ("quantity", None)
    each = guesses("customer,date,price_each,quantity", *rows)["quantity"]
    assert (each.value, each.others) == ("quantity", ())
    item = guesses("customer,date,item-price,quantity", *rows)["quantity"]
    assert (item.value, item.others[-1].value) == (None, "quantity")


def test_quantity__with_few_or_mixed_comparisons_stays_doubtful(guesses):
    head = "customer,date,price,quantity,sku"
    assert guesses(head, *sales(of_all, 6))["quantity"].others
    mixed = [*sales(of_all, 12), *sales(of_one, 12)]
    assert guesses(head, *mixed)["quantity"].others


def test_quantity__is_not_used_with_a_total(guesses):
    rows = ["x,2025-01-31,7.50,2,15.00", "y,2025-02-01,1.00,3,3.00"]
    with_total = guesses("customer,date,unit_price,quantity,total", *rows)
    assert with_total["amount"].value == "total"
    assert "quantity" not in with_total
