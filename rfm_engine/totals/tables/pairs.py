"""Distinct (customer, order) and (customer, day) pairs: lines of one order count once.

Pairs are written down as they come, and repeats are taken out whenever as many pairs have come as
were distinct before. So a pair is 12 bytes, waits at most twice as long in memory as it must, and
no table stays: one is made for all pairs at a time, knows how many they are, and never grows.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from rfm_engine.kernels import kernel
from rfm_engine.totals.buffer.rows import Layout, Pieces
from rfm_engine.totals.memory.pages import Growing
from rfm_engine.totals.tables.hashing import HashKey
from rfm_engine.totals.tables.keys import Codes, Rows
from rfm_engine.totals.tables.slots import Slots, find_pair, slot_of

# Fewer are not worth a search for repeats.
_FEWEST = 1 << 10
# A search for repeats stays well below 100 ms a call, so that Ctrl-C is answered.
_MOST_A_CALL = 1 << 20

Values: TypeAlias = npt.NDArray[np.int64]

_NO_SUMS = np.zeros(0, np.int64)


class Columns(NamedTuple):
    """Pairs and the sums of their amounts, which are empty where there are none."""

    codes: Codes
    values: Values
    high: Values
    low: Values


class Pairs:
    """A set of (customer code, 64-bit value), with `sums` each with an amount that adds up.

    An amount is kept as two sums, of its high and its low 32 bits, which no number of rows that
    fits in memory takes out of 64 bits.
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
        """Bytes in use, those of repeats included."""
        return (12 + 8 * len(self._sums)) * self._n

    def add(self, codes: Codes, values: Values, *sums: Values) -> None:
        """Put pairs in, with the high and low sums of their amounts; those already there stay."""
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

    def add_column(self, codes: Codes, rows: Rows, layout: Layout, pieces: Pieces) -> None:
        """Put in the orders among waiting rows: the rows' customers have `codes`."""
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
        """Whether pairs have come since repeats were last taken out."""
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

    def entries(self) -> tuple[Codes, Values]:
        """All pairs, in the order in which they first came."""
        self.settle()
        return self._codes.array[: self._n], self._values.array[: self._n]

    def sums(self) -> tuple[Values, Values]:
        """Return the high and low sums of all `entries`."""
        self.settle()
        high, low = self._sums
        return high.array[: self._n], low.array[: self._n]

    def counts(self, n_customers: int) -> npt.NDArray[np.int64]:
        """How many pairs each customer code has, `int64[n_customers]`."""
        counts = np.zeros(n_customers, np.int64)
        count_codes(self.entries()[0], counts)
        return counts

    def _room(self) -> int:
        """Make room for at least one more; return how many pairs there may be."""
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
    """Move those pairs of `first:last` to `n:` that are not among `:n`; return how many are now.

    Where pairs have sums, those of repeats are added to those of the pair that they repeat. The
    first `n_distinct` pairs are known to differ, and are not compared.
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
    """Append the purchases with an order id until `room` are there; return how many are.

    A pair is the customer's code and the value of `column`, or for a negative `column` the number
    of the row. One that equals the pair before is left out: lines of one order often stand
    together. `at` is `int64[3]`, piece, row and place among `codes` to go on from, moved on.
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
            # Written in any case and counted or not: a branch that nobody can foretell costs more.
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
