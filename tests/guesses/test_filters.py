"""Conditions are guessed from the status of orders, from refunds and from currencies."""

from __future__ import annotations

from decimal import Decimal

import pytest

import rfm_engine as rfm
from rfm_engine.guesses.options import guess_options

HEAD = "customer,date,total,currency,status\n"


@pytest.fixture
def where(tmp_path):
    """Guess the conditions of some rows; return the guess and the file."""

    def guess(*rows, **typed):
        place = tmp_path / "orders.csv"
        place.write_text(HEAD + "\n".join(rows) + "\n")
        found = {each.option: each for each in guess_options([place], typed)}
        return found.get("where"), place

    return guess


def test_guess_where__keeps_the_most_frequent_currency(where):
    guess, place = where(
        "x,2025-01-31,7.50,USD,paid", "y,2025-02-01,1.00,EUR,paid", "z,2025-02-01,2.00,EUR,paid"
    )
    assert guess.value == ("status=paid", "currency=EUR")
    assert guess.reason.split("; ") == [
        "leaves out 1 of the 3 rows read: USD (1)",
        "keeps EUR (2 rows), the most frequent currency, because amounts are added up",
    ]
    [other] = guess.others
    assert other.value == ("status=paid",)
    assert "--rates" in other.reason
    result = rfm.score(
        place, as_of="newest", customer="customer", time="date", amount="total",
        currency="currency", where=guess.value,
    )  # fmt: skip
    assert sorted(result.customers["monetary"].to_pylist()) == [Decimal("1.00"), Decimal("2.00")]


def test_guess_where__of_equally_frequent_currencies_keeps_the_first(where):
    codes = ["SEK", "EUR", "USD", "GBP", "NOK", "DKK"]
    guess, _ = where(*[f"x{n % 6},2025-01-31,7.50,{codes[n % 6]},paid" for n in range(12)])
    assert guess.value[-1] == "currency=SEK"


def test_guess_where__of_one_currency_or_with_rates_keeps_all(where, tmp_path):
    rates = tmp_path / "rates.csv"
    rates.write_text("currency,rate\nEUR,1\nUSD,0.9\n")
    assert where("x,2025-01-31,7.50,EUR,", "y,2025-02-01,1.00,EUR,")[0] is None
    rows = ["x,2025-01-31,7.50,USD,", "y,2025-02-01,1.00,EUR,"]
    assert where(*rows, rates=str(rates))[0] is None


def test_guess_where__counts_currencies_of_kept_rows_only(where):
    guess, _ = where("x,2025-01-31,7.50,USD,failed", "y,2025-02-01,1.00,EUR,paid")
    assert guess.value == ("status=paid",)


def test_guess_where__says_which_values_are_left_out_and_how_often(where):
    words = ("paid", "void", "refunded", "void", "pending")
    guess, _ = where(*[f"x,2025-01-31,1.00,EUR,{word}" for word in words])
    assert (
        guess.reason.split("; ")[0]
        == "leaves out 4 of the 5 rows read: void (2), refunded (1), pending (1)"
    )


def test_guess_where__names_the_five_most_frequent_of_many_values(where):
    words = ("paid", "failed", "expired", "draft", "open", "new", "waiting", "offen", "offen")
    guess, _ = where(*[f"x,2025-01-31,1.00,EUR,{word}" for word in words])
    assert guess.reason.split("; ")[0] == (
        "leaves out 8 of the 9 rows read: offen (2), failed (1), expired (1), draft (1), open (1), "
        "2 more"
    )


def test_guess_where__counts_the_rows_that_all_conditions_leave_out(where):
    rows = [("paid", "USD"), ("failed", "USD"), ("failed", "EUR"), ("paid", "EUR"), ("paid", "USD")]
    guess, _ = where(*[f"x,2025-01-31,1.00,{code},{word}" for word, code in rows])
    assert guess.value == ("status=paid", "currency=USD")
    assert guess.reason.split("; ") == [
        "leaves out 3 of the 5 rows read: failed (2), EUR (1)",
        "keeps USD (2 rows), the most frequent currency, because amounts are added up",
    ]


@pytest.mark.parametrize(
    ("words", "doubts", "other"),
    [
        (("paid", "?", "open", "failed"), "?, open", ("status!=failed",)),
        (("paid", "paid", "new"), "new", None),
    ],
)
def test_guess_where__is_doubtful_if_orders_that_may_count_are_left_out(
    where, words, doubts, other
):
    guess, _ = where(*[f"x,2025-01-31,1.00,EUR,{word}" for word in words])
    assert guess.value == ("status=paid",)
    [alternative] = guess.others
    assert alternative.value == other
    assert alternative.reason == f"counts orders with these values too: {doubts}"
    assert f"perhaps some of these are orders too: {doubts}" in guess.reason


def test_guess_where__is_certain_if_only_failed_and_refunded_orders_are_left_out(where):
    guess, _ = where(*[f"x,2025-01-31,1.00,EUR,{word}" for word in ("paid", "failed", "refunded")])
    assert (guess.value, guess.others) == (("status=paid",), ())
