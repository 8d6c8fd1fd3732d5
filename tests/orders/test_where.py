"""Test conditions on columns of every layout, and on columns with only nulls."""

from __future__ import annotations

from datetime import datetime

import polars as pl
import pyarrow as pa
import pytest

import rfm_engine as rfm

WORDS = pa.array(["EUR", "USD", None])
ORDERS = pa.table(
    {"customer_id": [1, 2, 3], "order_time": [datetime(2026, 1, 1)] * 3, "amount": [1, 2, 3]}
)
KINDS = [
    pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string()),
    pa.binary(), pa.binary_view(),
]  # fmt: skip


def kept(orders: object, where: str) -> list[int]:
    found = rfm.score(orders, as_of="2026-01-31", where=where)
    return sorted(found.customers["customer_id"].to_pylist())


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_where__compares_text_of_any_layout(kind):
    orders = ORDERS.append_column("money", WORDS.cast(kind))
    assert kept(orders, "money=EUR") == [1]
    assert kept(orders, "money!=EUR") == [2, 3]
    assert kept([orders, orders.slice(0, 0)], "money=EUR,USD") == [1, 2]


def test_where__compares_text_of_polars_frames():
    frame = pl.DataFrame(ORDERS.append_column("money", WORDS))
    categories = frame.with_columns(pl.col("money").cast(pl.Categorical))
    for orders in (frame, frame.lazy(), categories, [frame]):
        assert kept(orders, "money=USD") == [2]


@pytest.mark.parametrize("column", ["money", "customer_id"])
def test_where__finds_no_value_in_a_column_of_type_null(column):
    known = ORDERS.append_column("money", WORDS)
    empty = known.set_column(known.schema.get_field_index(column), column, pa.nulls(3))
    value = "EUR" if column == "money" else "1"
    for orders in ([known, empty], [empty, known], iter([empty, known])):
        assert kept(orders, f"{column}={value}") == [1]
