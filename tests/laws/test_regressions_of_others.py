"""Test for bugs of other tools; see section 6 of SEMANTICS."""

from __future__ import annotations

import datetime
import random
import time
from datetime import date

import pyarrow as pa
import pytest

import rfm_engine as rfm
from tests.compare import scores_of
from tests.shapes import HARD, NEW_YEAR_2024_US, cents, orders_table, random_orders

DAY_US = 86_400_000_000


def table_of(*orders: tuple[object, str, float]) -> pa.Table:
    who, when, paid = zip(*orders, strict=True)
    moments = pa.array([datetime.datetime.fromisoformat(text) for text in when])
    return orders_table(pa.array(who), moments, pa.array(paid))


def by_customer(table: pa.Table) -> dict[object, dict[str, object]]:
    return {row["customer_id"]: row for row in table.to_pylist()}


def test_score__80_percent_one_timers_do_not_raise():
    rows = rfm.score(HARD["mostly one-timers"](), as_of="newest").customers.to_pylist()
    assert {row["f_score"] for row in rows if row["frequency"] == 1} == {1}
    assert {row["f_score"] for row in rows if row["frequency"] > 1} == {5}


@pytest.mark.parametrize("shape", ["zipf", "all the same day", "all the same amount"])
def test_score__equal_customers_get_equal_scores(shape):
    rows = rfm.score(HARD[shape](), as_of="2025-12-31").customers.to_pylist()
    axes = {"recency_days": "r_score", "frequency": "f_score", "monetary": "m_score"}
    for measure, axis in axes.items():
        assert len({row[measure] for row in rows}) == len(
            {(row[measure], row[axis]) for row in rows}
        )


def test_score__all_equal_customers_score_5_1_1():
    table = orders_table([1, 2, 3], [NEW_YEAR_2024_US] * 3, [cents(100)] * 3)
    got = rfm.score(table, as_of="newest").customers
    assert set(got["rfm_score"].to_pylist()) == {"511"}


def test_score__ten_and_five_cents_stay_so():
    got = rfm.score(table_of(("a", "2024-01-01", 10.05)), as_of="2024-01-02")
    assert str(got.customers["monetary"][0].as_py()) == "10.05"
    assert got.summary()["amounts_rounded"] == 0


def test_score__a_thousand_tenths_are_a_hundred():
    table = table_of(*[("a", "2024-01-01", 0.1)] * 1_000)
    got = rfm.score(table, as_of="2024-01-02")
    assert str(got.customers["monetary"][0].as_py()) == "100.00"
    assert got.summary()["amounts_rounded"] == 0


def test_score__the_best_customer_scores_highest():
    orders = [(f"c{i}", f"2024-01-{i:02}", 10.0 * i) for i in range(1, 11) for _ in range(i)]
    best = by_customer(rfm.score(table_of(*orders), as_of="2024-01-31").customers)["c10"]
    assert (best["rfm_score"], best["segment"]) == ("555", "Champions")


def test_score__the_newest_buyer_has_the_highest_r():
    orders = [(f"c{i}", f"2024-01-{i:02}", 5.0) for i in range(1, 11)]
    rows = by_customer(rfm.score(table_of(*orders), as_of="newest").customers)
    assert (rows["c10"]["r_score"], rows["c1"]["r_score"]) == (5, 1)
    assert rows["c10"]["recency_days"] == 0


def test_score__row_order_does_not_matter():
    table = random_orders(500, 60)
    turn = list(range(500))
    random.Random(3).shuffle(turn)
    want = scores_of(rfm.score(table, as_of="newest").customers)
    assert scores_of(rfm.score(table.take(turn), as_of="newest").customers) == want
    assert scores_of(rfm.score(table.take(turn[::-1]), as_of="newest").customers) == want


def test_score__todays_clock_does_not_matter(monkeypatch):
    table = random_orders(200, 30)
    want = scores_of(rfm.score(table, as_of="newest").customers)

    def no_clock():
        raise AssertionError("the wall clock was read")

    monkeypatch.setattr(time, "time", no_clock)
    monkeypatch.setattr(time, "time_ns", no_clock)
    monkeypatch.setattr(time, "localtime", no_clock)
    result = rfm.score(table, as_of="newest")
    assert scores_of(result.customers) == want
    assert result.as_of == date(2025, 12, 30)


def test_score__a_second_order_on_the_same_day_is_an_order():
    table = table_of(("a", "2024-01-01T09:00", 5.0), ("a", "2024-01-01T18:00", 5.0))
    assert rfm.score(table, as_of="newest").customers["frequency"].to_pylist() == [2]
    by_days = rfm.score(table, as_of="newest", frequency="days").customers
    assert by_days["frequency"].to_pylist() == [1]


def test_score__equal_rows_are_two_purchases():
    table = table_of(("a", "2024-01-01", 5.0), ("a", "2024-01-01", 5.0))
    assert rfm.score(table, as_of="newest").customers["frequency"].to_pylist() == [2]


def test_score__rows_after_as_of_never_make_recency_negative():
    table = table_of(("a", "2024-01-01", 5.0), ("a", "2024-03-01", 5.0), ("b", "2024-03-01", 5.0))
    result = rfm.score(table, as_of="2024-02-01")
    assert by_customer(result.customers)["a"]["recency_days"] == 31
    assert result.customers.num_rows == 1
    assert result.summary()["rows"]["dropped"]["after_as_of"] == 2


def test_score__a_short_day_is_a_day():
    """The last Sunday of March has 23 hours in Berlin."""
    table = table_of(("a", "2024-03-30T23:59", 5.0), ("b", "2024-03-31T00:01", 5.0))
    rows = by_customer(rfm.score(table, as_of="2024-04-01", timezone="Europe/Berlin").customers)
    assert (rows["a"]["recency_days"], rows["b"]["recency_days"]) == (2, 1)


def test_score__text_ids_keep_their_zeros():
    table = table_of(("00004", "2024-01-01", 5.0), ("4", "2024-01-01", 5.0))
    assert set(by_customer(rfm.score(table, as_of="newest").customers)) == {"00004", "4"}


def test_score__sums_beyond_18_digits_are_refused_and_never_wrap():
    top = cents(10**18 - 1)
    table = orders_table([77] * 12, [NEW_YEAR_2024_US] * 12, [top] * 12)
    with pytest.raises(rfm.DataError, match="77"):
        rfm.score(table, as_of="newest")


@pytest.mark.parametrize("n", [2, 9, 10, 18, 19, 20, 40])
def test_score__sums_that_come_back_within_18_digits_do_not_depend_on_row_order(n):
    top = 10**18 - 1
    amounts = [cents(top)] * n + [cents(-top)] * n
    outcomes = set()
    for turn in (amounts, amounts[::-1], [cents(top), cents(-top)] * n):
        table = orders_table([77] * 2 * n, [NEW_YEAR_2024_US] * 2 * n, turn)
        try:
            outcomes.add(str(rfm.score(table, as_of="newest").customers["monetary"][0]))
        except rfm.DataError:
            outcomes.add("refused")
    assert len(outcomes) == 1
