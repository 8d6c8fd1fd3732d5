"""Distinct rows: compared in full, also from many threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa
import pytest

import rfm_engine as rfm
from rfm_engine.orders.keys import ByteKeys
from tests.conftest import COMPILED
from tests.shapes import AS_OF, NEW_YEAR_2024_US, orders_table


def orders(keys: pa.Array) -> pa.Table:
    """Return one order per key; the key determines its customer and amount."""
    numbers = pa.array([len(str(key)) for key in keys.to_pylist()])
    times = [NEW_YEAR_2024_US] * len(keys)
    return orders_table(numbers, times, numbers, key=keys)


KEYS = {
    "int": pa.array(range(-150, 150)),
    "text": pa.array([f"{number:x>{3 + number % 20}d}" for number in range(300)]),
    "longer and longer": pa.array(["\0" * number for number in range(300)]),
}


@pytest.mark.parametrize("kind", KEYS)
def test_find__compares_keys_in_full_where_all_hashes_are_equal(kind, monkeypatch):
    def collide(keys, _key):
        return np.zeros(len(keys), np.uint64)

    monkeypatch.setattr(ByteKeys, "hash", collide)
    totals = rfm.CustomerTotals(as_of=AS_OF, distinct="key")
    for keys in (KEYS[kind], KEYS[kind].take(pa.array(range(299, -1, -1)))):
        totals.update(orders(keys))
    assert totals.rows.counted == 300
    assert totals.rows.dropped["duplicate"] == 300


def test_find__many_threads_keep_each_row_once():
    n = 20_000 if COMPILED else 4_000
    table = orders(pa.array(range(n)))
    pieces = [table.slice(start, n // 10) for start in range(0, n, n // 20)]
    totals = rfm.CustomerTotals(as_of=AS_OF, distinct="key")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(totals.update, [*pieces, *reversed(pieces)]))
    assert totals.rows.counted == n
    assert sum(totals.finish()["frequency"].to_pylist()) == n
