"""Key tables: dense codes in order of appearance, and probes that stay short."""

from __future__ import annotations

from functools import partial

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfm_engine.orders.hashing import HashKey
from rfm_engine.totals.tables.keys import ByteTable, IntTable
from tests.totals.test_hashing import byte_keys, int_keys
from tests.totals.waiting_rows import pieces_of, rows_of

KEY = HashKey.from_int(7)
TABLES = [
    (
        partial(IntTable, KEY, 6),
        int_keys,
        pa.uint64(),
        st.integers(0, 40) | st.integers(0, 2**64 - 1),
    ),
    (partial(ByteTable, 6), byte_keys, pa.binary(), st.binary(max_size=3) | st.binary(max_size=60)),
]


@pytest.mark.parametrize(("table_of", "keys_of", "kind", "elements"), TABLES)
@given(data=st.data())
def test_assign__numbers_keys_in_order_of_appearance(table_of, keys_of, kind, elements, data):
    table = table_of()
    codes: dict[object, int] = {}
    for values in data.draw(st.lists(st.lists(elements, max_size=60), max_size=4)):
        rows, texts = rows_of(keys_of(values), KEY)
        cuts = data.draw(st.lists(st.integers(0, len(values)), max_size=3))
        turn = data.draw(st.permutations(range(len(cuts) + 1)))
        pieces = pieces_of(len(values), cuts, turn)
        got = table.assign(rows, texts, pieces, column=3).tolist()
        seen = [
            values[row]
            for start, end in zip(pieces.starts, pieces.ends, strict=True)
            for row in range(start, end)
        ]
        assert got == [codes.setdefault(value, len(codes)) for value in seen]
    assert table.n == len(codes)
    assert table.keys().to_arrow(kind).to_pylist() == list(codes)


@pytest.mark.parametrize("stride", [1, 1 << 20, 1 << 47, (1 << 40) + 1])
def test_index__probes_stay_short_whatever_the_ids(stride):
    n = 20_000
    values = (np.arange(n, dtype=np.uint64) * np.uint64(stride)).tolist()
    table = IntTable(KEY, 0)
    table.assign(*rows_of(int_keys(values), KEY), pieces_of(n, []), column=3)
    index = table._index
    home = (index.hashes[: table.n] >> index.shift).astype(np.int64)
    at = np.flatnonzero(index.slots)
    distance = (at - home[index.slots[at] - 1]) % len(index.slots)
    # Linear probing at 70% load: 1.2 steps on average for random hashes.
    assert distance.mean() < 3
