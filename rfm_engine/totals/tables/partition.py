"""A partition of the customers: a key table, the records, and the distinct orders if needed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from rfm_engine.kernels.types import Codes, Integers, Records
from rfm_engine.orders.hashing import HashKey
from rfm_engine.orders.keys import Keys
from rfm_engine.orders.time.zones import Zone
from rfm_engine.totals.buffer.rows import Layout, Pieces, Waiting
from rfm_engine.totals.memory.spill import Run
from rfm_engine.totals.records import HeldRecords, held_of
from rfm_engine.totals.tables.contents import Contents, NetEntries
from rfm_engine.totals.tables.day_totals import DailySums, repeats_of
from rfm_engine.totals.tables.dense_ids import DenseTable
from rfm_engine.totals.tables.distinct_orders import DistinctOrders
from rfm_engine.totals.tables.inline_keys import InlineTable
from rfm_engine.totals.tables.keys import ByteTable, IntTable
from rfm_engine.totals.tables.measures import COUNT, FIRST, SUM, Measures
from rfm_engine.totals.tables.net_counts import held_net_orders
from rfm_engine.totals.tables.net_orders import NetOrders

KeyTable: TypeAlias = IntTable | ByteTable | InlineTable | DenseTable


class Partition:
    """Customers of one hash table, and `runs` of them on disk; only one thread may change it.

    A customer may be in memory and in several runs, with a part of the orders in each.
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
        """Discard everything that is in memory."""
        self.customers = self._new_table()
        self.measures = Measures()
        distinct = self._layout.are_distinct
        self.orders = DistinctOrders(self._key, self._layout) if distinct else None
        self.days = DailySums(self._key, self._days_in) if self._days_in else None
        self.net = NetOrders(self._key, self._layout) if self._layout.net else None

    @property
    def nbytes(self) -> int:
        """Bytes in memory."""
        kept = (self.customers, self.measures, self.orders, self.days, self.net)
        return sum(each.nbytes for each in kept if each is not None)

    def add(self, waiting: Waiting, pieces: Pieces) -> None:
        """Add the buffered rows of this partition."""
        codes = self._assigned(waiting, pieces)
        self.measures.add(codes, waiting.rows, pieces, waiting.layout)
        if self.orders is not None:
            self.orders.add(codes, waiting, pieces)
        if self.days is not None:
            self.days.add(codes, waiting, pieces)
        if self.net is not None:
            self.net.add(codes, waiting, pieces)

    def absorb(self, waiting: Waiting, pieces: Pieces, others: Records) -> tuple[Codes, Integers]:
        """Add other records, `int64[n, 4]`, through buffered rows that have row numbers as times.

        Returns the codes that the customers have here, and their rows in `others`.
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
        """Whether some entries may exist twice."""
        return any(kept is not None and kept.has_repeats for kept in self._kept)

    def settle(self) -> None:
        """Remove all repeats."""
        for kept in self._kept:
            if kept is not None:
                kept.settle()

    @property
    def _kept(self) -> tuple[DistinctOrders | DailySums | NetOrders | None, ...]:
        return self.orders, self.days, self.net

    @property
    def n_records(self) -> int:
        """Number of records in memory and on disk.

        This includes empty records, and several records of a customer who is in several runs.
        """
        return self.customers.n + sum(run.n for run in self.runs)

    def contents(self) -> Contents:
        """Return everything that is in memory."""
        keys: Keys = self.customers.keys()
        records = self.measures.records
        orders = None if self.orders is None else self.orders.entries()
        days = None if self.days is None else self.days.entries()
        net = None if self.net is None else self.net.entries()
        present = self._present()
        if present is None:
            return Contents(keys, records, orders, days, net)
        if orders is not None:
            orders = orders._replace(rows=_places(present, orders.rows))
        if days is not None:
            days = days._replace(rows=_places(present, days.rows))
        if net is not None:
            net = net._replace(rows=_places(present, net.rows))
        records = records.take(present, axis=0)
        return Contents(keys.take(present), records, orders, days, net)

    def held(self) -> HeldRecords:
        """Return the customers in memory."""
        if self.net is not None:
            return self._held_net(
                self.customers.keys, self.measures.records, self.net.entries(), self.measures.n_seen
            )
        n = self.customers.n
        n_orders = np.zeros(0, np.int64) if self.orders is None else self.orders.counts(n)
        repeats = None if self.days is None else repeats_of(self.days.entries(), n)
        return HeldRecords(
            self.customers.keys, self.measures.records, n_orders, self.measures.n_seen, repeats
        )

    def held_from(self, contents: Contents) -> HeldRecords:
        """Return the customers of all runs, given their `contents`."""
        keys, records, _, _, net = contents
        if net is None:
            return held_of(contents)
        return self._held_net(lambda: keys, records, net, len(records))

    def _held_net(
        self, load_keys: Callable[[], Keys], records: Records, net: NetEntries, n_customers: int
    ) -> HeldRecords:
        assert self._layout.net is not None
        return held_net_orders(load_keys, records, net, n_customers, self._layout.net, self._key)

    def _present(self) -> npt.NDArray[np.intp] | None:
        """Return the codes that are in use, or None if all are; direct addressing leaves gaps."""
        if self.measures.n_seen == self.customers.n:
            return None
        records = self.measures.records
        return np.flatnonzero(records[:, FIRST] | records[:, COUNT] | records[:, SUM])


def _places(present: npt.NDArray[np.intp], codes: Codes) -> Codes:
    """Return the positions of `codes` within the codes in use."""
    return np.searchsorted(present, codes).astype(np.uint32)
