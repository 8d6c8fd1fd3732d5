"""The rows that distinct tells apart: compared in full, from many threads, within their memory."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa
import pytest

import rfm_engine as rfm
from rfm_engine.aggregate import distinct_rows
from tests.shapes import AS_OF, NEW_YEAR_2024_US, orders_table


def orders(keys: pa.Array) -> pa.Table:
    """One order per key, of a customer and an amount that the key determines."""
    numbers = pa.array([len(str(key)) for key in keys.to_pylist()])
    times = [NEW_YEAR_2024_US] * len(keys)
    return orders_table(numbers, times, numbers.cast(pa.decimal128(18, 2)), key=keys)


KEYS = {
    "int": pa.array(range(-150, 150)),
    "text": pa.array([f"{number:0{1 + number % 20}d}" for number in range(300)]),
    "longer and longer": pa.array(["\0" * number for number in range(300)]),
}


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("n_hashes", [1, 5])
def test_find__compares_keys_in_full_where_hashes_are_equal(kind, n_hashes, monkeypatch):
    def collide(keys, _key):
        return np.arange(len(keys.offsets) - 1, dtype=np.uint64) % np.uint64(n_hashes)

    monkeypatch.setattr(distinct_rows, "hash_keys", collide)
    keys = KEYS[kind]
    n_distinct = len(set(keys.to_pylist()))
    totals = rfm.CustomerTotals(as_of=AS_OF, distinct="key")
    totals.update(orders(keys))
    assert totals.rows.counted == n_distinct
    monkeypatch.setattr(distinct_rows, "hash_keys", lambda keys, _: np.zeros(300, np.uint64))
    totals = rfm.CustomerTotals(as_of=AS_OF, distinct="key")
    for _ in range(2):
        totals.update(orders(keys))
    assert (totals.rows.counted, totals.rows.dropped["duplicate"]) == (
        n_distinct,
        600 - n_distinct,
    )


def test_find__many_threads_keep_each_row_once():
    table = orders(pa.array(range(20_000)))
    pieces = [table.slice(start, 2_000) for start in range(0, 20_000, 1_000)]
    totals = rfm.CustomerTotals(as_of=AS_OF, distinct="key")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(totals.update, [*pieces, *reversed(pieces)]))
    assert totals.rows.counted == 20_000
    assert sum(totals.finish()["frequency"].to_pylist()) == 20_000
