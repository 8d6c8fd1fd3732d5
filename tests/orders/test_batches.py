"""Test lists of small batches: all batches, in order, in lists of the requested size."""

from __future__ import annotations

import weakref

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from rfm_engine.orders.batches import gathered


@given(
    lengths=st.lists(st.integers(0, 9), max_size=20),
    n_bytes=st.integers(1, 200),
    n_rows=st.none() | st.integers(1, 20),
)
def test_gathered__keeps_all_batches_in_order(lengths, n_bytes, n_rows):
    batches = [pa.record_batch({"n": pa.array([i] * n, pa.int64())}) for i, n in enumerate(lengths)]
    lists = list(gathered(iter(batches), n_bytes=n_bytes, n_rows=n_rows))
    assert [batch for some in lists for batch in some] == batches

    def is_full(some):
        rows = sum(batch.num_rows for batch in some)
        size = sum(batch.nbytes for batch in some)
        return size >= n_bytes or (n_rows is not None and rows >= n_rows)

    assert all(is_full(some) for some in lists[:-1])
    assert not any(is_full(some[:-1]) for some in lists)


def test_gathered__holds_no_batch_that_it_has_given_away():
    seen = []

    def made(number):
        batch = pa.record_batch({"n": [number]})
        seen.append(weakref.ref(batch))
        return batch

    lists = gathered(map(made, range(4)), n_bytes=1)
    for number in range(4):
        assert len(next(lists)) == 1
        assert [each() is None for each in seen] == [True] * (number + 1)
