"""Test that the jobs of spark.score have the results of `score`, for any partitions and buckets."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

import rfm_engine as rfm
from tests import strategies
from tests.in_process import score_in_process

OF_THE_MACHINE = ("threads", "memory_limit")
# Customers and times that repeat in the row before depend on the order of rows.
BY_ORDER_OF_ROWS = {"order_lines"}
# The texts of these name values of the first rows, which partial totals do not contain.
OF_FIRST_ROWS = {"no_rows", "unseen_values"}


def plain(table):
    """Return rows in the order of customers, with dictionaries as text."""
    fields = [
        field.with_type(pa.string()) if pa.types.is_dictionary(field.type) else field
        for field in table.schema
    ]
    rows = table.cast(pa.schema(fields)).replace_schema_metadata(None).to_pylist()
    return fields, sorted(map(repr, rows))


def told(result):
    """Return the summary without what the machine decides."""
    summary = result.summary()
    del summary["seconds"]
    summary["options"] = {
        name: value for name, value in summary["options"].items() if name not in OF_THE_MACHINE
    }
    summary["warnings"] = [
        each["code"] if each["code"] in OF_FIRST_ROWS else each
        for each in summary["warnings"]
        if each["code"] not in BY_ORDER_OF_ROWS
    ]
    return summary, result.cells, result.rows, result.cuts, result.customers_by_score


def assert_equal(found, expected):
    assert plain(found.customers) == plain(expected.customers)
    assert told(found) == told(expected)


@st.composite
def cases(draw):
    """Draw orders in partitions, and options of reading."""
    orders = draw(strategies.orders(max_rows=30))
    table = orders.table
    if pa.types.is_dictionary(table["customer_id"].type):
        table = table.set_column(0, "customer_id", table["customer_id"].cast(pa.string()))
    options = draw(strategies.policies()) | {
        "as_of": draw(st.sampled_from((draw(strategies.as_of_dates()), "newest"))),
        "timezone": orders.timezone, "clv": draw(st.booleans()),
        "scheme": draw(st.sampled_from(("classic", "five-types", "eight-types", "value-tiers"))),
    }  # fmt: skip
    for name, role in (("quantity", "quantity"), ("order_id", "order")):
        if name in table.column_names:
            options[role] = name
    if "order" in options and draw(st.booleans()):
        options["refunds"] = "net-order"
    owners = draw(st.lists(st.integers(0, 2), min_size=len(table), max_size=len(table)))
    parts = [[row for row, own in enumerate(owners) if own == part] for part in range(3)]
    partitions = [[b for row in part for b in table.slice(row, 1).to_batches()] for part in parts]
    return table, partitions, options


@given(case=cases(), n_buckets=st.integers(1, 4), size=st.integers(1, 5))
def test_jobs__have_the_result_of_score(case, n_buckets, size):
    table, partitions, options = case
    found = score_in_process(partitions, table.schema, n_buckets=n_buckets, size=size, **options)
    assert_equal(found, rfm.score(table, **options))
