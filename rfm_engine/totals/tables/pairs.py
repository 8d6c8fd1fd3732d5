"""Distinct (customer, order) and (customer, day) pairs, so that lines of one order count once.

Pairs are appended as they arrive. Repeats are removed whenever the number of new pairs reaches the
number of distinct pairs before. So a pair takes 12 bytes, there are at most twice as many pairs in
memory as necessary, and no hash table is kept. Each removal of repeats creates a table for all
pairs; their number is known, so that this table never grows.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rfm_engine.kernels import kernel
from rfm_engine.kernels.types import BufferRows, Codes, Integers
from rfm_engine.orders.hashing import HashKey
from rfm_engine.totals.buffer.rows import Layout, Pieces
from rfm_engine.totals.memory.pages import Growing
from rfm_engine.totals.tables.slots import Slots, find_pair, slot_of

# With fewer pairs it is not worth searching for repeats.
_FEWEST = 1 << 10
# A search for repeats stays well below 100 ms per call, so that Ctrl-C is answered.
_MOST_A_CALL = 1 << 20

_NO_SUMS = np.zeros(0, np.int64)


class Columns(NamedTuple):
    """Pairs and the sums of their amounts; the sums are empty if there are none."""

    codes: Codes
    values: Integers
    high: Integers
    low: Integers


class Pairs:
    """A set of (customer code, 64-bit value) pairs; with `sums`, amounts are added up per pair.

    An amount is stored as two sums, of its high and its low 32 bits. Neither sum can overflow 64
    bits with a number of rows that fits in memory.
    """

    def __init__(self, key: HashKey, *, sums: bool = False) -> None:
        self._key = key
        self._codes: Growing[np.uint32] = Growing(np.uint32)
        self._values: Growing[np.int64] = Growing(np.int64)
        self._sums: list[Growing[np.int64]] = [Growing(np.int64) for _ in range(2 * sums)]
        self._n = 0
        self._n_distinct = 0

    @property
    def nbytes(self) -> int:
        """Bytes in use, including those of repeats."""
        return (12 + 8 * len(self._sums)) * self._n

    def add(self, codes: Codes, values: Integers, *sums: Integers) -> None:
        """Add pairs, with the high and low sums of their amounts."""
        columns = list(zip([self._values, *self._sums], (values, *sums), strict=True))
        done = 0
        while done < len(codes):
            room = self._room()
            end = self._n + min(room - self._n, len(codes) - done)
            self._codes.array[self._n : end] = codes[done : done + end - self._n]
            for column, given in columns:
                column.array[self._n : end] = given[done : done + end - self._n]
            done += end - self._n
            self._n = end

    def add_column(self, codes: Codes, rows: BufferRows, layout: Layout, pieces: Pieces) -> None:
        """Add the orders of buffered rows; `codes` are the codes of their customers."""
        at = np.zeros(3, np.int64)
        while at[0] < len(pieces.starts):
            room = self._room()
            n = pick_orders(
                rows, layout.amount_column, layout.order_column, codes, pieces, at, room, self._n,
                self._codes.array, self._values.array,
            )  # fmt: skip
            self._n = int(n)

    @property
    def has_repeats(self) -> bool:
        """Whether pairs were added after the last removal of repeats."""
        return self._n > self._n_distinct

    def settle(self) -> None:
        """Remove repeats."""
        if not self.has_repeats:
            return
        slots = Slots.of(self._n, self._key)
        sums = [column.array for column in self._sums] or [_NO_SUMS, _NO_SUMS]
        pairs = Columns(self._codes.array, self._values.array, *sums)
        n = 0
        for first in range(0, self._n, _MOST_A_CALL):
            last = min(first + _MOST_A_CALL, self._n)
            n = keep_distinct(pairs, first, last, n, self._n_distinct, slots)
        self._n = self._n_distinct = int(n)

    def entries(self) -> tuple[Codes, Integers]:
        """Return all pairs, in order of first appearance."""
        self.settle()
        return self._codes.array[: self._n], self._values.array[: self._n]

    def sums(self) -> tuple[Integers, Integers]:
        """Return the high and low sums of all `entries`."""
        self.settle()
        high, low = self._sums
        return high.array[: self._n], low.array[: self._n]

    def counts(self, n_customers: int) -> npt.NDArray[np.int64]:
        """Return the number of pairs per customer code, `int64[n_customers]`."""
        counts = np.zeros(n_customers, np.int64)
        count_codes(self.entries()[0], counts)
        return counts

    def _room(self) -> int:
        """Make room for at least one more pair; return the number of pairs there is room for."""
        room = max(2 * self._n_distinct, _FEWEST)
        if self._n >= room:
            self.settle()
            room = max(2 * self._n_distinct, _FEWEST)
        self._codes.reach(room)
        for column in (self._values, *self._sums):
            column.reach(room)
        return room


@kernel
def keep_distinct(pairs, first, last, n, n_distinct, slots):
    """Append the pairs of `first:last` that are not in `:n` at `n`; return the new number.

    If pairs have sums, the sums of a repeat are added to those of the pair that it repeats. The
    first `n_distinct` pairs are known to be distinct, and are not compared.
    """
    codes, values, high, low = pairs.codes, pairs.values, pairs.high, pairs.low
    places = slots.places
    with_sums = len(high) > 0
    for i in range(first, last):
        code, value = codes[i], values[i]
        slot = slot_of(slots, value, code)
        slot = find_pair(slots, slot, codes, values, code, value, i < n_distinct)
        place = np.int64(places[slot]) - 1
        if place < 0:
            codes[n] = code
            values[n] = value
            if with_sums:
                high[n] = high[i]
                low[n] = low[i]
            n += 1
            places[slot] = n
        elif with_sums:
            high[place] += high[i]
            low[place] += low[i]
    return n


@kernel
def pick_orders(
    rows, amount_column, column, codes, pieces, at, room, n, codes_out, values_out
):  # fmt: skip
    """Append the purchases with an order id until there are `room` pairs; return their number.

    A pair is the customer's code and the value of `column`, or the number of the row if `column` is
    negative. A pair that equals the previous one is skipped, because lines of one order often
    follow each other. `at` is `int64[3]`: the piece, row and position in `codes` from which to
    continue. The function updates it.
    """
    starts, ends = pieces.starts, pieces.ends
    resumed = at[0]
    place = at[2]
    last_code = np.int64(-1)
    last_value = np.int64(0)
    if n > 0:
        last_code = np.int64(codes_out[n - 1])
        last_value = values_out[n - 1]
    for piece in range(resumed, len(starts)):
        begin = max(at[1], starts[piece]) if piece == resumed else starts[piece]
        for i in range(begin, ends[piece]):
            if n == room:
                at[0] = piece
                at[1] = i
                at[2] = place
                return n
            code = np.int64(codes[place])
            place += 1
            value = rows[i, column] if column >= 0 else np.int64(i)
            # Always written, then counted or not, because an unpredictable branch costs more.
            codes_out[n] = code
            values_out[n] = value
            amount = rows[i, amount_column]
            purchase = (amount >= 0) & (amount & 1 == 0)
            fresh = purchase & ((code != last_code) | (value != last_value))
            n += np.int64(fresh)
            last_code = code if fresh else last_code
            last_value = value if fresh else last_value
    at[0] = len(starts)
    return n


@kernel
def count_codes(codes, counts):
    """Count each code."""
    for i in range(len(codes)):
        counts[codes[i]] += 1
