"""Errors of other tools, reproduced with these tools, and the results of rfm-engine."""

from __future__ import annotations

from decimal import Decimal

import duckdb
import pandas as pd
import pyarrow as pa
import pytest

import rfm_engine as rfm
from tests.shapes import HARD

# From the tests of PyMC-Marketing: customer, day of 2015, amount.
TOY = """1 01-01 1; 1 02-06 2; 2 01-01 2; 3 01-01 3; 3 01-02 1; 3 01-05 5; 4 01-16 6; 4 02-02 3;
4 02-05 3; 4 02-05 6; 5 01-16 3; 5 01-17 1; 5 01-18 8; 6 02-02 5"""


def frame_of(orders):
    """Return orders, `(customer, day, amount)`, as a data frame."""
    who, when, paid = zip(*orders, strict=True)
    days = pd.to_datetime(list(when))
    return pd.DataFrame({"customer_id": who, "order_time": days, "amount": paid})


def scored(frame, as_of="newest", **options):
    """Return the rows of rfm-engine by customer."""
    table = rfm.score(pa.table(frame), as_of=as_of, **options).customers
    return {row["customer_id"]: row for row in table.to_pylist()}


@pytest.fixture(scope="module")
def one_timers():
    """80 customers who bought once, and 20 who bought four times."""
    return HARD["mostly one-timers"]().to_pandas()


def test_qcut__raises_where_most_buy_once(one_timers):
    counts = one_timers.groupby("customer_id").size()
    labels = [1, 2, 3, 4, 5]
    with pytest.raises(ValueError, match="Bin edges must be unique"):
        pd.qcut(counts, 5, labels=labels)
    with pytest.raises(ValueError, match="Bin labels must be one fewer"):
        pd.qcut(counts, 5, labels=labels, duplicates="drop")
    ours = scored(one_timers)
    assert {(row["frequency"], row["f_score"]) for row in ours.values()} == {(1, 1), (4, 5)}


def test_qcut_drop__gives_the_most_frequent_customers_a_low_score(one_timers):
    counts = one_timers.groupby("customer_id").size()
    assert (pd.qcut(counts, 5, labels=False, duplicates="drop") + 1).max() == 2
    best = max(scored(one_timers).values(), key=lambda row: row["frequency"])
    assert best["f_score"] == 5


def test_qcut_drop__has_no_edge_beside_an_edge():
    amounts = [0.0] * 15 + [1.0] * 4 + [2.0, 3.0]
    theirs = pd.qcut(amounts, 10, labels=False, duplicates="drop") + 1
    assert dict(zip(amounts, theirs.tolist(), strict=True)) == {0.0: 1, 1.0: 2, 2.0: 3, 3.0: 3}
    frame = frame_of([(who, "2024-01-05", paid) for who, paid in enumerate(amounts)])
    ours = scored(frame, method="qcut-drop", bins=(5, 5, 10)).values()
    assert {float(row["monetary"]): row["m_score"] for row in ours} == {0: 1, 1: 1, 2: 2, 3: 2}


def test_rank_first_and_ntile__tell_equal_customers_apart():
    frame = frame_of([(who, "2024-01-05", 20.0) for who in range(10)])
    money = frame.groupby("customer_id")["amount"].sum()
    by_rank = pd.qcut(money.rank(method="first"), 5, labels=False) + 1
    assert set(by_rank) == {1, 2, 3, 4, 5}
    tiles = duckdb.sql("select distinct ntile(5) over (order by amount) from frame").fetchall()
    assert {tile for (tile,) in tiles} == {1, 2, 3, 4, 5}
    assert {row["m_score"] for row in scored(frame).values()} == {1}


def test_rank_first__gives_other_scores_when_rows_move():
    frame = frame_of([(who, "2024-01-05", 20.0) for who in range(10)])
    turned = frame[::-1]

    def theirs(rows):
        ranks = rows.set_index("customer_id")["amount"].rank(method="first")
        return pd.qcut(ranks, 5, labels=False).sort_index().tolist()

    assert theirs(frame) != theirs(turned)
    for method in ("quantile", "rank-linear", "ntile"):
        options = {"method": ("quantile", "quantile", method)}
        assert scored(frame, **options) == scored(turned, **options)


def test_float_sums__split_customers_who_paid_the_same():
    paid = [("a", 0.1), ("a", 0.2), ("b", 0.3), ("c", 0.1), ("d", 0.2), ("e", 0.9)]
    frame = frame_of([(who, "2024-01-05", amount) for who, amount in paid])
    sums = frame.groupby("customer_id")["amount"].sum()
    halves = pd.qcut(sums, 2, labels=False) + 1
    assert (halves["a"], halves["b"]) == (2, 1)
    in_sql = "select sum(amount) from frame where customer_id < 'c' group by customer_id order by 1"
    assert duckdb.sql(in_sql).fetchall() == [(0.3,), (0.1 + 0.2,)]
    ours = scored(frame)
    assert ours["a"]["monetary"] == ours["b"]["monetary"] == Decimal("0.30")
    assert ours["a"]["m_score"] == ours["b"]["m_score"]


def test_float_sums__ten_and_five_cents_do_not_stay_so():
    frame = frame_of([("a", "2024-01-05", 10.05)] * 3 + [("b", "2024-01-05", 1.15)])
    sums = frame.groupby("customer_id")["amount"].sum()
    assert sums["a"] != 30.15
    assert (frame["amount"] * 100).astype(int).tolist() == [1005, 1005, 1005, 114]
    ours = scored(frame)
    assert [str(ours[who]["monetary"]) for who in "ab"] == ["30.15", "1.15"]


def test_qcut__of_days_gives_the_newest_buyer_the_lowest_score():
    frame = frame_of([(who, f"2024-01-{1 + who:02}", 5.0) for who in range(10)])
    days = (frame["order_time"].max() - frame["order_time"]).dt.days
    assert pd.qcut(days, 5, labels=[1, 2, 3, 4, 5])[9] == 1
    ours = scored(frame)
    assert (ours[9]["r_score"], ours[0]["r_score"]) == (5, 1)


def test_now__gives_other_scores_another_day():
    frame = frame_of([("a", "2024-01-05", 5.0), ("b", "2024-02-20", 5.0)])

    def theirs(now):
        days = (pd.Timestamp(now) - frame.groupby("customer_id")["order_time"].max()).dt.days
        return {who: "active" if n <= 30 else "lapsed" for who, n in days.items()}

    assert theirs("2024-02-25") == {"a": "lapsed", "b": "active"}
    assert theirs("2024-04-25") == {"a": "lapsed", "b": "lapsed"}
    ours = scored(frame, scheme="recency-bands")
    assert {who: row["segment"] for who, row in ours.items()} == {"a": "cooling", "b": "active"}
    assert ours == scored(frame, as_of="2024-02-20", scheme="recency-bands")


def test_now__gives_negative_days_where_orders_are_later():
    frame = frame_of([("a", "2024-01-01", 5.0), ("a", "2024-03-01", 5.0), ("b", "2024-03-01", 5.0)])
    last = frame.groupby("customer_id")["order_time"].max()
    assert (pd.Timestamp("2024-02-01") - last).dt.days.tolist() == [-29, -29]
    ours = scored(frame, as_of="2024-02-01")
    assert {who: row["recency_days"] for who, row in ours.items()} == {"a": 31}


def clv_table(orders):
    """Return frequency, recency, T and M as CLV models use them: repeat days without the first."""
    daily = orders.groupby(["customer_id", "order_time"], as_index=False)["amount"].sum()
    of = daily.groupby("customer_id")
    first, last = of["order_time"].min(), of["order_time"].max()
    repeats = daily[daily["order_time"] > daily["customer_id"].map(first)]
    means = repeats.groupby("customer_id")["amount"].mean()
    table = pd.DataFrame(
        {
            "frequency": of.size() - 1,
            "recency": (last - first).dt.days,
            "T": (pd.Timestamp("2015-02-07") - first).dt.days,
            "M": means.reindex(first.index).fillna(0.0),
        }
    )
    return {who: tuple(row) for who, *row in table.itertuples()}


def test_clv__leaves_out_the_first_order_and_those_of_the_same_day():
    words = [order.split() for order in TOY.replace("\n", " ").split(";")]
    orders = frame_of([(int(who), f"2015-{day}", float(paid)) for who, day, paid in words])
    assert clv_table(orders) == {
        1: (1, 36, 37, 2), 2: (0, 0, 37, 0), 3: (2, 4, 37, 3),
        4: (2, 20, 22, 6), 5: (2, 2, 22, 4.5), 6: (0, 0, 5, 0),
    }  # fmt: skip
    ours = scored(orders, as_of="2015-02-07")
    assert {who: (row["frequency"], row["recency_days"]) for who, row in ours.items()} == {
        1: (2, 1), 2: (1, 37), 3: (3, 33), 4: (4, 2), 5: (3, 20), 6: (1, 5),
    }  # fmt: skip
    by_day = scored(orders, as_of="2015-02-07", frequency="days")
    means = {who: row["monetary"] / row["frequency"] for who, row in by_day.items()}
    assert means == {1: Decimal("1.5"), 2: 2, 3: 3, 4: 6, 5: 4, 6: 5}


def test_unit_of_rs_rfm__gives_the_best_of_small_amounts_the_lowest_score():
    """The cut points are one unit above the quantiles, so amounts within 1.00 share a bin."""
    frame = frame_of([(who, "2024-01-05", 0.1 * (who + 1)) for who in range(10)])
    assert {row["m_score"] for row in scored(frame, method="r-rfm").values()} == {1}
    assert [scored(frame)[who]["m_score"] for who in (0, 9)] == [1, 5]
