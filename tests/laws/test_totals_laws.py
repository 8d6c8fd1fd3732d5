"""Test the algebra of `CustomerTotals`: cutting, reordering and merging have no effect."""

from __future__ import annotations

from datetime import datetime

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rfm_engine as rfm
from tests import reference, strategies
from tests.compare import expected_totals, totals_of
from tests.covering import covering
from tests.shapes import AS_OF, HARD, rows_of
from tests.variants import VARIANTS, variant

FEW = settings(max_examples=settings.default.max_examples // 2)  # per way of working
DAY = datetime(2025, 6, 1)
KEYS = (0, 1, 2**64 - 1, 0x9E3779B97F4A7C15)


@st.composite
def cases(draw):
    """Draw orders, their batches, and options of totals."""
    orders = draw(strategies.orders(max_rows=30))
    columns = orders.table.column_names
    options = draw(strategies.policies()) | {
        "as_of": draw(strategies.as_of_dates()),
        "timezone": orders.timezone,
        "order": "order_id" if "order_id" in columns else None,
        "quantity": "quantity" if "quantity" in columns else None,
    }
    if options["order"] and draw(st.booleans()):
        options["refunds"] = "net-order"
    return orders, draw(strategies.cuttings(orders.table)), options


def totals_over(batches, options, **more):
    totals = rfm.CustomerTotals(**options, **more)
    for batch in batches:
        totals.update(batch)
    return totals


ways = st.sampled_from(sorted(VARIANTS))


def finished(totals):
    return totals_of(totals.finish())


def expected(orders, options):
    options = dict(options)
    order, _ = options.pop("order"), options.pop("quantity")
    return expected_totals(
        reference.totals(
            orders.rows,
            has_order=order is not None,
            zoned=orders.zoned,
            scale=orders.scale,
            **options,
        )
    )


@pytest.mark.parametrize("way", VARIANTS)
@FEW
@given(case=cases())
def test_update__any_cutting_gives_what_the_twin_says(way, case):
    orders, batches, options = case
    with variant(way):
        assert finished(totals_over(batches, options)) == expected(orders, options)


@given(case=cases())
def test_update__one_update_equals_many(case):
    orders, batches, options = case
    assert finished(totals_over(batches, options)) == finished(totals_over([orders.table], options))


@given(case=cases(), places=st.tuples(st.integers(0, 9), st.integers(0, 9)), way=ways)
def test_merge__is_associative_and_commutative(case, places, way):
    with variant(way):
        assert_merging_is_associative_and_commutative(case, places)


def assert_merging_is_associative_and_commutative(case, places):
    _, batches, options = case
    low, high = sorted(places)
    parts = (batches[:low], batches[low:high], batches[high:])

    def fresh():
        return [totals_over(part, options) for part in parts]

    a, b, c = fresh()
    a.merge(b)
    a.merge(c)
    left = finished(a)
    a, b, c = fresh()
    b.merge(c)
    a.merge(b)
    assert finished(a) == left
    a, b, c = fresh()
    c.merge(b)
    c.merge(a)
    assert finished(c) == left
    assert left == finished(totals_over(batches, options))


@given(case=cases())
def test_merge__empty_totals_are_neutral(case):
    _, batches, options = case
    plain = finished(totals_over(batches, options))
    into_empty = rfm.CustomerTotals(**options)
    into_empty.merge(totals_over(batches, options))
    assert finished(into_empty) == plain
    with_empty = totals_over(batches, options)
    with_empty.merge(rfm.CustomerTotals(**options))
    assert finished(with_empty) == plain


@given(case=cases(), keys=st.tuples(st.sampled_from(KEYS), st.sampled_from(KEYS)), way=ways)
def test_hash_key__does_not_matter_even_between_merged_totals(case, keys, way):
    _, batches, options = case
    half = len(batches) // 2
    with variant(way):
        one = totals_over(batches[:half], options, hash_key=keys[0])
        one.merge(totals_over(batches[half:], options, hash_key=keys[1]))
        merged = finished(one)
    assert merged == finished(totals_over(batches, options, hash_key=keys[1]))


@given(case=cases(), way=ways)
def test_finish__changes_nothing(case, way):
    _, batches, options = case
    half = len(batches) // 2
    with variant(way):
        totals = totals_over(batches[:half], options)
        assert finished(totals) == finished(totals)
        for batch in batches[half:]:
            totals.update(batch)
            totals.finish()
        assert finished(totals) == finished(totals_over(batches, options))


@given(case=cases(), way=ways)
def test_merge__leaves_the_other_as_it_was(case, way):
    _, batches, options = case
    with variant(way):
        other = totals_over(batches, options)
        before = finished(other)
        totals_over(batches[:1], options).merge(other)
        assert finished(other) == before
        assert other.n_customers == totals_over(batches, options).n_customers
        other.update(batches[0])
        assert finished(other) == finished(totals_over([*batches, batches[0]], options))


@pytest.mark.parametrize(("way", "shape"), covering(VARIANTS, HARD, times=3))
def test_update__hard_shapes(shape, way):
    table = HARD[shape]()
    want = expected_totals(reference.totals(rows_of(table), as_of=AS_OF))
    with variant(way):
        assert finished(totals_over([table], {"as_of": AS_OF})) == want
        assert finished(totals_over(table.to_batches(max_chunksize=30), {"as_of": AS_OF})) == want


def test_merge__of_unlike_options_is_refused():
    totals = rfm.CustomerTotals(as_of=AS_OF)
    with pytest.raises(rfm.UsageError):
        totals.merge(rfm.CustomerTotals(as_of="2024-01-01"))
    with pytest.raises(rfm.UsageError):
        totals.merge(rfm.CustomerTotals(as_of=AS_OF, window="30d"))


def test_merge__with_itself_counts_twice_or_is_refused():
    table = HARD["mostly one-timers"]()
    totals = totals_over([table], {"as_of": AS_OF})
    try:
        totals.merge(totals)
    except rfm.UsageError:
        assert finished(totals) == finished(totals_over([table], {"as_of": AS_OF}))
    else:
        assert finished(totals) == finished(totals_over([table, table], {"as_of": AS_OF}))


def test_update__a_refused_batch_leaves_totals_usable():
    table = HARD["all the same amount"]()
    totals = totals_over([table], {"as_of": AS_OF})
    with pytest.raises(rfm.RfmError):
        totals.update(table.rename_columns(["customer_id", "order_time", "amout"]))
    assert finished(totals) == finished(totals_over([table], {"as_of": AS_OF}))


def test_merge__nothing_into_nothing_leaves_the_kind_of_ids_open():
    totals = rfm.CustomerTotals(as_of=AS_OF)
    totals.merge(rfm.CustomerTotals(as_of=AS_OF))
    totals.update(pa.table({"customer_id": ["a"], "order_time": [DAY], "amount": [1.0]}))
    assert totals.finish()["customer_id"].to_pylist() == ["a"]
