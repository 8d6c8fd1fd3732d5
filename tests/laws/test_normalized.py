"""Compare the stream of normalised rows with the totals: the same rows and the same amounts."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rfm_engine as rfm
from tests import strategies
from tests.compare import minor_of
from tests.shapes import AS_OF, HARD, keys_of, random_orders

EPOCH = date(1970, 1, 1)


def grouped(rows, options, as_of):
    """Add up normalised rows per customer and group, in plain Python."""
    columns = {
        name: keys_of(rows[name])
        for name in ("customer_id", options.get("by"), "order_id")
        if name in rows.column_names
    }
    n = rows.num_rows
    groups = columns.get(options.get("by"), [None] * n)
    orders = columns.get("order_id", [None] * n)
    found = defaultdict(list)
    for row in zip(
        columns["customer_id"], groups, orders, rows["moment"].cast(pa.int64()).to_pylist(),
        rows["day"].cast(pa.int32()).to_pylist(), rows["minor"].to_pylist(), strict=True,
    ):  # fmt: skip
        found[row[:2]].append(row[2:])
    summed = {who: measured(of, options, as_of) for who, of in found.items()}
    return {who: measures for who, measures in summed.items() if measures is not None}


def measured(rows, options, as_of):
    """Return first and last order, recency, frequency and net sum; None without an order."""
    counting = rows
    if options.get("refunds") == "net-order":
        counting = [row for of in orders_of(rows) if counts(of) for row in of]
    purchases = [row for row in counting if row[3] >= 0]
    if not purchases:
        return None
    frequency = len(orders_of(purchases))
    if options.get("frequency") == "days":
        frequency = len({day for _, _, day, _ in purchases})
    first, last = min(row[1] for row in purchases), max(row[1] for row in purchases)
    last_day = next(row[2] for row in purchases if row[1] == last)
    recency = (as_of - (EPOCH + timedelta(last_day))).days
    return first, last, recency, frequency, sum(row[3] for row in rows)


def orders_of(rows):
    """Return the rows of each order; each row without an id is a separate order."""
    by_id = defaultdict(list)
    for number, row in enumerate(rows):
        by_id[(None, number) if row[0] is None else (row[0],)].append(row)
    return list(by_id.values())


def counts(rows):
    total = sum(row[3] for row in rows)
    return total > 0 or (total == 0 and all(row[3] >= 0 for row in rows))


def totals_by_group(result, by):
    table = result.customers
    who = keys_of(table["customer_id"])
    groups = [None] * len(who) if by is None else keys_of(table[by])
    measures = (
        table["first_order"].cast(pa.int64()).to_pylist(),
        table["last_order"].cast(pa.int64()).to_pylist(),
        table["recency_days"].to_pylist(),
        table["frequency"].to_pylist(),
        minor_of(table["monetary"]),
    )
    return dict(zip(zip(who, groups, strict=True), zip(*measures, strict=True), strict=True))


def assert_same(orders, options, **carried):
    """Compare the stream with the totals of `score`: the customers and the counts of rows."""
    rows = rfm.normalized(orders, **options, **carried)
    table = pa.table(rows)
    table.validate(full=True)
    result = rfm.score(orders, **options)
    assert rows.rows == result.rows
    assert rows.warnings == result.warnings
    assert rows.scale == result.scale
    assert table.num_rows == result.rows.counted
    if result.as_of is None:
        assert table.num_rows == 0
        return table
    assert rows.as_of == result.as_of
    assert grouped(table, options, result.as_of) == totals_by_group(result, options.get("by"))
    return table


@st.composite
def reading_options(draw, orders):
    """Draw options, and return the table with the columns that they need."""
    table, n = orders.table, orders.table.num_rows
    names = table.column_names
    options = draw(strategies.policies()) | {"timezone": orders.timezone}
    options["as_of"] = draw(st.one_of(st.just("newest"), strategies.as_of_dates()))
    options["quantity"] = "quantity" if "quantity" in names else None
    if "order_id" in names and draw(st.booleans()):
        options["order"] = "order_id"
        options["refunds"] = draw(st.sampled_from(("net", "drop", "net-order")))
    elif "order_id" in names:
        table = table.drop_columns("order_id")
    if draw(st.booleans()):
        table = table.append_column("shop", draw(strategies.keys(n)))
        options["by"] = "shop"
    if draw(st.booleans()):
        words = st.sampled_from(("paid", "open", None))
        status = draw(st.lists(words, min_size=n, max_size=n))
        table = table.append_column("status", pa.array(status, pa.string()))
        options["where"] = draw(st.sampled_from(("status=paid", "status!=open")))
    table = table.append_column("number", pa.array(range(n), pa.int16()))
    if draw(st.booleans()):
        # The whole table is repeated, so that rows with equal numbers are equal in all columns.
        table = pa.concat_tables([table, table])
        options["distinct"] = "number"
    return table, options


@given(data=st.data(), orders=strategies.orders())
def test_normalized__equals_the_totals(data, orders):
    table, options = data.draw(reading_options(orders))
    batches = data.draw(strategies.cuttings(table))
    names = data.draw(st.sampled_from(((), ("number",), ("number", "amount", "order_time"))))
    rows = assert_same(batches, options, carry=names, threads=data.draw(st.integers(1, 3)))
    if names:
        numbers = rows["number"].to_pylist()
        assert [keys_of(table["customer_id"])[number] for number in numbers] == keys_of(
            rows["customer_id"]
        )
        assert rows.schema.field("number").type == pa.int16()


@pytest.mark.parametrize("shape", HARD)
@pytest.mark.parametrize("options", [{}, {"frequency": "days"}, {"zero": "drop"}], ids=str)
def test_normalized__hard_shapes(shape, options):
    assert_same(HARD[shape](), options | {"as_of": "newest"})


def test_normalized__rates_and_window_with_the_newest_row(tmp_path):
    rates = tmp_path / "rates.csv"
    rates.write_text("currency,rate\nEUR,1\nUSD,0.915\n")
    table = random_orders(300, 20)
    table = table.append_column("money", pa.array(["EUR", "USD"] * 150))
    options = {"as_of": "newest", "window": "200d", "currency": "money", "rates": rates}
    rows = assert_same(table, options, carry=["amount", "money"])
    assert {"EUR", "USD"} == set(rows["money"].to_pylist())
    assert 0 < rows.num_rows < 300


@given(orders=strategies.orders(), threads=st.integers(1, 4), data=st.data())
def test_normalized__keeps_the_order_of_the_input(orders, threads, data):
    n = orders.table.num_rows
    table = orders.table.append_column("number", pa.array(range(n)))
    batches = data.draw(strategies.cuttings(table))
    options = {"as_of": AS_OF, "timezone": orders.timezone, "carry": "number"}
    numbers = pa.table(rfm.normalized(batches, threads=threads, **options))["number"].to_pylist()
    assert numbers == sorted(numbers)
