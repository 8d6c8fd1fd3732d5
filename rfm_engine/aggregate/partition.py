"""Some of the customers: a key table, their records, and their orders where distinct."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from rfm_engine.aggregate.dense import DenseTable
from rfm_engine.aggregate.distinct import DistinctOrders
from rfm_engine.aggregate.hashing import HashKey
from rfm_engine.aggregate.measures import Measures, Records
from rfm_engine.aggregate.tables import ByteTable, Codes, IntTable
from rfm_engine.aggregate.waiting import Layout, Pieces, Waiting

Places: TypeAlias = npt.NDArray[np.int64]
KeyTable: TypeAlias = IntTable | ByteTable | DenseTable

NO_ORDERS: npt.NDArray[np.int64] = np.empty(0, np.int64)


class Partition:
    """Customers that one table finds; one thread at a time changes it."""

    def __init__(self, key: HashKey, layout: Layout, new_table: Callable[[], KeyTable]) -> None:
        self.customers = new_table()
        self.measures = Measures()
        self.orders = DistinctOrders(key, layout) if layout.orders else None

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        orders = 0 if self.orders is None else self.orders.nbytes
        return self.customers.nbytes + self.measures.nbytes + orders

    def add(self, waiting: Waiting, pieces: Pieces) -> None:
        """Add the waiting rows that are this partition's."""
        codes = self.customers.assign(waiting.rows, waiting.texts, pieces)
        self.measures.reach(self.customers.n)
        self.measures.add(codes, waiting.rows, pieces)
        if self.orders is not None:
            self.orders.add(codes, waiting, pieces)

    def absorb(self, waiting: Waiting, pieces: Pieces, others: Records) -> tuple[Codes, Places]:
        """Add other records, `int64[n, 4]`, by waiting rows whose time is a row of `others`.

        Returns the codes their customers have here, and those rows.
        """
        codes = self.customers.assign(waiting.rows, waiting.texts, pieces)
        self.measures.reach(self.customers.n)
        rows = waiting.rows[pieces.starts[0] : pieces.ends[0], 1]
        self.measures.absorb(codes, others[rows])
        return codes, rows

    def settle(self) -> None:
        """Hold nothing twice."""
        if self.orders is not None:
            self.orders.settle()

    def distinct_orders(self) -> npt.NDArray[np.int64]:
        """Distinct orders of each customer, `int64[n]`; empty where every row is an order."""
        return NO_ORDERS if self.orders is None else self.orders.counts(self.customers.n)
