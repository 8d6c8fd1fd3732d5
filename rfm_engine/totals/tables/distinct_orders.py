"""The distinct orders of the customers of a table, by integer or byte-string id."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rfm_engine.kernels.types import BufferRows, Codes, Words
from rfm_engine.orders.hashing import HashKey
from rfm_engine.totals.buffer.rows import Layout, Pieces, Waiting
from rfm_engine.totals.tables.contents import OrderEntries
from rfm_engine.totals.tables.keys import ByteTable
from rfm_engine.totals.tables.pairs import Pairs, pick_orders


class DistinctOrders:
    """A set of (customer, order); byte-string ids are numbered first."""

    def __init__(self, key: HashKey, layout: Layout) -> None:
        self._pairs = Pairs(key)
        self._table = ByteTable(0) if layout.orders == "bytes" else None

    @property
    def nbytes(self) -> int:
        """Bytes in memory."""
        return self._pairs.nbytes + (0 if self._table is None else self._table.nbytes)

    def add(self, codes: Codes, waiting: Waiting, pieces: Pieces) -> None:
        """Add the orders of buffered rows; `codes` are the codes of their customers."""
        layout = waiting.layout
        if self._table is None:
            self._pairs.add_column(codes, waiting.rows, layout, pieces)
            return
        picked, places = np.empty(pieces.n_rows, np.uint32), np.empty(pieces.n_rows, np.int64)
        n = pick_orders(
            waiting.rows, layout.amount_column, -1, codes, pieces, np.zeros(3, np.int64),
            pieces.n_rows, 0, picked, places,
        )  # fmt: skip
        columns = slice(layout.order_column, layout.order_column + 2)
        found = np.ascontiguousarray(waiting.rows[places[:n], columns])
        self.add_texts(picked[:n], found, waiting.texts)

    def add_ints(self, codes: Codes, values: npt.NDArray[np.int64]) -> None:
        """Add orders by integer id."""
        self._pairs.add(codes, values)

    def add_texts(self, codes: Codes, found: BufferRows, texts: Words) -> None:
        """Add orders by their bytes; `found` is `int64[n, 2]`: hash and offset in `texts`."""
        assert self._table is not None
        n = len(found)
        pieces = Pieces(np.zeros(1, np.int64), np.full(1, n, np.int64), n)
        self._pairs.add(codes, self._table.assign(found, texts, pieces, column=1).astype(np.int64))

    @property
    def has_repeats(self) -> bool:
        """Whether some entries may exist twice."""
        return self._pairs.has_repeats

    def settle(self) -> None:
        """Remove repeats."""
        self._pairs.settle()

    def counts(self, n_customers: int) -> npt.NDArray[np.int64]:
        """Return the number of orders per customer code, `int64[n_customers]`."""
        return self._pairs.counts(n_customers)

    def entries(self) -> OrderEntries:
        """Return all orders, in order of first appearance."""
        codes, values = self._pairs.entries()
        return OrderEntries(codes, values, None if self._table is None else self._table.keys())
