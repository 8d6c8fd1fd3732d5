"""Amounts per customer and day, for statistics of repeat purchases.

The first day with a purchase is only known at the end, so all days are kept. Purchases and refunds
of a day are kept separately, because refunds do not make a day count.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import frozen
from rfm_engine.kernels.types import Codes, Integers
from rfm_engine.orders.hashing import HashKey
from rfm_engine.orders.time.clock import local_days
from rfm_engine.orders.time.zones import Zone
from rfm_engine.totals.buffer.narrow_rows import Fields, amount_of, time_of
from rfm_engine.totals.buffer.rows import Pieces, Waiting
from rfm_engine.totals.tables.pairs import Pairs


class DayEntries(NamedTuple):
    """The customer's row; twice the day, plus 1 for refunds; high and low sums of the amounts."""

    rows: npt.NDArray[np.uint32]
    values: Integers
    high: Integers
    low: Integers

    def take(self, places: npt.NDArray[np.intp]) -> DayEntries:
        """Return some entries."""
        rows, values, high, low = self
        return DayEntries(rows[places], values[places], high[places], low[places])


class Repeats(NamedTuple):
    """First and last day with a purchase, number of such days, and amount of the later days.

    Days are counted from 1970. The amount is that of all days after the first day with a purchase,
    `high * 2^32 + low`.
    """

    first_day: npt.NDArray[np.int32]
    last_day: npt.NDArray[np.int32]
    n_days: npt.NDArray[np.int32]
    later_high: Integers
    later_low: Integers

    def take(self, rows: npt.NDArray[np.intp] | slice) -> Repeats:
        """Return some of the customers."""
        first, last, n_days, high, low = self
        return Repeats(first[rows], last[rows], n_days[rows], high[rows], low[rows])


class DailySums:
    """Amounts per customer and local day."""

    def __init__(self, key: HashKey, zone: Zone) -> None:
        self._zone = zone
        self._pairs = Pairs(key, sums=True)

    @property
    def nbytes(self) -> int:
        """Bytes in memory."""
        return self._pairs.nbytes

    def add(self, codes: Codes, waiting: Waiting, pieces: Pieces) -> None:
        """Add buffered rows; `codes` are the codes of their customers."""
        times, amounts = np.empty(pieces.n_rows, np.int64), np.empty(pieces.n_rows, np.int64)
        fields = Fields.of(narrow=waiting.layout.narrow)
        read_rows(waiting.rows, pieces, fields, times, amounts)
        days = local_days(frozen(times), self._zone).astype(np.int64)
        self._pairs.add(codes, days << 1 | (amounts < 0), amounts >> 32, amounts & 0xFFFFFFFF)

    def absorb(self, codes: Codes, entries: DayEntries) -> None:
        """Add other entries; `codes` are the codes of their customers here."""
        self._pairs.add(codes, entries.values, entries.high, entries.low)

    @property
    def has_repeats(self) -> bool:
        """Whether some entries may exist twice."""
        return self._pairs.has_repeats

    def settle(self) -> None:
        """Combine repeated entries."""
        self._pairs.settle()

    def entries(self) -> DayEntries:
        """Return all days."""
        return DayEntries(*self._pairs.entries(), *self._pairs.sums())


def joined_repeats(repeats: Sequence[Repeats]) -> Repeats:
    """Concatenate customers; `repeats` must not be empty."""
    first, last, n_days, high, low = (
        np.concatenate(column) for column in zip(*repeats, strict=True)
    )
    return Repeats(first, last, n_days, high, low)


def repeats_of(entries: DayEntries, n_customers: int) -> Repeats:
    """Aggregate the days of each customer; all values are 0 without a purchase."""
    first, last, n_days = (np.zeros(n_customers, np.int32) for _ in range(3))
    high, low = np.zeros(n_customers, np.int64), np.zeros(n_customers, np.int64)
    repeats = Repeats(first, last, n_days, high, low)
    rows, values, entry_high, entry_low = entries
    add_up_days(
        DayEntries(frozen(rows), frozen(values), frozen(entry_high), frozen(entry_low)), repeats
    )
    return repeats


@kernel
def read_rows(rows, pieces, fields, times, amounts):
    """Copy the time and amount of each row, in the order of the pieces."""
    place = 0
    for piece in range(len(pieces.starts)):
        for i in range(pieces.starts[piece], pieces.ends[piece]):
            times[place] = time_of(rows, i, fields)
            amounts[place] = amount_of(rows, i, fields)
            place += 1


@kernel
def add_up_days(entries, repeats):
    """Find the days with purchases, then add up the amounts of all days after the first one."""
    codes, values = entries.rows, entries.values
    first_day, last_day, n_days = repeats.first_day, repeats.last_day, repeats.n_days
    for i in range(len(codes)):
        if values[i] & 1 == 0:
            code = codes[i]
            day = values[i] >> 1
            fresh = n_days[code] == 0
            first_day[code] = day if fresh else min(np.int64(first_day[code]), day)
            last_day[code] = day if fresh else max(np.int64(last_day[code]), day)
            n_days[code] += 1
    for i in range(len(codes)):
        code = codes[i]
        if n_days[code] > 0 and values[i] >> 1 > first_day[code]:
            repeats.later_high[code] += entries.high[i]
            repeats.later_low[code] += entries.low[i]
