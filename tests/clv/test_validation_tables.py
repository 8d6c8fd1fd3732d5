"""Test the tables of a validation against sums over single customers."""

from __future__ import annotations

from datetime import date, timedelta
from math import fsum

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfm_engine.clv.model import Estimate, Fitted
from rfm_engine.clv.validation.calibration import calibration
from rfm_engine.clv.validation.holdout import Holdout
from rfm_engine.clv.validation.predictions import Predictions
from rfm_engine.clv.validation.sorting import Sorted
from rfm_engine.clv.validation.validation import Validation, validate
from rfm_engine.orders.workers import Workers
from tests.clv import reference_holdout as reference
from tests.clv.reference_holdout import Line
from tests.clv.test_validation_holdout import AS_OF, EPOCH, FIRST, holdout

HELD = 12
METHODS = ["model", "rate", "same_again", "mean", "recency", "spend_to_date"]
GROUPS = ("repeat_days", "tenth", "equal_orders")
lines = st.lists(
    st.builds(
        Line,
        st.tuples(st.integers(1, 40), st.sampled_from(("north", "south"))),
        st.integers(FIRST, FIRST + 32),
        st.integers(-200, 2_000),
        st.none(),
    ),
    min_size=5,
    max_size=120,
)


# The validation only passes it on.
FITTED = Fitted(
    customers=9, repeaters=9, customers_without_value=0,
    orders=Estimate({"r": 0.5}, -1.0, {"r": None}, {"r": None}, ((None,),), {}, 3, "gradient"),
    value=None, value_mean="days", mean_zbar=0.0, mean_day=150.0, correlation=None,
)  # fmt: skip


class Steady:
    """Customers who buy at the rate `(x + 1) / (T + 10)`, and leave over time."""

    def prepare(self, triples):
        self.n_customers = triples.n_customers

    def p_alive(self, x, t_x, T):  # noqa: N803
        return 1 / (1 + (T - t_x) / (30 * (x + 1)))

    def orders(self, x, T, days):  # noqa: N803
        return days * (x + 1) / (T + 10)

    def p_order(self, x, T, days):  # noqa: N803
        rate = self.orders(x, T, days)
        return rate / (1 + rate)

    def new_orders(self, days):
        return days / 10


def value(x, s):
    return (500.0 + np.maximum(s, 0)) / (x + 1)


def validated(found: Holdout, threads: int = 1) -> Validation:
    with Workers(threads) as pool:
        return validate(found, FITTED, Predictions.of(found, Steady(), value), pool)


def known_holdout(rows) -> Holdout:
    return holdout([*rows, Line((41, "north"), FIRST, 900)], HELD)


@given(rows=lines)
def test_predictions__are_those_of_single_customers(rows):
    found = known_holdout(rows)
    predictions = Predictions.of(found, Steady(), value)
    for i in range(found.n_customers):
        x, t_x, age = (int(column[i]) for column in (found.x, found.t_x, found.T))
        alive = 1 / (1 + (age - t_x) / (30 * (x + 1)))
        rate = HELD * (x + 1) / (age + 10)
        assert predictions.orders[i] == alive * rate
        assert predictions.p_order[i] == alive * (rate / (1 + rate))


@given(rows=lines)
def test_table__equals_comparisons_of_all_customers(rows):
    found = known_holdout(rows)
    table = {row["method"]: row for row in validated(found).table.to_pylist()}
    assert [*table] == METHODS
    predictions = Predictions.of(found, Steady(), value)
    actual, revenue = found.orders.tolist(), found.revenue.tolist()
    x, age, s, paid = (c.tolist() for c in (found.x, found.T, found.s, found.monetary))
    worth = [max(s[i] if x[i] else paid[i], 0) / max(x[i], 1) for i in range(len(x))]
    mean = sum(actual) / len(actual)
    orders = {
        "model": predictions.orders.tolist(),
        "rate": [n * HELD / t if n else 0.0 for n, t in zip(x, age, strict=True)],
        "same_again": found.previous.tolist(),
        "mean": [mean] * len(x),
    }
    if found.first_day > FIRST + 30 - 2 * HELD + 1:
        assert set(table["same_again"].values()) == {"same_again", None}
        del orders["same_again"]
    for name, own in orders.items():
        each = predictions.value.tolist() if name == "model" else worth
        money = [n * amount for n, amount in zip(own, each, strict=True)]
        row = table[name]
        check(row, "orders", own, actual, 1)
        check(row, "revenue", money, revenue, 100)
        scores = predictions.p_order.tolist() if name == "model" else own
        assert row["auc"] == reference.auc(scores, [n > 0 for n in actual])
        assert (row["brier"] is None) == (name != "model")
    errors = [p - (n > 0) for p, n in zip(predictions.p_order.tolist(), actual, strict=True)]
    assert table["model"]["brier"] == pytest.approx(fsum(e * e for e in errors) / len(errors))
    last = [span - t for span, t in zip(found.t_x.tolist(), age, strict=True)]
    for name, scores in (("recency", last), ("spend_to_date", paid)):
        assert table[name]["orders_gini"] == reference.gini(scores, actual)
        assert table[name]["revenue_gini"] == reference.gini(scores, revenue)
        assert table[name]["orders_mae"] is None


def check(row, what, predicted, actual, unit):
    n, total = len(actual), sum(actual)
    errors = [one - other for one, other in zip(predicted, actual, strict=True)]
    assert row[what] == pytest.approx(fsum(predicted) / unit, rel=1e-13)
    assert (row[f"{what}_bias"] is None) == (total <= 0)
    if total > 0:
        bias = fsum(predicted) / total - 1
        assert row[f"{what}_bias"] == pytest.approx(bias, rel=1e-9, abs=1e-12)
    assert row[f"{what}_mae"] == pytest.approx(fsum(map(abs, errors)) / n / unit, rel=1e-12)
    rmse = (fsum(e * e for e in errors) / n) ** 0.5 / unit
    assert row[f"{what}_rmse"] == pytest.approx(rmse, rel=1e-12)
    assert row[f"{what}_gini"] == reference.gini(predicted, actual)


@given(rows=lines)
def test_tracking__is_the_sum_over_customers(rows):
    found = known_holdout(rows)
    table = validated(found).tracking.to_pylist()
    first = EPOCH + timedelta(days=found.first_day)
    born = [AS_OF - timedelta(days=HELD + age) for age in found.T.tolist()]
    assert min(born) == first
    daily = found.daily.tolist()
    before = (0, 0.0)
    for number, row in enumerate(table, start=1):
        last = min(first + timedelta(days=7 * number - 1), AS_OF)
        actual = sum(daily[: (last - first).days + 1])
        expected = fsum(max((last - day).days, 0) / 10 for day in born)
        assert (row["week"], row["last_day"]) == (number, last)
        assert row["in_fit"] == (last <= AS_OF - timedelta(days=HELD))
        assert (row["actual_cumulative"], row["actual"]) == (actual, actual - before[0])
        assert row["expected_cumulative"] == pytest.approx(expected, rel=1e-12)
        assert row["expected"] == pytest.approx(expected - before[1], rel=1e-9, abs=1e-9)
        before = actual, expected
    assert table[-1]["last_day"] == AS_OF
    assert before[0] == found.x.sum() + found.orders.sum()


@given(rows=lines)
def test_calibration__groups_have_all_customers_and_are_cut_as_said(rows):
    found = known_holdout(rows)
    predicted = Predictions.of(found, Steady(), value).orders
    n, total = found.n_customers, fsum(predicted.tolist())
    table = validated(found).calibration.to_pylist()
    for grouping in GROUPS:
        own = [row for row in table if row["grouping"] == grouping]
        assert sum(row["customers"] for row in own) == n
        assert sum(row["actual"] for row in own) == found.orders.sum()
        assert sum(row["actual_squares"] for row in own) == (found.orders**2).sum()
        assert fsum(row["predicted"] for row in own) == pytest.approx(total)
    repeats = {row["group"]: row for row in table if row["grouping"] == "repeat_days"}
    for group, row in repeats.items():
        some = [i for i, x in enumerate(found.x.tolist()) if min(x, 7) == int(group[0])]
        assert row["customers"] == len(some)
        assert row["actual"] == sum(found.orders[some].tolist())
        assert row["predicted"] == pytest.approx(fsum(predicted[some].tolist()))
    draws = found.draws.tolist()
    order = sorted(range(n), key=lambda i: (predicted[i], draws[i]))
    sizes = {row["group"]: row["customers"] for row in table if row["grouping"] == "tenth"}
    ends = [i * n // 10 for i in range(11)]
    for i in range(10):
        some = order[ends[i] : ends[i + 1]]
        assert sizes.get(str(i + 1), 0) == len(some)
        row = next((r for r in table if r["grouping"] == "tenth" and r["group"] == str(i + 1)), {})
        assert row.get("actual", 0) == sum(found.orders[some].tolist())
    largest = max(predicted.tolist())
    for row in table:
        if row["grouping"] == "equal_orders" and len(repeats) > 1:
            assert row["predicted"] <= total / 10 + largest * 1.0001


def test_calibration__ties_do_not_depend_on_the_order_of_rows():
    rows = [Line((i, "north"), FIRST + 1, 100) for i in range(1, 35)]
    rows += [Line((i, "north"), FIRST + 25, 100) for i in range(1, 35, 3)]
    tables = []
    for some, threads in ((rows, 1), (rows[::-1], 3)):
        found = holdout(some, HELD, threads=threads)
        predicted = np.full(found.n_customers, 0.25)
        with Workers(threads) as pool:
            order = Sorted.of(predicted, pool).order
        tables.append(calibration(found, predicted, order))
    assert tables[0].equals(tables[1])
    sizes = [row["customers"] for row in tables[0].to_pylist() if row["grouping"] == "tenth"]
    assert sizes == [3, 3, 4, 3, 4, 3, 3, 4, 3, 4]


def test_validate__has_the_same_bits_for_any_threads_and_order_of_rows():
    dice = np.random.default_rng(5)
    n = 800
    columns = (dice.integers(1, 300, n), FIRST + dice.integers(0, 31, n), dice.integers(1, 999, n))
    rows = [
        Line((who, None), day, paid)
        for who, day, paid in zip(*(column.tolist() for column in columns), strict=True)
    ]
    one = validated(holdout(rows, HELD))
    other = validated(holdout(rows[::-1], HELD, threads=3), threads=3)
    assert one.table.equals(other.table)
    assert one.calibration.equals(other.calibration)
    assert one.tracking.equals(other.tracking)
    assert one.summary() == other.summary()


def test_predictions__of_groups_add_up():
    rows = [
        Line((i, ("north", "south")[i % 2]), FIRST + (i * k) % 31, 100 * k)
        for i in range(1, 30)
        for k in range(1, 4)
    ]
    found = holdout(rows, HELD, by="shop")
    whole, parts = Predictions.of(found, Steady(), value), Predictions.empty(found)
    shops = np.array(found.groups.to_arrow(pa.string()).to_pylist())
    for shop in ("north", "south"):
        rows = np.flatnonzero(shops == shop)
        parts.add(rows, Predictions.of(found.chosen(rows), Steady(), value))
    for name in ("orders", "p_order", "value"):
        assert getattr(parts, name).tolist() == getattr(whole, name).tolist()
    assert parts.repeats == pytest.approx(whole.repeats)


def test_summary__is_plain_data_with_a_warning():
    rows = [Line((i, None), FIRST + day, 150) for i in range(9) for day in (0, 5, 10, 20, 25, 30)]
    summary = validated(holdout([*rows, Line((20, None), FIRST + 29, 5)], HELD)).summary()
    methods = summary.pop("methods")
    warnings = summary.pop("warnings")
    fit_as_of = date(2024, 3, 19)
    assert summary == {
        "as_of": "2024-03-31", "fit_as_of": fit_as_of.isoformat(), "days": 12,
        "customers": 9, "customers_later": 1, "orders": 27, "revenue": "40.50",
        "repeaters": 9, "parameters": {"r": 0.5},
    }  # fmt: skip
    assert [row["method"] for row in methods] == METHODS
    assert {each["code"] for each in warnings} == {"heuristic_wins"}
    assert "for the past rate of each customer, and" in warnings[0]["text"]
