"""Insight tables of random orders are those of the reference, integer by integer."""

from __future__ import annotations

import tempfile
from datetime import date, datetime
from fractions import Fraction
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rfm_engine as rfm
from rfm_engine.insight.answers import answer
from rfm_engine.insight.tables import TABLES
from tests.insight import reference
from tests.insight.reference import Row

AS_OF = date(2025, 3, 31)
TIMES = [
    datetime(2025, month, day, hour) for month in (1, 2, 3) for day in (1, 15) for hour in (0, 9)
]
NAMES = [
    "concentration", "concentration-make", "gini", "affinity", "first-product", "repeat",
    "new-returning", "cohort", "link",
]  # fmt: skip

IDS = {"int": st.integers(-2, 3), "text": st.sampled_from(["a", "b", "B", "\u00e9", "", "aa"])}
ORDERS = {"int": st.none() | st.integers(-3, 3), "text": st.none() | st.sampled_from("xyz")}


@st.composite
def orders(draw, kind):
    """Draw rows with refunds, equal instants, nulls and customers who only have refunds."""
    row = st.builds(
        Row, IDS[kind], ORDERS[kind], st.sampled_from(TIMES), st.integers(-4, 9) | st.just(0),
        st.none() | st.sampled_from(["app", "web", "mail"]),
    )  # fmt: skip
    return draw(st.lists(row, max_size=40))


def table_of(rows, kind):
    types = {"int": pa.int64(), "text": pa.string()}
    return pa.table({
        "customer_id": pa.array([row.customer for row in rows], types[kind]),
        "order_id": pa.array([row.order for row in rows], types[kind]),
        "order_time": pa.array([row.time for row in rows], pa.timestamp("us")),
        "amount": pa.array([row.minor for row in rows], pa.int64()),
        "source": pa.array([row.source for row in rows], pa.string()),
    })  # fmt: skip


def answers(rows, kind, names=NAMES, **options):
    """Score the rows and compute tables from the same rows in another order."""
    table = table_of(rows, kind)
    with tempfile.TemporaryDirectory() as name:
        place = Path(name) / "customers.parquet"
        rfm.score(table, as_of=AS_OF, order="order_id", output=place)
        known = {name for each in names for name in TABLES[each].options}
        explicit = {"attribute": "source", "min_customers": 0, "within": "20d"}
        explicit = {name: explicit[name] for name in explicit if name in known} | {"threads": 2}
        turned = table.take(pa.array(range(len(rows))[::-1], pa.int64()))
        found = answer(names, rfm.read_snapshot(place), turned, explicit | options)
        return {name: each.table.to_pylist() for name, each in found.items()}


def by(rows, keys, *names):
    return {
        tuple(row[key] for key in keys) if len(keys) > 1 else row[keys[0]]: tuple(
            row[name] for name in names
        )
        for row in rows
    }


FIRST = (
    "customers", "repeaters", "eligible", "repeat_h", "median_days", "first_minor", "later_minor",
    "whales",
)  # fmt: skip


@pytest.mark.parametrize("kind", ["int", "text"])
@given(st.data())
def test_tables__are_those_of_the_reference(kind, data):
    rows = data.draw(orders(kind))
    people = reference.customers_of(rows)
    found = answers(rows, kind)
    assert by(found["concentration"], ["p"], "customers", "minor") == reference.concentration(
        people
    )
    make = by(found["concentration-make"], ["q"], "customers")
    assert make == {q: (k,) for q, k in reference.fewest(people).items()}
    for row in found["gini"]:
        exact = reference.gini(people)
        assert (row["gini"] is None) is (exact is None)
        if exact is not None:
            assert Fraction(int(row["numerator"]), int(row["denominator"])) == exact
    affinity = by(found["affinity"], ["value"], "customers", "in_group")
    assert affinity == reference.affinity(people, 0)
    products = [row for row in found["first-product"] if not row["total"]]
    assert by(products, ["value"], *FIRST) == reference.first_product(people, AS_OF, 20)
    months = by(
        found["new-returning"], ["period"], "first_orders", "repeat_orders", "first_minor",
        "repeat_minor", "buyers",
    )  # fmt: skip
    assert months == reference.new_returning(people)
    names = ("converted", "repurchased", "thrice", "eligible", "repurchased_h", "retained", "net")
    assert by(found["link"], ["value"], *names) == reference.link(people, AS_OF, 20)


@given(orders("int"))
def test_cohort__without_attribute_is_that_of_the_reference(rows):
    people = reference.customers_of(rows)
    found = answers(rows, "int", ["cohort"], attribute=None)["cohort"]
    names = ("customers", "active", "orders", "minor", "cum_minor")
    cells = by(found, ["cohort", "k"], *names)
    assert cells == reference.cohort(people, AS_OF)


@given(orders("text"))
def test_affinity__of_last_orders_and_of_spend(rows):
    people = reference.customers_of(rows)
    last = answers(rows, "text", ["affinity"], mode="last")["affinity"]
    assert by(last, ["value"], "customers", "in_group") == reference.affinity(people, -1)
    spent = answers(rows, "text", ["affinity"], mode="spend")["affinity"]
    assert by(spent, ["value"], "minor", "group_minor") == reference.spend(people)
