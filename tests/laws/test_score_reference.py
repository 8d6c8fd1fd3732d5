"""Compare `score` with the naive twin, on generated orders and with every option."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rfm_engine as rfm
from tests import reference, strategies
from tests.compare import expected_scores, scores_of
from tests.shapes import (
    AS_OF,
    DAY_US,
    HARD,
    NEW_YEAR_2024_US,
    cents,
    orders_table,
    random_orders,
    rows_of,
)


def assert_same(result, expected, scale):
    """Compare all results of both: customers, rows, cut points, segments."""
    assert scores_of(result.customers) == expected_scores(expected)
    summary = result.summary()
    assert summary["as_of"] == (None if expected.as_of is None else str(expected.as_of))
    assert summary["rows"] == {
        "read": expected.read,
        "counted": expected.counted,
        "dropped": expected.dropped,
    }
    assert summary["amounts_rounded"] == expected.amounts_rounded
    assert summary["customers"] == len(expected.customers)
    assert summary["customers_without_orders"] == expected.customers_without_orders
    unit = 10**scale
    assert [Fraction(cut) * unit for cut in summary["cuts"]["m"]] == expected.cuts["m"]
    assert summary["cuts"]["r"] == expected.cuts["r"]
    assert summary["cuts"]["f"] == expected.cuts["f"]
    said = {
        s["name"]: (s["customers"], s["orders"], Fraction(s["monetary"]) * unit)
        for s in summary["segments"]
    }
    nobody = (0, 0, 0)
    assert {name: said.pop(name) for name in expected.segments} == expected.segments
    assert all(rest == nobody for rest in said.values())


def engine_options(orders, options):
    names = orders.table.column_names
    return options | {
        "timezone": orders.timezone,
        "order": "order_id" if "order_id" in names else None,
        "quantity": "quantity" if "quantity" in names else None,
    }


def twin_options(orders, options):
    return options | {
        "timezone": orders.timezone,
        "has_order": "order_id" in orders.table.column_names,
        "zoned": orders.zoned,
        "scale": orders.scale,
    }


@given(
    orders=strategies.orders(),
    policies=strategies.policies(),
    as_of=st.one_of(st.just("newest"), strategies.as_of_dates()),
    scheme=st.sampled_from(("classic", "recency-bands")),
)
def test_score__equals_the_twin(orders, policies, as_of, scheme):
    options = policies | {"as_of": as_of, "scheme": scheme}
    result = rfm.score(orders.table, **engine_options(orders, options))
    expected = reference.score(orders.rows, **twin_options(orders, options))
    assert_same(result, expected, orders.scale)


@given(orders=strategies.orders(), policies=strategies.policies())
def test_score__newest_equals_that_date_given(orders, policies):
    newest = rfm.score(orders.table, **engine_options(orders, policies | {"as_of": "newest"}))
    if newest.as_of is None:
        assert newest.customers.num_rows == 0
        return
    given = rfm.score(orders.table, **engine_options(orders, policies | {"as_of": newest.as_of}))
    assert newest.rows == given.rows
    assert scores_of(newest.customers) == scores_of(given.customers)


@pytest.mark.parametrize("window", [None, "999d"])
def test_score__newest_is_the_newest_faultless_row_whatever_the_policies(window):
    """A dropped refund that is later than all counted rows still determines the newest day."""
    table = orders_table(
        [1, 2, 3],
        [NEW_YEAR_2024_US + days * DAY_US for days in (0, 50, 100)],
        [cents(100), cents(-200), cents(0)],
    )
    options = {"as_of": "newest", "window": window, "refunds": "drop", "zero": "drop"}
    result = rfm.score(table, **options)
    assert_same(result, reference.score(rows_of(table), **options), 2)


@pytest.mark.parametrize("fault", [{"refunds": "error"}, {"strict": True}], ids=str)
def test_score__newest_with_a_window_forgives_what_the_window_drops(fault):
    """Before the window are a refund and an amount that would be rounded; neither counts."""
    table = orders_table(
        [1, 1, 1],
        [NEW_YEAR_2024_US + days * DAY_US for days in (0, 1, 100)],
        pa.array([-5.0, 0.125, 5.0]),
    )
    given = rfm.score(table, as_of="2024-04-10", window="30d", **fault)
    newest = rfm.score(table, as_of="newest", window="30d", **fault)
    assert newest.rows == given.rows


def test_score__newest_with_a_window_over_a_stream_asks_for_a_date():
    table = random_orders(10, 3)
    stream = pa.RecordBatchReader.from_batches(table.schema, table.to_batches())
    with pytest.raises(rfm.UsageError, match="as_of"):
        rfm.score(stream, as_of="newest", window="30d")


@given(orders=strategies.orders(lines=False), scale=st.integers(0, 4), data=st.data())
def test_score__amount_scale(orders, scale, data):
    as_of = data.draw(strategies.as_of_dates())
    options = {"as_of": as_of, "timezone": orders.timezone, "amount_scale": scale, "threads": 1}
    amount = orders.table.schema.field("amount").type
    if pa.types.is_decimal(amount) and amount.scale == 0 < scale:
        with pytest.raises(rfm.DataError, match="must have digits after the decimal point"):
            rfm.score(orders.table, **options)
        return
    result = rfm.score(orders.table, **options)

    expected = reference.score(
        orders.rows, as_of=as_of, timezone=orders.timezone, zoned=orders.zoned, scale=scale
    )
    assert result.customers["monetary"].type.scale == scale
    assert_same(result, expected, scale)


@given(
    f_bins=st.integers(2, 100),
    m_bins=st.integers(2, 100),
    scheme=st.sampled_from(("classic", "recency-bands")),
    seed=st.integers(0, 5),
    n=st.integers(0, 60),
)
def test_score__bins(f_bins, m_bins, scheme, seed, n):
    table = random_orders(n, 20, seed)
    bins = (5, 5, m_bins) if scheme == "classic" else (4, f_bins, m_bins)
    result = rfm.score(table, as_of=AS_OF, bins=bins, scheme=scheme)
    expected = reference.score(rows_of(table), as_of=AS_OF, bins=bins, scheme=scheme)
    assert_same(result, expected, 2)


@given(
    orders=strategies.orders(lines=False),
    data=st.data(),
    where=st.sampled_from((["paid"], ["paid", "shipped"], ["none such"])),
    keep=st.booleans(),
)
def test_score__where(orders, data, where, keep):
    n = orders.table.num_rows
    words = st.sampled_from(("paid", "shipped", "Paid", "", None))
    status = data.draw(st.lists(words, min_size=n, max_size=n))
    table = orders.table.append_column("status", pa.array(status, pa.string()))
    condition = f"status{'=' if keep else '!='}{','.join(where)}"
    rows = [
        row._replace(kept=(word in where) == keep)
        for row, word in zip(orders.rows, status, strict=True)
    ]
    result = rfm.score(table, as_of=AS_OF, timezone=orders.timezone, where=[condition])
    expected = reference.score(
        rows, as_of=AS_OF, timezone=orders.timezone, zoned=orders.zoned, scale=orders.scale
    )
    assert_same(result, expected, orders.scale)


def ascending(values):
    return st.lists(values, min_size=4, max_size=4, unique=True).map(sorted)


@given(
    r=st.one_of(st.none(), ascending(st.integers(0, 700))),
    f=st.one_of(st.none(), ascending(st.integers(0, 12))),
    m=st.one_of(
        st.none(), ascending(st.decimals(Decimal(-100), Decimal(400), places=2)), st.just([1, 2, 3])
    ),
    seed=st.integers(0, 5),
)
def test_score__thresholds(r, f, m, seed):
    table = random_orders(50, 20, seed)
    result = rfm.score(table, as_of=AS_OF, r_cuts=r, f_cuts=f, m_cuts=m)
    expected = reference.score(rows_of(table), as_of=AS_OF, cuts=(r, f, m))
    assert_same(result, expected, 2)


@pytest.mark.parametrize("scheme", ["classic", "recency-bands"])
@pytest.mark.parametrize("shape", HARD)
def test_score__hard_shapes(shape, scheme):
    table = HARD[shape]()
    result = rfm.score(table, as_of="newest", scheme=scheme)
    expected = reference.score(rows_of(table), as_of="newest", scheme=scheme)
    assert_same(result, expected, 2)


def test_score__refunds_error_refuses_the_first_refund():
    table = random_orders(200, 20)
    with pytest.raises(reference.RefundError):
        reference.score(rows_of(table), as_of=AS_OF, refunds="error")
    with pytest.raises(rfm.DataError):
        rfm.score(table, as_of=AS_OF, refunds="error")


def test_score__refunds_error_looks_at_counted_rows_only():
    table = HARD["only refunds"]()
    before = rfm.score(table, as_of="2023-01-01", refunds="error")
    assert before.summary()["rows"]["dropped"]["after_as_of"] == 3


def test_score__columns_by_name():
    plain = random_orders(80, 10)
    renamed = plain.rename_columns(["who", "when", "paid"])
    result = rfm.score(renamed, as_of=AS_OF, customer="who", time="when", amount="paid")
    expected = reference.score(rows_of(plain), as_of=AS_OF)
    assert scores_of(result.customers, "who") == expected_scores(expected)
