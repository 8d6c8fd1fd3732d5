"""Test `refunds="net-order"`: the net amount decides, for any division of the rows."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Any, NamedTuple

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rfm_engine as rfm
from tests import reference
from tests.compare import expected_totals, totals_of
from tests.laws.test_clv import clv_of
from tests.laws.test_score_reference import assert_same
from tests.reference_money import TooLargeError
from tests.reference_orders import purchases
from tests.shapes import rows_of
from tests.variants import VARIANTS, variant

DAY_US = 86_400_000_000
FIRST_DAY = (date(2024, 3, 29) - date(1970, 1, 1)).days
AS_OF = date(2024, 4, 8)
LARGEST = 10**18 - 1
ZONE = "Europe/Berlin"  # its clocks change on 2024-03-31
IDS: dict[str, Any] = {
    "int": (pa.int64(), (-(2**63), 7, 2**63 - 1)),
    "text": (pa.string(), ("", "a", "x" * 40)),
    "shared text": (pa.dictionary(pa.int32(), pa.string()), ("", "a", "x" * 40)),
}


class Case(NamedTuple):
    table: pa.Table
    cuts: list[int]
    options: dict[str, Any]

    @property
    def batches(self) -> list[pa.Table]:
        ends = [*self.cuts, self.table.num_rows]
        return [self.table.slice(a, b - a) for a, b in zip([0, *self.cuts], ends, strict=True)]


@st.composite
def cases(draw, max_rows: int = 30, largest: int = LARGEST) -> Case:
    """Draw orders of few customers with few ids and amounts, many of them cancelled."""
    n = draw(st.integers(0, max_rows))

    def column(values):
        return draw(st.lists(values, min_size=n, max_size=n))

    customers, orders = (IDS[draw(st.sampled_from(sorted(IDS)))] for _ in range(2))
    times = st.builds(
        lambda day, us: (FIRST_DAY + day) * DAY_US + us,
        st.integers(0, 12),
        st.sampled_from((0, 1, 5_400_000_000, 82_800_000_001, DAY_US - 1)),
    )
    amounts = st.integers(-2, 2) | st.sampled_from((-largest, largest, 2**32, -(2**32)))
    shops = ("north", "south", None)
    table = pa.table(
        {
            "customer_id": pa.array(column(st.sampled_from(customers[1])), customers[0]),
            "order_time": pa.array(column(times), pa.timestamp("us", "UTC")),
            "amount": pa.array(column(amounts), pa.int64()),
            "order_id": pa.array(column(st.sampled_from((*orders[1], None))), orders[0]),
            "shop": pa.array(column(st.sampled_from(shops)), pa.string()),
        }
    )
    options = {
        "as_of": draw(st.sampled_from((AS_OF.isoformat(), "2024-12-31", "2024-03-30"))),
        "window": draw(st.sampled_from((None, None, "5d"))),
        "zero": draw(st.sampled_from(("count", "drop"))),
        "frequency": draw(st.sampled_from(("orders", "days"))),
        "refunds": "net-order",
        "timezone": ZONE,
    }
    cuts = sorted(draw(st.lists(st.integers(0, n), max_size=3)))
    return Case(table, cuts, options)


def totals_over(batches, options, **more):
    totals = rfm.CustomerTotals(order="order_id", **options, **more)
    for batch in batches:
        totals.update(batch)
    return totals


def finished(totals):
    return totals_of(totals.finish())


def twin_of(table, options):
    return reference.totals(rows_of(table), scale=0, zoned=True, has_order=True, **options)


FEWER = settings(max_examples=settings.default.max_examples // 3)
"""A third of the examples of the profile; they take a minute, as each runs engine and twin."""


@FEWER
@given(case=cases(largest=2**40), way=st.sampled_from(sorted(VARIANTS)))
def test_totals__equal_the_twin(way, case):
    with variant(way):
        found = finished(totals_over(case.batches, case.options))
    assert found == expected_totals(twin_of(case.table, case.options))


@FEWER
@given(case=cases(), way=st.sampled_from(sorted(VARIANTS)), place=st.integers(0, 4))
def test_totals__large_sums_are_exact_or_refused(case, way, place):
    """Intermediate sums exceed 64 bits; the twin refuses only final sums above 18 digits."""
    options = case.options
    try:
        expected = expected_totals(twin_of(case.table, options))
    except TooLargeError:
        expected = None
    with variant(way):
        totals = totals_over(case.batches[:place], options)
        totals.merge(totals_over(case.batches[place:], options))
        if expected is None:
            with pytest.raises(rfm.DataError, match="18 digits"):
                totals.finish()
        else:
            assert finished(totals) == expected


@FEWER
@given(case=cases(largest=2**40), way=st.sampled_from(sorted(VARIANTS)))
def test_merge__and_finish_in_between_change_nothing(case, way):
    with variant(way):
        parts = [totals_over([batch], case.options, hash_key=7) for batch in case.batches]
        whole = rfm.CustomerTotals(order="order_id", **case.options)
        for part in reversed(parts):
            before = finished(part)
            whole.merge(part)
            whole.finish()
            assert finished(part) == before
        assert finished(whole) == finished(totals_over([case.table], case.options))
        assert whole.n_customers == totals_over([case.table], case.options).n_customers


@FEWER
@given(case=cases(largest=2**40), threads=st.sampled_from((1, 3)))
def test_score__equals_the_twin(case, threads):
    result = rfm.score(case.table, order="order_id", threads=threads, **case.options)
    expected = reference.score(
        rows_of(case.table), scale=0, zoned=True, has_order=True, **case.options
    )
    assert_same(result, expected, 0)


@FEWER
@given(case=cases(largest=2**40))
def test_by_and_overall__an_order_is_one_of_a_customer_in_a_group(case):
    result = rfm.score(case.table, order="order_id", by="shop", **case.options)
    for shop in ("north", "south", None):
        own, found = (
            table.filter(pa.array([each == shop for each in table["shop"].to_pylist()], pa.bool_()))
            for table in (case.table, result.customers)
        )
        assert totals_of(found) == expected_totals(twin_of(own, case.options))
    named = case.table.filter(case.table["shop"].is_valid())
    both = rfm.score(named, order="order_id", by="shop", overall=True, **case.options)
    assert totals_of(both.overall.customers) == expected_totals(twin_of(named, case.options))


def clv_twin(table, options):
    """Return x, t_x, T and zbar: days of orders that count, money of all rows."""
    as_of = date.fromisoformat(options["as_of"])
    found = {}
    by_customer: dict = {}
    for index, row in enumerate(rows_of(table)):
        reading = reference.read(index, row, ZONE, True, 0, None)
        dropped = reading.minor == 0 and options["zero"] == "drop"
        if reading.day <= as_of and not dropped:
            by_customer.setdefault(reading.customer, []).append(reading)
    for key, mine in by_customer.items():
        days = sorted({each.day for each in purchases(mine, "net-order", options["zero"])})
        if days:
            x = len(days) - 1
            later = sum(each.minor for each in mine if each.day > days[0])
            age = (as_of - days[0]).days
            zbar = float(Fraction(later, x)) if x else 0.0
            found[key] = (x, (days[-1] - days[0]).days, age, zbar)
    return found


@FEWER
@given(case=cases(largest=2**40), way=st.sampled_from(sorted(VARIANTS)), place=st.integers(0, 4))
def test_clv__looks_at_the_days_of_orders_that_count(case, way, place):
    options = case.options | {"window": None}
    with variant(way):
        totals = totals_over(case.batches[:place], options, clv=True)
        totals.merge(totals_over(case.batches[place:], options, clv=True))
        table = totals.finish()
    assert clv_of(table) == clv_twin(case.table, options)
    assert totals_of(table) == expected_totals(twin_of(case.table, options))


def test_newest__is_the_newest_row_that_counts_though_its_order_does_not():
    table = pa.table(
        {
            "customer_id": [1, 1, 1],
            "order_time": pa.array(["2024-01-01", "2024-01-05", "2024-01-09"]).cast(pa.date32()),
            "amount": [5, 7, -7],
            "order_id": [1, 2, 2],
        }
    )
    result = rfm.score(table, as_of="newest", order="order_id", refunds="net-order")
    assert result.as_of == date(2024, 1, 9)
    assert result.customers["recency_days"].to_pylist() == [8]
