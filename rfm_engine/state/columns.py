"""Customers as the columns of a file; each column is decoded when it is used and then released.

The batches since the last compaction have few rows compared with the base. They are added to the
rows of the base in place, and customers who are not in the base are appended. With a record in
memory for each of 50 M customers, the time was twice as long. Most of it was spent in the system to
allocate memory.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import frozen
from rfm_engine.kernels.types import Instants, Integers, Places
from rfm_engine.orders.keys import Keys, joined
from rfm_engine.state.merge import Rows, run_of
from rfm_engine.state.runs import find_places
from rfm_engine.state.shape import NEVER_FIRST, NEVER_LAST, CustomerFile
from rfm_engine.totals.records import LIMIT, Measured
from rfm_engine.totals.tables.measures import (
    COUNT,
    COUNT_BITS,
    FAR_US,
    FIRST,
    LAST,
    SUM,
    UNKNOWN_FIRST,
)

_MOST = (1 << 63) - 1


class Columns:
    """The customers of a file with the rows of `few` added; implements `Held`."""

    repeats = None

    def __init__(self, file: CustomerFile, few: Rows | None) -> None:
        self._file = file
        self._few = few
        self.n_records = int(file.bounds[-1])
        self._places = np.zeros(0, np.int64)
        self._n_more = 0
        if few is not None:
            self._places = np.empty(few.n, np.int64)
            everyone = run_of(file.keys(), file.bounds)
            n_all = int(find_places(everyone, few.as_run(), self._places))
            self._n_more = n_all - self.n_records
            self.n_records = n_all

    @property
    def n_customers(self) -> int:
        """Number of customers."""
        return self.n_records

    def keys(self) -> Keys:
        """Return the ids."""
        ids = self._file.keys()
        if self._few is None or not self._n_more:
            return ids
        new = np.flatnonzero(self._places >= self.n_records - self._n_more)
        return joined([ids, self._few.keys.take(new)])

    def measured(self, room: tuple[Integers, Integers, Integers]) -> Measured:
        """Return the measures of customers with an order; use `room` only if some have none."""
        last, orders, minor = self._last(), self._orders(), self._minor()
        faulty = -1
        if len(minor) and (minor.max() >= LIMIT or minor.min() <= -LIMIT):
            faulty = int(np.flatnonzero((minor >= LIMIT) | (minor <= -LIMIT))[0])
        if not len(orders) or orders.min() > 0:
            return Measured(None, last, orders, minor, faulty)
        rows = np.empty(len(orders), np.int64)
        columns = frozen(last), frozen(orders), frozen(minor)
        n = int(keep_ordering(*columns, rows, *room))
        last, orders, minor = (array[:n] for array in room)
        return Measured(rows[:n].copy(), last, orders, minor, faulty)

    def first_us(self, rows: Places | None) -> tuple[Instants, npt.NDArray[np.bool_] | None]:
        """Return the first order times of rows, and which of them are known (None: all)."""
        first = self._longer(self._file.first_us(), NEVER_FIRST)
        if self._few is not None:
            theirs = self._few.records[:, FIRST]
            theirs = np.where(theirs > UNKNOWN_FIRST, FAR_US - theirs, NEVER_FIRST)
            first[self._places] = np.minimum(first[self._places], theirs)
        if rows is not None:
            first = first.take(rows)
        known = first != NEVER_FIRST
        return first, None if known.all() else known

    def last_us(self, rows: Places | None) -> Instants:
        """Return the last order times of rows."""
        return self._last() if rows is None else self._last().take(rows)

    def _last(self) -> Instants:
        last = self._longer(self._file.last_us(), NEVER_LAST)
        if self._few is not None:
            theirs = self._few.records[:, LAST]
            theirs = np.where(theirs > 0, theirs - FAR_US, NEVER_LAST)
            last[self._places] = np.maximum(last[self._places], theirs)
        return last

    def _orders(self) -> Integers:
        orders = self._longer(self._file.orders(), np.int64(0))
        if self._few is not None:
            orders[self._places] += self._few.records[:, COUNT]
        return orders

    def _minor(self) -> Integers:
        minor = self._longer(self._file.minor(), np.int64(0))
        if self._few is not None:
            minor[self._places] += self._few.records[:, SUM]
        return minor

    def _longer(self, column: Integers, value: np.int64) -> Integers:
        """Return a column; if rows are added, copy it and append `value` for new customers."""
        if self._few is None:
            return column
        return np.concatenate([column, np.full(self._n_more, value)])


def fits(file: CustomerFile, few: Rows | None) -> bool:
    """Whether no net amount overflows 64 bits, before and after rows are added."""
    greatest = file.greatest()
    if greatest is None or few is None or not few.n:
        return greatest is not None
    counts, sums = few.records[:, COUNT], few.records[:, SUM]
    if np.abs(counts).max() >= 1 << (COUNT_BITS - 1):
        return False
    return greatest + max(int(sums.max()), -int(sums.min())) <= _MOST


@kernel
def keep_ordering(last, orders, minor, rows, last_kept, orders_kept, minor_kept):
    """Copy the measures and row indices of customers with an order; return their number."""
    n = 0
    for i in range(len(orders)):
        rows[n] = i
        last_kept[n] = last[i]
        orders_kept[n] = orders[i]
        minor_kept[n] = minor[i]
        n += orders[i] > 0
    return n
