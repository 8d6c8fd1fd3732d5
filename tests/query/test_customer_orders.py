"""Orders of a bucket do not depend on how many customers are numbered at a time."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfm_engine.query import customer_orders
from rfm_engine.query.customer_orders import Bucket

ROWS = st.lists(
    st.tuples(
        st.integers(0, 5), st.sampled_from([None, "a", "b", "ä", ""]), st.integers(0, 3),
        st.integers(-2, 3), st.sampled_from([None, "x", "y"]),
    ),
    max_size=30,
)  # fmt: skip
START = datetime(2025, 1, 1)


def table_of(rows):
    customers, orders, days, minors, sources = zip(*rows, strict=True) if rows else [()] * 5
    return pa.table({
        "customer_id": pa.array(customers, pa.int64()),
        "order_id": pa.array(orders, pa.string()),
        "moment": pa.array([START + timedelta(each) for each in days], pa.timestamp("us", "UTC")),
        "day": pa.array([date(2025, 1, 1 + each) for each in days], pa.date32()),
        "minor": pa.array(minors, pa.int64()),
        "source": pa.array(sources, pa.string()).dictionary_encode(),
    })  # fmt: skip


def read(rows, names=("customer_id", "day", "minor", "source")):
    """Return lines, orders and counts of all pieces, and how many pieces there are."""
    pieces = list(Bucket(table_of(rows), None).pieces(["source"], is_net=False))
    lines = [row for piece in pieces for row in piece.lines(names).to_pylist()]
    orders = [row for piece in pieces for row in piece.orders(["day", "order_id"]).to_pylist()]
    counts = [sum(getattr(each, name) for each in pieces) for name in
              ("n_rows", "n_days", "n_orders", "minor")]  # fmt: skip
    counts += [row for piece in pieces for row in piece.customers(["customer_id"]).to_pylist()]
    return (lines, orders, counts), len(pieces)


@given(ROWS, st.integers(1, 40))
def test_pieces__of_any_size_have_the_same_orders(rows, size):
    whole, n = read(rows)
    assert n == 1
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(customer_orders, "_ROWS_A_PIECE", size)
        parts, n = read(rows)
    assert parts == whole
    assert n <= max(1, len({customer for customer, *_ in rows}))


@given(ROWS)
def test_lines__of_all_also_have_customers_without_an_order(rows):
    [piece] = Bucket(table_of(rows), None).pieces(["source"], is_net=False)
    names = ["customer_id", "day", "minor"]
    found = piece.lines(names, of_all=True)
    asked = table_of(rows).select(names).to_pylist()
    assert sorted(map(repr, found.select(names).to_pylist())) == sorted(map(repr, asked))
    buyers = {customer for customer, _, _, minor, _ in rows if minor >= 0}
    held = [row for row in found.to_pylist() if row["customer_id"] in buyers]
    assert held == piece.lines(names).to_pylist()
    others = [row["order_number"] for row in found.to_pylist() if row not in held]
    assert others == [None] * len(others)


def test_pieces__have_whole_customers(monkeypatch):
    monkeypatch.setattr(customer_orders, "_ROWS_A_PIECE", 2)
    rows = [(1, None, 0, 1, None)] * 5 + [(2, None, 0, 1, None), (3, None, 0, 1, None)]
    pieces = Bucket(table_of(rows), None).pieces(["source"], is_net=False)
    assert [piece.n_rows for piece in pieces] == [5, 1, 1]


@given(ROWS)
def test_texts__of_more_than_2_gib_have_the_same_orders(rows):
    whole, _ = read(rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(customer_orders, "_MOST_BYTES", 0)
        assert read(rows)[0] == whole
