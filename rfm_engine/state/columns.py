"""Customers as the columns that stand in a file: scored, and written out, without being copied.

What batches since the last compaction add is few beside the base. It is added to the rows of the
base where they stand, and customers who are not there follow behind. So a state of 50 M customers
is scored in the time of decoding it and of scoring; as records, which every customer passed
through, it took twice as long.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rfm_engine.aggregate.held import LIMIT, Measured
from rfm_engine.aggregate.ids import taken
from rfm_engine.aggregate.measures import COUNT_BITS, FAR_US, UNKNOWN_FIRST
from rfm_engine.kernels import kernel
from rfm_engine.orders.arrays import frozen
from rfm_engine.orders.keys import Keys, joined
from rfm_engine.state.merge import Int64s, Rows, plain

_Places = npt.NDArray[np.intp]
NEVER_FIRST = np.int64(np.iinfo(np.int64).max)
NEVER_LAST = np.int64(np.iinfo(np.int64).min)
"""When customers without a purchase, or with an unknown first one, bought."""


class Columns(NamedTuple):
    """Customers of some buckets by row, as `rfm_engine.aggregate.held.Held`; `int64[n]` each.

    Net amounts have left 64 bits nowhere.
    """

    bounds: Int64s
    ids: Keys
    first: Int64s
    last: Int64s
    orders: Int64s
    minor: Int64s
    repeats: None = None

    @property
    def n_records(self) -> int:
        """How many customers."""
        return len(self.orders)

    @property
    def n_customers(self) -> int:
        """How many customers."""
        return len(self.orders)

    def keys(self) -> Keys:
        """Return the ids."""
        return self.ids

    def measured(self, room: tuple[Int64s, Int64s, Int64s]) -> Measured:
        """Return the columns as they are where all have an order, leaving `room` alone."""
        del room
        last, orders, minor = self.last, self.orders, self.minor
        faulty = -1
        if len(minor) and (minor.max() >= LIMIT or minor.min() <= -LIMIT):
            faulty = int(np.flatnonzero((minor >= LIMIT) | (minor <= -LIMIT))[0])
        if not len(orders) or orders.min() > 0:
            return Measured(None, last, orders, minor, faulty)
        rows = np.flatnonzero(orders > 0)
        return Measured(rows, last.take(rows), orders.take(rows), minor.take(rows), faulty)

    def first_us(self, rows: _Places | None) -> tuple[Int64s, npt.NDArray[np.bool_] | None]:
        """Return when rows first bought, and of which that is known (None: of all)."""
        first = self.first if rows is None else self.first.take(rows)
        known = first != NEVER_FIRST
        return first, None if known.all() else known

    def last_us(self, rows: _Places | None) -> Int64s:
        """Return when rows last bought."""
        return self.last if rows is None else self.last.take(rows)

    def plus(self, few: Rows) -> Columns | None:
        """Add rows of the same buckets; None where a net amount leaves 64 bits, or had before.

        Customers who are not here follow behind all others.
        """
        n = self.n_records
        places = np.empty(few.n, np.int64)
        n_all = find_places(
            *plain(self.ids), frozen(self.bounds), *plain(few.keys), frozen(few.bounds), places
        )
        n_more = int(n_all) - n
        usual = (NEVER_FIRST, NEVER_LAST, 0, 0)
        columns = [
            np.concatenate([column, np.full(n_more, value, np.int64)])
            for column, value in zip(self[2:6], usual, strict=True)
        ]
        fits = add_few(
            frozen(places), frozen(few.records), FAR_US, UNKNOWN_FIRST, np.int64(1 << COUNT_BITS),
            *columns,
        )  # fmt: skip
        if not fits:
            return None
        ids = self.ids
        if n_more:
            ids = joined([ids, taken(few.keys, np.flatnonzero(places >= n))])
        first, last, orders, minor = columns
        return Columns(self.bounds, ids, first, last, orders, minor)


@kernel
def find_places(a_bits, a_offsets, a_data, a_bounds, b_bits, b_offsets, b_data, b_bounds, places):
    """Find the row of run `a` that has the key of each row of `b`; return how many keys there are.

    Keys that `a` has not get the rows after its last, in the order of `b`.
    """
    n = a_bounds[-1]
    for bucket in range(len(a_bounds) - 1):
        low, end = a_bounds[bucket], a_bounds[bucket + 1]
        for j in range(b_bounds[bucket], b_bounds[bucket + 1]):
            # Steps of growing length, then halves: few rows are found in the logarithm of the
            # distance, many in the time of walking along.
            step = 1
            high = low
            while high < end and is_below(
                a_bits, a_offsets, a_data, high, b_bits, b_offsets, b_data, j
            ):
                low = high + 1
                high += step
                step <<= 1
            high = min(high, end)
            while low < high:
                middle = (low + high) >> 1
                if is_below(a_bits, a_offsets, a_data, middle, b_bits, b_offsets, b_data, j):
                    low = middle + 1
                else:
                    high = middle
            is_there = low < end and not is_below(
                b_bits, b_offsets, b_data, j, a_bits, a_offsets, a_data, low
            )
            if is_there:
                places[j] = low
            else:
                places[j] = n
                n += 1
    return n


@kernel
def is_below(a_bits, a_offsets, a_data, i, b_bits, b_offsets, b_data, j):
    """Tell whether key `i` of run `a` goes before key `j` of `b`."""
    if len(a_bits) > 0:
        return a_bits[i] < b_bits[j]
    start_a, start_b = a_offsets[i], b_offsets[j]
    n_a, n_b = a_offsets[i + 1] - start_a, b_offsets[j + 1] - start_b
    for k in range(min(n_a, n_b)):
        x, y = a_data[start_a + k], b_data[start_b + k]
        if x != y:
            return x < y
    return n_a < n_b


@kernel
def add_few(places, records, far, unknown, one_carry, first, last, orders, minor):
    """Add record `i` to row `places[i]`; False where a net amount leaves 64 bits, or had before."""
    half = one_carry >> 1
    for i in range(len(places)):
        row = places[i]
        counted = ((records[i, 2] + half) & (one_carry - 1)) - half
        before, amount = minor[row], records[i, 3]
        after = before + amount
        if counted != records[i, 2] or (before ^ after) & (amount ^ after) < 0:
            return False
        if records[i, 0] > unknown:
            first[row] = min(first[row], far - records[i, 0])
        if records[i, 1] > 0:
            last[row] = max(last[row], records[i, 1] - far)
        orders[row] += counted
        minor[row] = after
    return True
