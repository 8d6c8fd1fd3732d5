"""Some of the customers: a key table, their records, and their orders where distinct."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from rfm_engine.aggregate.contents import Contents
from rfm_engine.aggregate.daily import DailySums, repeats_of
from rfm_engine.aggregate.dense import DenseTable
from rfm_engine.aggregate.distinct import DistinctOrders
from rfm_engine.aggregate.hashing import HashKey
from rfm_engine.aggregate.held import HeldRecords
from rfm_engine.aggregate.measures import COUNT, FIRST, SUM, Measures, Records
from rfm_engine.aggregate.spill import Run
from rfm_engine.aggregate.tables import ByteTable, Codes, IntTable
from rfm_engine.aggregate.waiting import Layout, Pieces, Waiting
from rfm_engine.orders.keys import IntKeys, Keys
from rfm_engine.orders.time.zones import Zone

KeyTable: TypeAlias = IntTable | ByteTable | DenseTable
Places: TypeAlias = npt.NDArray[np.int64]


class Partition:
    """Customers that one table finds, and `runs` of them on disk; one thread at a time changes it.

    A customer may stand in memory and in any of the runs, with a part of the orders in each.
    """

    def __init__(
        self,
        key: HashKey,
        layout: Layout,
        new_table: Callable[[], KeyTable],
        days_in: Zone | None = None,
    ) -> None:
        self._key = key
        self._layout = layout
        self._days_in = days_in
        self._new_table = new_table
        self.runs: list[Run] = []
        self.clear()

    def clear(self) -> None:
        """Forget what is in memory."""
        self.customers = self._new_table()
        self.measures = Measures()
        distinct = self._layout.are_distinct
        self.orders = DistinctOrders(self._key, self._layout) if distinct else None
        self.days = DailySums(self._key, self._days_in) if self._days_in else None

    @property
    def nbytes(self) -> int:
        """Bytes held in memory."""
        kept = (self.customers, self.measures, self.orders, self.days)
        return sum(each.nbytes for each in kept if each is not None)

    def add(self, waiting: Waiting, pieces: Pieces) -> None:
        """Add the waiting rows that are this partition's."""
        codes = self._assigned(waiting, pieces)
        self.measures.add(codes, waiting.rows, pieces, waiting.layout)
        if self.orders is not None:
            self.orders.add(codes, waiting, pieces)
        if self.days is not None:
            self.days.add(codes, waiting, pieces)

    def absorb(self, waiting: Waiting, pieces: Pieces, others: Records) -> tuple[Codes, Places]:
        """Add other records, `int64[n, 4]`, by waiting rows whose time is a row of `others`.

        Returns the codes their customers have here, and those rows.
        """
        codes = self._assigned(waiting, pieces)
        rows = waiting.rows[pieces.starts[0] : pieces.ends[0], 1]
        self.measures.absorb(codes, others.take(rows, axis=0))
        return codes, rows

    def _assigned(self, waiting: Waiting, pieces: Pieces) -> Codes:
        column = waiting.layout.key_column
        codes = self.customers.assign(waiting.rows, waiting.texts, pieces, column)
        self.measures.reach(self.customers.n)
        return codes

    @property
    def has_repeats(self) -> bool:
        """Whether something may be held twice."""
        return any(kept is not None and kept.has_repeats for kept in (self.orders, self.days))

    def settle(self) -> None:
        """Hold nothing twice."""
        for kept in (self.orders, self.days):
            if kept is not None:
                kept.settle()

    @property
    def n_records(self) -> int:
        """Records in memory and on disk, of no customer or of one in several runs among them."""
        return self.customers.n + sum(run.n for run in self.runs)

    def contents(self) -> Contents:
        """Return all that is in memory."""
        keys: Keys = self.customers.keys()
        records = self.measures.records
        orders = None if self.orders is None else self.orders.entries()
        days = None if self.days is None else self.days.entries()
        present = self._present()
        if present is None:
            return Contents(keys, records, orders, days)
        assert isinstance(keys, IntKeys)
        if orders is not None:
            orders = orders._replace(rows=_places(present, orders.rows))
        if days is not None:
            days = days._replace(rows=_places(present, days.rows))
        records = records.take(present, axis=0)
        return Contents(IntKeys(keys.bits.take(present)), records, orders, days)

    def held(self) -> HeldRecords:
        """Return the customers in memory."""
        n = self.customers.n
        n_orders = np.zeros(0, np.int64) if self.orders is None else self.orders.counts(n)
        repeats = None if self.days is None else repeats_of(self.days.entries(), n)
        return HeldRecords(
            self.customers.keys, self.measures.records, n_orders, self.measures.n_seen, repeats
        )

    def _present(self) -> npt.NDArray[np.intp] | None:
        """Return the codes of customers; None when all are: ids addressed directly leave gaps."""
        if self.measures.n_seen == self.customers.n:
            return None
        records = self.measures.records
        return np.flatnonzero(records[:, FIRST] | records[:, COUNT] | records[:, SUM])


def _places(present: npt.NDArray[np.intp], codes: Codes) -> Codes:
    """Return where codes stand among those that are customers'."""
    return np.searchsorted(present, codes).astype(np.uint32)
