"""An id that many guests share is not the customer, if rows have e-mail addresses."""

from __future__ import annotations

import pytest

from rfm_engine.guesses.options import guess_options

HEAD = "order_id,order_date,order_total,customer_id,billing_email\n"


@pytest.fixture
def customer(tmp_path):
    """Guess the customer of rows of id and e-mail address."""

    def guess(*rows):
        place = tmp_path / "orders.csv"
        lines = [f"{n},2025-01-{1 + n % 28:02},7.50,{row}" for n, row in enumerate(rows)]
        place.write_text(HEAD + "\n".join(lines) + "\n")
        return {each.option: each for each in guess_options([place], {})}["customer"]

    return guess


def rows_of(n_guests, n_members, addresses):
    yield from (f"0,guest{n % addresses}@example.com" for n in range(n_guests))
    yield from (f"{10 + n % 60},member{n % 60}@example.com" for n in range(n_members))


def test_customer__is_the_address_if_guests_share_an_id(customer):
    guess = customer(*rows_of(142, 158, 97))
    assert guess.value == "billing_email"
    assert "142 of the 300 rows read have the customer_id '0', with 97 e-mail addresses" in (
        guess.reason
    )
    [other] = guess.others
    assert other == ("customer_id", "counts the rows with '0' as one customer", "0")
    assert guess.example == "guest0@example.com"


@pytest.mark.parametrize("rows", [(142, 158, 2), (0, 300, 97), (4, 296, 4)])
def test_customer__is_the_id_if_no_frequent_id_has_many_addresses(customer, rows):
    guess = customer(*rows_of(*rows))
    assert (guess.value, guess.others) == ("customer_id", ())


def test_customer__is_doubtful_if_members_have_no_address(customer):
    rows = [row if row.startswith("0,") else row.split(",")[0] + "," for row in rows_of(40, 60, 9)]
    guess = customer(*rows)
    assert guess.value == "customer_id"
    assert [each.value for each in guess.others] == ["billing_email"]
    assert "so guests may share it" in guess.reason
