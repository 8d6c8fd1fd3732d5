"""Some customers as finishing takes them: from records, or from what a state has as columns."""

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
"""Net amounts stay below it, in minor units."""
_COUNT_MASK = np.int64((1 << COUNT_BITS) - 1)


class Measured(NamedTuple):
    """Customers with an order: their rows (None stands for all), and measures as `int64[n]`.

    `faulty` is a row, of such a customer or not, whose net amount has too many digits or whose
    orders are too many; -1 where there is none.
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
        """Return when rows first bought, and of which that is known (None: of all)."""

    def last_us(self, rows: Places | None) -> Instants:
        """Return when rows last bought."""


class Held(HeldTimes, Protocol):
    """Customers by row, some of whom may have no order."""

    @property
    def n_records(self) -> int:
        """How many rows there are, of no customer among them."""

    @property
    def n_customers(self) -> int:
        """How many customers there are."""

    @property
    def repeats(self) -> Repeats | None:
        """Their days, where kept."""

    def measured(self, room: tuple[Integers, Integers, Integers]) -> Measured:
        """Return the customers with an order; `room` may be written to, or left alone."""


class HeldRecords(NamedTuple):
    """Records, `int64[n, 4]`, and how many distinct orders each has beside (empty: none).

    Records of no customer may be among them, all zeros: ids addressed directly leave gaps.
    """

    load_keys: Callable[[], Keys]
    records: Records
    n_orders: Integers
    n_customers: int
    repeats: Repeats | None = None

    @property
    def n_records(self) -> int:
        """How many records."""
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
        """Return when rows first bought, and of which that is known (None: of all)."""
        first = self._column(FIRST, rows)
        known = first > UNKNOWN_FIRST
        return FAR_US - first, None if known.all() else known

    def last_us(self, rows: Places | None) -> Instants:
        """Return when rows last bought."""
        return self._column(LAST, rows) - FAR_US

    def _column(self, number: int, rows: Places | None) -> Integers:
        column = self.records[:, number]
        return column if rows is None else column.take(rows)


def held_of(contents: Contents) -> HeldRecords:
    """Count the distinct orders of each customer, and add up the days."""
    keys, records, orders, days, _ = contents
    n = len(records)
    counts = np.zeros(0, np.int64)
    if orders is not None:
        counts = np.bincount(orders.rows, minlength=n)
    repeats = None if days is None else repeats_of(days, n)
    return HeldRecords(lambda: keys, records, counts, n, repeats)


@kernel
def read_records(records, orders, count_mask, far, limit, rows, last_us, frequency, monetary):
    """Copy the measures of customers with an order, and their rows; return how many they are.

    `orders` is `int64[n]` to be added to those of the records, or empty. Above `count_mask` stands
    the carry of the sum. The second value returned is a row whose sum is `limit` or more from 0,
    with an order or not, or whose orders are too many; -1 without any.
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
