"""Test that a holdout is what the rows say, for all policies, groups and ways of working."""

from __future__ import annotations

from datetime import date

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rfm_engine as rfm
from rfm_engine.clv.triples import Triples
from rfm_engine.clv.validation import holdout as module
from rfm_engine.clv.validation.holdout import Holdout, holdout_of
from rfm_engine.orders.workers import Workers
from rfm_engine.totals.totals import population_of
from tests.clv.reference_holdout import Known, Line, split
from tests.variants import VARIANTS, variant

EPOCH = date(1970, 1, 1)
FIRST = (date(2024, 3, 1) - EPOCH).days
AS_OF = date(2024, 3, 31)
REFUNDS = ("net", "drop", "net-order")
amounts = st.integers(-300, 900) | st.sampled_from((0, -(2**33), 2**33))
lines = st.builds(
    Line,
    st.tuples(st.integers(1, 6), st.sampled_from(("north", "south", None))),
    st.integers(FIRST, FIRST + 33),
    amounts,
    st.sampled_from((None, "a", "b", "c")),
)


def holdout(rows, held: int, *, refunds="net", by=None, threads=1, as_of=AS_OF) -> Holdout:
    """Return the holdout of order lines with amounts in minor units."""
    table = pa.table(
        {
            "customer_id": pa.array([row.who[0] for row in rows], pa.int64()),
            "shop": pa.array([row.who[1] for row in rows], pa.string()),
            "order_time": pa.array([row.day for row in rows], pa.int32()).cast(pa.date32()),
            "amount": pa.array([row.minor for row in rows], pa.int64()),
            "order_id": pa.array([row.order for row in rows], pa.string()),
        }
    )
    totals = rfm.CustomerTotals(
        as_of=as_of, clv=True, refunds=refunds, by=by, order="order_id", amount_scale=2
    )
    for start in range(0, len(rows), 7):
        totals.update(table.slice(start, 7))
    with Workers(threads) as pool:
        return holdout_of(population_of(totals.totals()), held, pool)


def customers_of(found: Holdout) -> list[Known]:
    columns = (getattr(found, name).tolist() for name in Known._fields)
    return [Known(*row) for row in zip(*columns, strict=True)]


@given(
    rows=st.lists(lines, max_size=50),
    held=st.sampled_from((1, 10, 20)),
    refunds=st.sampled_from(REFUNDS),
    by=st.sampled_from((None, "shop")),
    way=st.sampled_from(sorted(VARIANTS)),
)
def test_holdout__is_what_the_rows_say(rows, held, refunds, by, way):
    own = [row if by else row._replace(who=(row.who[0], None)) for row in rows]
    own = [row for row in own if row.minor >= 0 or refunds != "drop"]
    as_of_day = (AS_OF - EPOCH).days
    want = split(own, as_of_day, held, refunds)
    with variant(way), pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BYTES_A_CUSTOMER", 0)
        if not want.known:
            with pytest.raises(rfm.DataError, match="with an order day up to 2024-03"):
                holdout(rows, held, refunds=refunds, by=by)
            return
        found = holdout(rows, held, refunds=refunds, by=by)
    assert (found.as_of, found.days, found.n_later) == (AS_OF, held, want.n_later)
    if by is None:
        assert found.groups is None
        assert sorted(customers_of(found)) == sorted(want.known.values())
    else:
        shops = found.groups.to_arrow(pa.string()).to_pylist()
        pairs = zip(shops, customers_of(found), strict=True)
        expected = [(who[1], known) for who, known in want.known.items()]
        assert sorted(pairs, key=str) == sorted(expected, key=str)
    assert found.first_day == want.first_day
    days = range(found.first_day, as_of_day + 1)
    assert found.daily.tolist() == [want.daily[day] for day in days]


@given(rows=st.lists(lines, min_size=1, max_size=50), refunds=st.sampled_from(REFUNDS))
def test_holdout__days_and_customers_are_conserved(rows, refunds):
    rows = [*rows, Line((7, "north"), FIRST, 5)]
    found = holdout(rows, 12, refunds=refunds)
    n_fit = found.fit_as_of_day + 1 - found.first_day
    assert found.daily[:n_fit].sum() == found.x.sum()
    assert found.daily[n_fit:].sum() == found.orders.sum()
    assert found.triples().n_customers == found.n_customers
    if refunds == "net":
        rows = [row for row in rows if row.day <= FIRST + 30]
        buyers = {row.who[0] for row in rows if row.minor >= 0}
        assert found.n_customers + found.n_later == len(buyers)
        known = {row.who[0] for row in rows if row.minor >= 0 and row.day <= FIRST + 18}
        paid = sum(row.minor for row in rows if row.who[0] in known)
        assert found.monetary.sum() + found.revenue.sum() == paid


def test_holdout__an_order_cancelled_later_is_history_but_not_a_later_order():
    rows = [
        Line((1, None), FIRST, 500, "a"),
        Line((1, None), FIRST + 5, 700, "b"),
        Line((1, None), FIRST + 20, -700, "b"),
        Line((1, None), FIRST + 21, 300, "c"),
        Line((1, None), FIRST + 22, -300, "c"),
        Line((2, None), FIRST + 1, 100, "d"),
        Line((2, None), FIRST + 25, -100, "d"),
    ]
    found = holdout(rows, 15, refunds="net-order")
    assert sorted(customers_of(found)) == [
        Known(0, 0, 14, 0, 100, 0, -100, 1),
        Known(1, 5, 15, 700, 1200, 0, -700, 1),
    ]
    assert found.n_later == 0


def test_holdout__threads_and_order_of_rows_have_no_effect():
    dice = np.random.default_rng(3)
    n = 600
    days, paid = FIRST + dice.integers(0, 31, n), dice.integers(-50, 500, n)
    who = dice.integers(1, 200, n).tolist()
    rows = [
        Line((c, None), d, p) for c, d, p in zip(who, days.tolist(), paid.tolist(), strict=True)
    ]
    one, other = holdout(rows, 10), holdout(rows[::-1], 10, threads=3)
    # The number that breaks ties depends on the id alone.
    assert len(set(one.draws.tolist())) == one.n_customers
    for first, second in zip(*(by_draw(each) for each in (one, other)), strict=True):
        assert first == second
    assert_same_triples(one.triples(), other.triples())


def by_draw(found: Holdout) -> list[tuple]:
    return sorted(zip(found.draws.tolist(), customers_of(found), strict=True))


def assert_same_triples(ones: Triples, others: Triples) -> None:
    for one, other in zip(ones, others, strict=True):
        assert one.tolist() == other.tolist()


def test_holdout__days_are_those_of_the_time_zone():
    times = ["2024-03-16T22:59", "2024-03-16T23:01", "2024-03-31T21:59", "2024-03-31T22:01"]
    orders = pa.table(
        {
            "customer_id": [1, 1, 1, 1],
            "order_time": pa.array(times).cast(pa.timestamp("s")).cast(pa.timestamp("us", "UTC")),
            "amount": pa.array([1, 2, 4, 8], pa.int64()),
        }
    )
    totals = rfm.CustomerTotals(as_of=AS_OF, clv=True, timezone="Europe/Berlin", amount_scale=2)
    totals.update(orders)
    with Workers(1) as pool:
        found = holdout_of(population_of(totals.totals()), 15, pool)
    assert customers_of(found) == [Known(0, 0, 0, 0, 1, 2, 6, 1)]


def test_holdout__chosen_customers_keep_their_groups():
    rows = [Line((i, ("north", None)[i % 2]), FIRST + i, 100 + i) for i in range(6)]
    found = holdout(rows, 20, by="shop")
    chosen = found.chosen(np.flatnonzero(found.monetary >= 103))
    shops = chosen.groups.to_arrow(pa.string()).to_pylist()
    got = sorted(zip(chosen.monetary.tolist(), shops, strict=True), key=str)
    assert got == [(103, None), (104, "north"), (105, None)]
    assert chosen.triples().n_customers == 3


@pytest.mark.parametrize(
    ("paid", "place"), [((10**18 - 1, 2, -5), "fit"), ((1, 10**18 - 1, -(10**18 - 1), 5), None)]
)
def test_holdout__amounts_of_more_than_18_digits_are_refused(paid, place):
    days = (0, 1, 25) if place else (0, 20, 20, 21)
    rows = [Line((4, None), FIRST + day, minor) for day, minor in zip(days, paid, strict=True)]
    if place is None:
        assert holdout(rows, 15).revenue.tolist() == [5]
        return
    with pytest.raises(rfm.DataError, match=r"at most 18 digits .* customer 4 has more"):
        holdout(rows, 15)


def test_holdout__nobody():
    with pytest.raises(rfm.DataError, match=r"got none\. Hold back fewer days"):
        holdout([], 15)
