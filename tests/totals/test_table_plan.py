"""The number and size of tables, estimated from the first batch."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rfm_engine as rfm
from rfm_engine.orders.hashing import HashKey
from rfm_engine.simulate import simulate
from rfm_engine.totals.accumulator import Accumulator
from rfm_engine.totals.tables import table_plan
from rfm_engine.totals.tables.table_plan import expected_customers
from tests.conftest import COMPILED

KEY = HashKey.from_int(5)
MILLION = 1_000_000


def drawn(n_customers: int, n_rows: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, n_customers, n_rows).astype(np.uint64)


@pytest.mark.parametrize("n_customers", [1, 10, 1_000, 30_000, 300_000])
def test_expected_customers__is_near_where_all_buy_alike(n_customers):
    n_rows = 20 * n_customers
    found = expected_customers(drawn(n_customers, min(n_rows, 1 << 15)), n_rows)
    assert 0.8 * n_customers <= found <= 1.2 * n_customers


@given(st.lists(st.integers(0, 30), min_size=1, max_size=60), st.integers(0, 1000))
def test_expected_customers__is_the_formula(customers, more):
    """The same formula with plain counts and fractions."""
    rows = [value for at, value in enumerate(customers) if at == 0 or customers[at - 1] != value]
    counts = [rows.count(value) for value in set(rows)]
    once, twice, n = counts.count(1), counts.count(2), len(rows)
    unseen = Fraction(once**2, 2 * max(twice, 1))
    n_rows = (len(customers) + more) * n // len(customers)
    share = Fraction(0)
    if once:
        share = 1 - (1 - Fraction(once) / (n * unseen + once)) ** max(n_rows - n, 0)
    exact = len(counts) + unseen * share
    found = expected_customers(np.array(customers, np.uint64), len(customers) + more)
    assert abs(found - exact) <= 1


def test_expected_customers__counts_lines_of_an_order_once():
    customers = drawn(100_000, 20_000)
    lines = np.repeat(customers, 3)
    alone = expected_customers(customers, MILLION)
    assert expected_customers(lines, 3 * MILLION) == alone


def test_expected_customers__of_nobody_are_none():
    assert expected_customers(np.zeros(0, np.uint64), 100) == 0
    assert expected_customers(np.zeros(9, np.uint64), 9) == 1


def tables_of(
    n_rows: int | None, limit: str | None, batch: pa.RecordBatch, monkeypatch
) -> list[int]:
    """Return the number of tables after a batch, and their numbers of slots."""
    monkeypatch.setattr(table_plan, "_ROWS_A_TABLE", 1 << 6)
    monkeypatch.setattr(table_plan, "_CUSTOMERS_A_TABLE", 1 << 5)
    monkeypatch.setattr(table_plan, "_ROWS_OF_ONE_TABLE", 10)
    totals = rfm.CustomerTotals(as_of="2026-01-01")
    reading = totals._population.reading
    accumulator = Accumulator(reading, hash_key=1, n_rows=n_rows, memory_limit=limit)
    totals._population = accumulator
    totals.update(batch)
    hashed = accumulator.customers._tables.hashed
    slots = {len(each.customers._index.slots) for each in hashed}
    return [len(hashed), *slots]


@pytest.mark.skipif(not COMPILED, reason="the same without compiling, but takes a minute")
@pytest.mark.parametrize(
    ("n_rows", "limit", "tables"),
    # 20,000 rows of 4,000 customers: twice as many customers in tables of 32 each are 256.
    [
        (20_000, None, 256),
        (1_000, None, 16),
        (10, None, 1),
        (1 << 40, None, 256),
        (None, None, 256),
        (1 << 40, "4GB", 512),  # this many customers would not fit
    ],
)
def test_tables__are_as_many_as_the_customers_to_expect(monkeypatch, n_rows, limit, tables):
    ids = drawn(4_000, 20_000).astype(np.int64) * 1_000_003
    batch = pa.record_batch(
        {
            "customer_id": ids,
            "order_time": np.full(len(ids), np.datetime64("2025-01-01", "us")),
            "amount": np.full(len(ids), 1.5),
        }
    )
    found, *slots = tables_of(n_rows, limit, batch, monkeypatch)
    assert found == tables
    if n_rows == 20_000:
        assert slots == [32]  # for 4,000 customers in 256 tables


def test_tables__of_a_wrong_guess_grow(monkeypatch):
    """The first batch has one customer, later batches have all others."""
    monkeypatch.setattr(table_plan, "_ROWS_A_TABLE", 1)
    monkeypatch.setattr(table_plan, "_CUSTOMERS_A_TABLE", 1)
    orders = simulate(customers=300, orders=600, ids="string").read_all()
    first = pa.concat_tables([orders.slice(0, 1)] * 200)
    whole = rfm.CustomerTotals(as_of="2026-01-01")
    whole.update(pa.concat_tables([first, orders]))
    parts = rfm.CustomerTotals(as_of="2026-01-01")
    parts.update(first)
    parts.update(orders)
    kinds = [("customer_id", "ascending")]
    assert parts.finish().sort_by(kinds).equals(whole.finish().sort_by(kinds))
