"""The interface through which scoring reads some customers, and its implementation for records.

A state implements it for columns.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from rfm_engine.kernels import kernel
from rfm_engine.kernels.types import Instants, Integers, Places, Records
from rfm_engine.orders.keys import Keys
from rfm_engine.totals.tables.contents import Contents
from rfm_engine.totals.tables.day_totals import Repeats, repeats_of
from rfm_engine.totals.tables.measures import (
    COUNT_BITS,
    FAR_US,
    FIRST,
    LAST,
    TOO_MANY,
    UNKNOWN_FIRST,
)

MAX_DIGITS = 18
LIMIT = np.int64(10**MAX_DIGITS)
"""Net amounts must be below it, in minor units."""
_COUNT_MASK = np.int64((1 << COUNT_BITS) - 1)


class Measured(NamedTuple):
    """Customers with an order: their rows (None means all), and measures as `int64[n]`.

    `faulty` is a row with too many digits in its net amount or too many orders, even if it has no
    order; -1 if there is none.
    """

    rows: Places | None
    last_us: Instants
    frequency: Integers
    monetary_minor: Integers
    faulty: int
    too_many: bool = False


class HeldTimes(Protocol):
    """Ids and times of customers by row."""

    def keys(self) -> Keys:
        """Return the ids of all rows."""

    def first_us(self, rows: Places | None) -> tuple[Instants, npt.NDArray[np.bool_] | None]:
        """Return the first order times of rows, and which of them are known (None: all)."""

    def last_us(self, rows: Places | None) -> Instants:
        """Return the last order times of rows."""


class Held(HeldTimes, Protocol):
    """Customers by row; some may have no order."""

    @property
    def n_records(self) -> int:
        """The number of rows, including rows without a customer."""

    @property
    def n_customers(self) -> int:
        """The number of customers."""

    @property
    def repeats(self) -> Repeats | None:
        """The days of the customers, if they are kept."""

    def measured(self, room: tuple[Integers, Integers, Integers]) -> Measured:
        """Return the customers with an order; `room` is memory that may be used for them."""


class HeldRecords(NamedTuple):
    """Records, `int64[n, 4]`, and the number of distinct orders to add to each (empty: none).

    Records without a customer are all zeros. They exist because direct addressing leaves gaps.
    """

    load_keys: Callable[[], Keys]
    records: Records
    n_orders: Integers
    n_customers: int
    repeats: Repeats | None = None

    @property
    def n_records(self) -> int:
        """The number of records."""
        return len(self.records)

    def keys(self) -> Keys:
        """Return the ids of all records."""
        return self.load_keys()

    def measured(self, room: tuple[Integers, Integers, Integers]) -> Measured:
        """Write the measures of the customers with an order to `room`."""
        rows = np.empty(len(self.records), np.int64)
        counted, faulty = read_records(
            self.records, self.n_orders, _COUNT_MASK, FAR_US, LIMIT, rows, *room
        )
        n = int(counted)
        some = None if n == len(rows) else rows[:n].copy()
        last_us, frequency, monetary = (array[:n] for array in room)
        too_many = faulty >= 0 and bool(self.records[faulty, FIRST] == TOO_MANY)
        return Measured(some, last_us, frequency, monetary, int(faulty), too_many)

    def first_us(self, rows: Places | None) -> tuple[Instants, npt.NDArray[np.bool_] | None]:
        """Return the first order times of rows, and which of them are known (None: all)."""
        first = self._column(FIRST, rows)
        known = first > UNKNOWN_FIRST
        return FAR_US - first, None if known.all() else known

    def last_us(self, rows: Places | None) -> Instants:
        """Return the last order times of rows."""
        return self._column(LAST, rows) - FAR_US

    def _column(self, number: int, rows: Places | None) -> Integers:
        column = self.records[:, number]
        return column if rows is None else column.take(rows)


def held_of(contents: Contents) -> HeldRecords:
    """Count the distinct orders of each customer, and aggregate the days."""
    keys, records, orders, days, _ = contents
    n = len(records)
    counts = np.zeros(0, np.int64)
    if orders is not None:
        counts = np.bincount(orders.rows, minlength=n)
    repeats = None if days is None else repeats_of(days, n)
    return HeldRecords(lambda: keys, records, counts, n, repeats)


@kernel
def read_records(records, orders, count_mask, far, limit, rows, last_us, frequency, monetary):
    """Copy the rows and measures of customers with an order; return the number of customers.

    `orders` is `int64[n]`, numbers of orders to add to those of the records, or empty. The bits
    above `count_mask` are the carry of the sum. The second returned value is a row, with or without
    an order, that has an absolute sum of `limit` or more, or too many orders; -1 if there is none.
    """
    n = 0
    too_large = -1
    for i in range(len(records)):
        sum_minor = records[i, 3]
        counted = records[i, 2]
        if counted > count_mask or counted < 0 or sum_minor >= limit or sum_minor <= -limit:
            too_large = i
        if records[i, 0] == TOO_MANY:
            too_large = i
        n_orders = counted & count_mask
        if len(orders) > 0:
            n_orders += orders[i]
        rows[n] = i
        last_us[n] = records[i, 1] - far
        frequency[n] = n_orders
        monetary[n] = sum_minor
        n += n_orders > 0
    return n, too_large
