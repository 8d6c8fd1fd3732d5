"""The distinct orders of a table's customers, by integer or byte-string id."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rfm_engine.aggregate.hashing import HashKey
from rfm_engine.aggregate.pairs import Pairs, pick_orders
from rfm_engine.aggregate.tables import ByteTable, Codes, Rows, Words
from rfm_engine.aggregate.waiting import Layout, Pieces, Waiting
from rfm_engine.orders.keys import ByteKeys


class OrderEntries(NamedTuple):
    """Distinct orders: the customer's code and a value each, the number of a key if there are."""

    codes: Codes
    values: npt.NDArray[np.int64]
    keys: ByteKeys | None


class DistinctOrders:
    """A set of (customer, order); byte-string ids are numbered first."""

    def __init__(self, key: HashKey, layout: Layout) -> None:
        self._pairs = Pairs(key)
        self._column = layout.order_column
        self._table = ByteTable(key, 0, column=1) if layout.orders == "bytes" else None

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self._pairs.nbytes + (0 if self._table is None else self._table.nbytes)

    def add(self, codes: Codes, waiting: Waiting, pieces: Pieces) -> None:
        """Add the orders of waiting rows, whose customers have `codes`."""
        picked = np.empty(pieces.n_rows, np.uint32)
        places = np.empty(pieces.n_rows, np.int64)
        values = np.empty(pieces.n_rows, np.int64)
        n = pick_orders(
            waiting.rows, self._column, codes, pieces.starts, pieces.ends, self._table is None,
            picked, places, values,
        )  # fmt: skip
        if self._table is None:
            self._pairs.add(picked[:n], values[:n])
            return
        columns = slice(self._column, self._column + 2)
        found = np.ascontiguousarray(waiting.rows[places[:n], columns])
        self.add_texts(picked[:n], found, waiting.texts)

    def add_ints(self, codes: Codes, values: npt.NDArray[np.int64]) -> None:
        """Add orders by integer id."""
        self._pairs.add(codes, values)

    def add_texts(self, codes: Codes, found: Rows, texts: Words) -> None:
        """Add orders by their bytes, `found` being `int64[n, 2]` of hash and place in `texts`."""
        assert self._table is not None
        n = len(found)
        pieces = Pieces(np.zeros(1, np.int64), np.full(1, n, np.int64), n)
        self._pairs.add(codes, self._table.assign(found, texts, pieces).astype(np.int64))

    def counts(self, n_customers: int) -> npt.NDArray[np.int64]:
        """How many orders each customer code has, `int64[n_customers]`."""
        return self._pairs.counts(n_customers)

    def entries(self) -> OrderEntries:
        """All orders, in no order."""
        codes, values = self._pairs.entries()
        return OrderEntries(codes, values, None if self._table is None else self._table.keys())
