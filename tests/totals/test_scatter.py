"""Buffered rows against the definition of their columns, in plain Python."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rfm_engine.kernels.arrays import frozen
from rfm_engine.orders.hashing import HashKey, unmix_pairs
from rfm_engine.orders.keys import keys_of
from rfm_engine.orders.normalize import OrderRows
from rfm_engine.totals.buffer import addresses
from rfm_engine.totals.buffer import batch as batches_module
from rfm_engine.totals.buffer.batch import Batch
from rfm_engine.totals.buffer.rows import BIN_BITS, N_BINS, Layout, Span, Waiting
from rfm_engine.totals.tables.dense_ids import DenseRange
from tests.conftest import DEEP

KEY = HashKey.from_int(3)
SECOND_US = 1_000_000
INTS = st.integers(-(2**63), 2**63 - 1)


@st.composite
def columns_of_ids(draw: st.DrawFn, n: int, kind: str) -> pa.Array:
    if kind in ("int", "dense"):
        few = st.integers(0, 40) | INTS
        return pa.array(draw(st.lists(few, min_size=n, max_size=n)), pa.int64())
    least, most = {"pair": (1, 16), "long": (17, 32), "text": (0, 40)}[kind]
    n_bytes = draw(st.integers(least, most))
    if kind == "text":
        return pa.array(draw(st.lists(st.binary(max_size=40), min_size=n, max_size=n)), pa.binary())
    ids = st.lists(st.binary(min_size=n_bytes, max_size=n_bytes), min_size=n, max_size=n)
    return pa.array(draw(ids), pa.binary())


@st.composite
def batches(draw: st.DrawFn) -> tuple[OrderRows, Layout, DenseRange | None, pa.Array, pa.Array]:
    n = draw(st.integers(1, 60))
    kind = draw(st.sampled_from(["int", "dense", "pair", "long", "text"]))
    ids = draw(columns_of_ids(n, kind))
    reason = np.array(draw(st.lists(st.sampled_from([0, 0, 0, 2]), min_size=n, max_size=n)))
    is_wide = draw(st.booleans())
    times = st.integers(0, 2**32 - 1).map(lambda s: s * SECOND_US)
    amounts = st.integers(-(2**30), 2**30 - 1)
    if is_wide:
        times, amounts = st.integers(-(2**57), 2**57), st.integers(-(2**59), 2**59)
    time_us, amount = (
        frozen(np.array(draw(st.lists(each, min_size=n, max_size=n)), np.int64))
        for each in (times, amounts)
    )
    order_kind = draw(st.sampled_from([None, "int", "text"]))
    orders = None if order_kind is None else draw(columns_of_ids(n, order_kind))
    present = None
    if orders is not None and draw(st.booleans()):
        present = frozen(np.array(draw(st.lists(st.booleans(), min_size=n, max_size=n))))
    rows = OrderRows(
        keys_of(ids), time_us, amount, frozen(reason.astype(np.uint8)), np.zeros(12, np.int64), 0,
        None, frozenset(), None if orders is None else keys_of(orders), present, None,
    )  # fmt: skip
    id_bytes = len(ids[0].as_py()) if kind in ("pair", "long") else 0
    layout = Layout.of(rows)._replace(narrow=True, id_bytes=id_bytes)
    dense = DenseRange(0, 32) if kind == "dense" else None
    return rows, layout, dense, ids, orders


def addressed(value: int | bytes, dense: DenseRange | None) -> int | None:
    return value if dense is not None and 0 <= value < dense.n_ids else None


@settings(max_examples=10_000 if DEEP else settings.default.max_examples)
@given(batches())
def test_place_rows__writes_every_counted_row_to_its_bin(given_batch):
    rows, layout, dense, ids, orders = given_batch
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(addresses, "_BLOCK_ROWS", 7)  # so that blocks end within batches
        patch.setattr(batches_module, "joined", lambda rows: rows)  # has its own tests
        batch = Batch.of(rows, layout, KEY, dense)
        waiting = Waiting(batch.layout)
        waiting.make_room(len(rows.reason), batch.n_text_words, 0)
        waiting.reserve(batch.n_rows, batch.n_text_words)
        batch.write(waiting, Span(0, 0), KEY)
    place = _Placed(batch.layout, waiting)
    hashes = rows.keys.hash(KEY).tolist()
    bounds = batch.route.bounds.tolist()
    assert bounds[-1] == np.count_nonzero(rows.reason == 0)
    counted = np.flatnonzero(rows.reason == 0).tolist()
    bins = batch.route.bins().tolist()
    assert bounds == [sum(bins[row] < number for row in counted) for number in range(len(bounds))]
    # Within a bin rows keep their order.
    for at, row in enumerate(sorted(counted, key=lambda row: bins[row])):
        value = ids[row].as_py()
        place.check(at, row, rows, None if orders is None else orders[row].as_py(), value)
        direct = addressed(value, dense) if dense is not None else None
        word = int(waiting.rows[at, 0]) % 2**64
        if direct is not None:
            assert bins[row] == N_BINS + direct % N_BINS
            assert word == direct >> BIN_BITS
        else:
            assert bins[row] == word >> (64 - BIN_BITS)
            if layout.id_bytes == 0:
                assert word == hashes[row]


class _Placed:
    """Compares buffered rows with the definition of their layout."""

    def __init__(self, layout: Layout, waiting: Waiting) -> None:
        self._layout = layout
        self._rows = waiting.rows
        self._texts = waiting.texts

    def check(
        self, at: int, row: int, rows: OrderRows, order: int | bytes | None, value: int | bytes
    ) -> None:
        layout, cells = self._layout, [int(cell) for cell in self._rows[at]]
        alone = rows.order_keys is None
        if rows.order_present is not None:
            alone = not rows.order_present[row]
        time, amount = int(rows.time_us[row]), int(rows.amount_minor[row])
        if layout.narrow:
            assert cells[1] == (amount << 33) | (time // SECOND_US << 1) | alone
        else:
            assert cells[1:3] == [time, (amount << 1) | alone]
        if isinstance(value, bytes) and not layout.id_bytes:
            assert self._text(cells[layout.key_column]) == value
        elif isinstance(value, bytes) and layout.id_bytes > 16:
            words = self._rows[at, layout.key_column : layout.order_column]
            assert words.tobytes()[: layout.id_bytes] == value
        elif isinstance(value, bytes):
            pair = np.empty((1, 2), np.uint64)
            firsts, seconds = (
                frozen(self._rows[at : at + 1, column].astype(np.uint64))
                for column in (0, layout.key_column)
            )
            unmix_pairs(firsts, seconds, KEY.mask, KEY.multiplier, pair)
            assert pair.tobytes() == value.ljust(16, b"\0")
        if isinstance(order, bytes):
            assert self._text(cells[layout.order_column + 1]) == order
        elif order is not None:
            assert cells[layout.order_column] == order

    def _text(self, place: int) -> bytes:
        return self._texts[place + 1 :].tobytes()[: int(self._texts[place])]
