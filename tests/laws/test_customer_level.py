"""Compare `customer_level` with the naive twin, and with the orders that the totals are from."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rfm_engine as rfm
from tests import reference, reference_customers, strategies
from tests.compare import expected_scores, expected_totals, scores_of, totals_of
from tests.covering import covering
from tests.laws.test_rates import rate_lines, twin_rates, write
from tests.laws.test_score_reference import assert_same, twin_options
from tests.reference_customers import TooManyOrdersError, Total
from tests.reference_money import NoRateError, TooLargeError
from tests.shapes import AS_OF, DAY_US, HARD, NEW_YEAR_2024_US, cents, orders_table, rows_of
from tests.variants import VARIANTS, variant

LATEST_US = 253_402_214_400_000_000


def without_first(expected):
    for customer in expected.customers.values():
        customer.first_us = None
    return expected


@st.composite
def partial_totals(draw, customers, scale):
    """Draw rows, in any order, that add up to the totals of customers."""
    rows = []
    for key, customer in customers.items():
        n, minor, last = customer.frequency, customer.monetary_minor, customer.last_us
        for _ in range(draw(st.integers(0, 3))):
            n_here = draw(st.integers(0, n - 1))
            minor_here = draw(st.integers(-(10**12), 10**12))
            # A row without orders may be later, because a refund is not a purchase.
            us = last - draw(st.integers(0, 10**9)) if n_here else min(last + DAY_US, LATEST_US)
            n, minor = n - n_here, minor - minor_here
            rows.append((key, us, minor_here, n_here))
        rows.append((key, last, minor, n))
    keys, times, minors, counts = (
        zip(*draw(st.permutations(rows)), strict=True) if rows else [()] * 4
    )
    return keys, times, [reference.Decimal(minor).scaleb(-scale) for minor in minors], counts


def totals_table(kind, keys, times, amounts, counts, scale):
    return pa.table(
        {
            "customer_id": pa.array(keys, kind),
            "order_time": pa.array(times, pa.int64()).cast(pa.timestamp("us", "UTC")),
            "amount": pa.array(amounts, pa.decimal128(38, scale)),
            "orders": pa.array(counts, pa.int64()),
        }
    )


@given(
    orders=strategies.orders(),
    policies=strategies.policies(),
    scheme=st.sampled_from(("classic", "recency-bands")),
    data=st.data(),
)
def test_customer_level__totals_score_as_their_orders_do(orders, policies, scheme, data):
    options = policies | {"as_of": "9999-12-31", "scheme": scheme}
    expected = without_first(reference.score(orders.rows, **twin_options(orders, options)))
    rows = data.draw(partial_totals(expected.customers, orders.scale))
    kind = orders.table.schema.field("customer_id").type
    table = totals_table(kind, *rows, orders.scale)
    result = rfm.score(
        table, as_of="9999-12-31", timezone=orders.timezone, scheme=scheme, customer_level=True
    )
    assert scores_of(result.customers) == expected_scores(expected)
    assert result.rows.counted == result.rows.read == table.num_rows
    said = {s.name: (s.customers, s.orders, s.monetary_minor) for s in result.segment_totals}
    assert {name: said[name] for name in expected.segments} == expected.segments


@st.composite
def raw_totals(draw, max_rows=30):
    """Draw any rows: nulls, customers without orders, negative totals, bad times."""
    n = draw(st.integers(0, max_rows))
    money, scale = draw(strategies.amounts(n))
    timezone = draw(st.sampled_from(strategies.ZONES))
    moments = draw(strategies.times(n, timezone))
    few = st.one_of(st.integers(0, 3), st.integers(0, 2**20))
    width = draw(st.sampled_from((pa.int64(), pa.uint32(), pa.int32())))
    columns = {
        "customer_id": draw(strategies.keys(n)),
        "order_time": moments,
        "amount": money,
        "orders": pa.array(draw(strategies.column(few, n)), width),
    }
    table = pa.table(columns)
    zoned = getattr(moments.type, "tz", None) is not None
    return strategies.Orders(table, scale, zoned, timezone)


def totals_of_rows(table):
    plain = rows_of(table)
    counts = table["orders"].to_pylist()
    return [
        Total(row.customer, row.time_us, row.amount, n)
        for row, n in zip(plain, counts, strict=True)
    ]


@given(given=raw_totals(), as_of=st.one_of(st.just("newest"), strategies.as_of_dates()))
def test_customer_level__equals_the_twin(given, as_of):
    options = {"as_of": as_of, "timezone": given.timezone}
    expected = reference_customers.totals(
        totals_of_rows(given.table), zoned=given.zoned, scale=given.scale, **options
    )
    result = rfm.score(given.table, customer_level=True, **options)
    assert_same(result, reference.scored(expected, scale=given.scale), given.scale)


@given(given=raw_totals(), lines=rate_lines(), data=st.data())
def test_customer_level__equals_the_twin_with_rates(given, lines, data, tmp_path_factory):
    place = tmp_path_factory.getbasetemp() / "level.csv"
    write(place, lines)
    n = given.table.num_rows
    names = data.draw(st.lists(st.sampled_from([x for x, *_ in lines]), min_size=n, max_size=n))
    rows = [
        row._replace(currency=name)
        for row, name in zip(totals_of_rows(given.table), names, strict=True)
    ]
    table = given.table.append_column("currency", pa.array(names, pa.string()))
    options = {"as_of": AS_OF, "timezone": given.timezone}
    engine = options | {"currency": "currency", "rates": place, "customer_level": True}
    try:
        expected = reference_customers.totals(
            rows, zoned=given.zoned, scale=given.scale, rates=twin_rates(lines), **options
        )
    except (NoRateError, TooLargeError):
        with pytest.raises(rfm.DataError):
            rfm.score(table, **engine)
        return
    result = rfm.score(table, **engine)
    assert_same(result, reference.scored(expected, scale=given.scale), given.scale)


def hard_totals(shape, kind):
    """Return the rows of a hard shape as totals of 0 to 3 orders."""
    table = HARD[shape]()
    table = table.set_column(0, "customer_id", table["customer_id"].cast(kind))
    counts = [i % 4 for i in range(table.num_rows)]
    return table.append_column("orders", pa.array(counts, pa.int64()))


WAYS = [*((name, pa.int64()) for name in VARIANTS), ("plain", pa.string()), ("spill", pa.string())]


@pytest.mark.parametrize(("way", "shape"), covering(WAYS, HARD), ids=str)
def test_customer_level__every_way_of_working_equals_the_twin(shape, way):
    name, kind = way
    table = hard_totals(shape, kind)
    half = table.num_rows // 2
    expected = reference_customers.totals(totals_of_rows(table), as_of=AS_OF)
    with variant(name):
        totals = rfm.CustomerTotals(as_of=AS_OF, customer_level=True, hash_key=5)
        other = rfm.CustomerTotals(as_of=AS_OF, customer_level=True, hash_key=6)
        for batch in table.slice(0, half).to_batches(max_chunksize=23):
            totals.update(batch)
        for batch in table.slice(half).to_batches(max_chunksize=37):
            other.update(batch)
        totals.merge(other)
        assert totals_of(totals.finish()) == expected_totals(expected)
        n_known = len(expected.customers) + expected.customers_without_orders
        assert totals.n_customers == n_known


MOST = 2**40 - 1


COUNTS = [
    [MOST], [MOST - 1, 1], [2**39] * 2, [MOST, 1], [2**40], [2**62] * 4, [2**63 - 1, 1, 1],
    [2**39] * 3, [1, MOST],
]  # fmt: skip
SOME_WAYS = ["plain", "rounds", "spill", "spill dense", "many tables"]


@pytest.mark.parametrize(
    ("counts", "name", "cent"), covering(COUNTS, SOME_WAYS, [0, -(10**18) + 1], times=4)
)
def test_customer_level__orders_stay_below_their_limit(counts, cent, name):
    """Amounts near the limit overflow an intermediate sum, which uses the same bits."""
    amounts = [cents(cent)] * 20 + [cents(-cent)] * 20
    n = len(amounts) + len(counts)
    table = orders_table([7] * n, [NEW_YEAR_2024_US] * n, amounts + [cents(1)] * len(counts))
    given = [0] * len(amounts) + counts
    table = table.append_column("orders", pa.array(given, pa.int64()))
    rows = totals_of_rows(table)
    with variant(name):
        totals = rfm.CustomerTotals(as_of=AS_OF, customer_level=True)
        for batch in table.to_batches(max_chunksize=3):
            totals.update(batch)
        try:
            expected = reference_customers.totals(rows, as_of=AS_OF)
        except TooManyOrdersError:
            with pytest.raises(
                rfm.DataError, match=r"below 2\^40 per customer; customer 7 has more"
            ):
                totals.finish()
            return
        assert totals_of(totals.finish()) == expected_totals(expected)


def test_customer_level__orders_stay_below_their_limit_when_merged():
    table = orders_table([7], [NEW_YEAR_2024_US], [cents(1)], orders=pa.array([2**39]))
    totals, other = (rfm.CustomerTotals(as_of=AS_OF, customer_level=True) for _ in range(2))
    for each in (totals, other):
        each.update(table)
    totals.merge(other)
    with pytest.raises(rfm.DataError, match=r"below 2\^40"):
        totals.finish()


SCHEMES = [
    "classic", "eight-types", "klaviyo", "putler", "pymc", "python-rfm", "r-rfm", "recency-bands",
    "risk", "shopify", "shopify-ceil", "travel", "value-tiers",
]  # fmt: skip


@pytest.mark.parametrize("scheme", SCHEMES)
def test_customer_level__every_scheme_scores_as_by_orders(scheme):
    """Only the scheme's options about orders are ignored; `mean` is used."""
    table = HARD["zipf"]()
    options = {"as_of": AS_OF, "scheme": scheme}
    by_orders = rfm.score(table, frequency="orders", zero="count", **options)
    named = {"last_order": "order_time", "frequency": "orders", "monetary": "amount"}
    columns = by_orders.customers.select(["customer_id", *named])
    table = columns.rename_columns(["customer_id", *named.values()])
    result = rfm.score(table, customer_level=True, **options)
    expected = scores_of(by_orders.customers)
    assert scores_of(result.customers) == {k: (None, *c[1:]) for k, c in expected.items()}
    assert (result.options["zero"], result.options["frequency"]) == ("count", "orders")
    assert result.options["monetary"] == by_orders.options["monetary"]
