"""Test that exported and absorbed totals are equal to totals of one process."""

from __future__ import annotations

import copy
import pickle

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rfm_engine as rfm
from tests import strategies
from tests.covering import covering
from tests.laws.test_totals_laws import totals_over, ways
from tests.shapes import AS_OF, HARD, NEW_YEAR_2024_US, cents, orders_table
from tests.variants import VARIANTS, variant


@st.composite
def cases(draw):
    """Draw orders in batches, and options for all kinds of totals."""
    orders = draw(strategies.orders(max_rows=30))
    columns = orders.table.column_names
    policies = draw(strategies.policies())
    as_of = draw(strategies.as_of_dates())
    if policies.get("window") is None:
        as_of = draw(st.sampled_from((as_of, "newest")))
    options = policies | {"as_of": as_of, "timezone": orders.timezone, "clv": draw(st.booleans())}
    if "quantity" in columns:
        options["quantity"] = "quantity"
    if "order_id" in columns:
        role = draw(st.sampled_from(("order", "order", "by")))
        options[role] = "order_id"
        if role == "order" and draw(st.booleans()):
            options["refunds"] = "net-order"
    return draw(strategies.cuttings(orders.table)), options


def everything(totals):
    """Return all results of totals, in a fixed order."""
    found = totals.finish()
    rows = sorted(map(repr, found.to_pylist()))
    exported = totals.export().read_all().to_pylist()
    listed = sorted(repr({name: ordered(value) for name, value in row.items()}) for row in exported)
    told = totals.rows, totals.n_customers, totals.as_of, totals.scale, totals.warnings
    return found.schema, rows, listed, told


def ordered(value):
    return sorted(value, key=repr) if isinstance(value, list) else value


def absorbed(options, *exports):
    totals = rfm.CustomerTotals(**options)
    for export in exports:
        totals.absorb(export)
    return totals


def in_ipc(table, size):
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=size)
    return pa.ipc.open_stream(sink.getvalue())


def in_parquet(table, size):
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, row_group_size=size)
    return pq.read_table(pa.BufferReader(sink.getvalue()))


def turned(table, size):
    places = pa.array(reversed(range(table.num_rows)), pa.int64())
    return pa.RecordBatchReader.from_batches(
        table.schema, table.take(places).to_batches(max_chunksize=size)
    )


JOURNEYS = {"ipc": in_ipc, "parquet": in_parquet, "turned": turned}


@given(case=cases(), way=ways, other=ways)
def test_absorb__of_an_export_gives_the_same_totals(case, way, other):
    batches, options = case
    with variant(way):
        totals = totals_over(batches, options)
        export = totals.export().read_all()
        expected = everything(totals)
    with variant(other):
        again = absorbed(options, export)
        assert everything(again) == expected
        again.update(batches[0])
        assert everything(again) == everything(totals_over([*batches, batches[0]], options))


@given(case=cases(), place=st.integers(0, 9), way=ways)
def test_absorb__of_two_exports_equals_one_update(case, place, way):
    batches, options = case
    expected = everything(totals_over(batches, options))
    with variant(way):
        a, b = (totals_over(part, options) for part in (batches[:place], batches[place:]))
        exports = [each.export().read_all() for each in (a, b)]
        assert everything(absorbed(options, *exports)) == expected
        assert everything(absorbed(options, *exports[::-1])) == expected
        a.absorb(exports[1])
        assert everything(a) == expected


@given(case=cases(), places=st.tuples(st.integers(0, 9), st.integers(0, 9)), way=ways)
def test_absorb__is_associative_and_commutative_with_merge(case, places, way):
    batches, options = case
    low, high = sorted(places)
    parts = batches[:low], batches[low:high], batches[high:]

    def fresh():
        return [totals_over(part, options) for part in parts]

    with variant(way):
        a, b, c = fresh()
        b.absorb(c.export())
        a.merge(b)
        left = everything(a)
        a, b, c = fresh()
        a.absorb(b.export())
        c.merge(a)
        assert everything(c) == left


def test_absorb__of_one_customer_twice_and_another_not_at_all_is_refused():
    table = pa.table({
        "customer_id": [1, 2, 3],
        "order_time": pa.array([0, 0, 0], pa.timestamp("us")),
        "amount": [1, 2, 3],
    })  # fmt: skip
    rows = totals_over([table], {"as_of": AS_OF}).export().read_all()
    totals = rfm.CustomerTotals(as_of=AS_OF)
    with pytest.raises(
        rfm.DataError, match="each of its 3 customers once; got 2 different customers"
    ):
        totals.absorb(rows.take([0, 1, 0]))
    assert totals.finish().num_rows == 0


@given(case=cases(), size=st.sampled_from((1, 2, 7)), journey=st.sampled_from(sorted(JOURNEYS)))
def test_export__survives_a_file_and_another_batch_size(case, size, journey):
    batches, options = case
    totals = totals_over(batches, options)
    read = JOURNEYS[journey](totals.export().read_all(), size)
    assert everything(absorbed(options, read)) == everything(totals)


@given(case=cases())
def test_pickle__gives_equal_totals_that_go_on(case):
    batches, options = case
    totals = totals_over(batches[:1], options)
    for copied in (pickle.loads(pickle.dumps(totals)), copy.copy(totals), copy.deepcopy(totals)):
        assert everything(copied) == everything(totals)
    copied.merge(totals_over(batches[1:], options))
    assert everything(copied) == everything(totals_over(batches, options))
    assert everything(totals) == everything(totals_over(batches[:1], options))


@pytest.mark.parametrize(("way", "shape"), covering(VARIANTS, HARD, times=3))
def test_export__hard_shapes(shape, way):
    table = HARD[shape]()
    options = {"as_of": AS_OF}
    expected = everything(totals_over([table], options))
    with variant(way):
        halves = (table.slice(0, table.num_rows // 2), table.slice(table.num_rows // 2))
        exports = [totals_over([half], options).export() for half in halves]
        assert everything(absorbed(options, *exports)) == expected


@given(case=cases())
def test_export__says_of_customers_with_an_order_what_finish_says(case):
    batches, options = case
    totals = totals_over(batches, options)
    ids = [options[name] for name in ("by",) if name in options] + ["customer_id"]
    columns = ("first_order", "last_order", "frequency", "monetary")
    found = totals.finish()
    measures = [found[name] for name in columns]
    measures[:2] = [each.cast(pa.int64()) for each in measures[:2]]
    measures[3] = pa.array(
        [int(each.scaleb(totals.scale)) for each in measures[3].to_pylist()], pa.int64()
    )
    expected = zip(
        *(each.to_pylist() for each in [*map(found.column, ids), *measures]), strict=True
    )
    export = totals.export().read_all()
    names = [*ids, "first_us", "last_us", "n_orders", "sum_minor"]
    rows = list(zip(*(export[name].to_pylist() for name in names), strict=True))
    assert sorted(map(repr, (row for row in rows if row[-3] is not None))) == sorted(
        map(repr, ((*row[:-1], export_decimal(row[-1])) for row in expected))
    )
    assert all(row[-4:-1] == (None, None, 0) for row in rows if row[-3] is None)
    assert len(rows) == totals.n_customers


def export_decimal(number):
    return pa.scalar(number, pa.decimal128(38, 0)).as_py()


@pytest.mark.parametrize("way", ["plain", "spill", "dense"])
def test_export__sums_that_leave_64_bits_come_back(way):
    most = 10**18 - 1
    amounts = [cents(most)] * 40
    options = {"as_of": AS_OF, "clv": True}
    with variant(way):
        up = totals_over([orders_table([7] * 40, [NEW_YEAR_2024_US] * 40, amounts)], options)
        down = [-each for each in amounts[1:]]
        downs = totals_over([orders_table([7] * 39, [NEW_YEAR_2024_US] * 39, down)], options)
        assert up.export().read_all()["sum_minor"].to_pylist() == [40 * most]
        with pytest.raises(rfm.DataError, match="at most 18 digits"):
            up.finish()
        together = absorbed(options, up.export(), downs.export())
        assert together.finish()["monetary"].to_pylist() == [cents(most)]
        up.merge(downs)
        assert everything(together) == everything(up)


def test_export__customer_level_keeps_customers_without_an_order():
    table = orders_table([1, 2, 3], [NEW_YEAR_2024_US] * 3, [cents(0), cents(-5), cents(9)])
    table = table.append_column("orders", pa.array([0, 0, 3], pa.int64()))
    options = {"as_of": AS_OF, "customer_level": True}
    totals = totals_over([table], options)
    again = absorbed(options, totals.export())
    assert again.n_customers == 3
    assert everything(again) == everything(totals)
