"""Day detail: the rows of a rolling history, and how the rows of a window are added up.

There are three kinds of rows: the purchases of one customer on one local day; the refunds of that
day, which do not make it a day of purchase; and a pair of days on which the same orders have lines.
Such orders count once in a window that contains both days, so the pair corrects their number.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import frozen
from rfm_engine.kernels.types import Integers
from rfm_engine.state.merge import NO_DAYS, Rows, first_rows
from rfm_engine.totals.records import HeldRecords
from rfm_engine.totals.tables.day_totals import Repeats
from rfm_engine.totals.tables.measures import ONE_CARRY, carry_of

_SPAN_BITS = 23
"""Bits for the number of days from one day to another, in the years 1 to 9999."""
SPAN_MASK = (1 << _SPAN_BITS) - 1
DAY_SHIFT = _SPAN_BITS + 1
"""The bit at which the day begins in a word."""


class Days(NamedTuple):
    """The day of each row since 1970, its last day, and whether it is a row of refunds."""

    day: Integers
    until: Integers
    refunds: npt.NDArray[np.bool_]


class Window(NamedTuple):
    """The days from `first_day` to `last_day`; with `by_days`, frequency counts days."""

    first_day: int
    last_day: int
    by_days: bool


def day_words(day: Integers, until: Integers, refunds: npt.NDArray[np.bool_]) -> Integers:
    """Pack the days of each row into one integer, which sorts in the order of the days."""
    return day << DAY_SHIFT | (until - day) << 1 | refunds


def first_word(day: int) -> int:
    """Return the smallest word of a day."""
    return day << DAY_SHIFT


def days_of(words: Integers) -> Days:
    """Unpack the integers of `day_words`."""
    day = words >> DAY_SHIFT
    span = (words >> 1) & SPAN_MASK
    return Days(day, day + span, (words & 1).astype(np.bool_))


def held_in(rows: Rows, window: Window, *, repeats: bool) -> HeldRecords:
    """Add up the rows of each customer within a window; with `repeats`, also its days."""
    n = rows.n
    changed = first_rows(rows.keys)
    n_most = int(changed.sum())
    at = np.empty(n_most, np.int64)
    records = np.zeros((n_most, 4), np.int64)
    first_day, last_day, n_days = (np.zeros(n_most, np.int32) for _ in range(3))
    high, low = np.zeros(n_most, np.int64), np.zeros(n_most, np.int64)
    days = Repeats(first_day, last_day, n_days, high, low)
    columns = frozen(changed), frozen(rows.days), frozen(rows.records)
    n = int(add_up(*columns, window, at, records, days))
    keys = rows.keys.take(at[:n])
    days = days.take(slice(n))
    return HeldRecords(lambda: keys, records[:n], NO_DAYS, n, days if repeats else None)


@kernel
def add_up(changed, words, rows, window, at, records, repeats):
    """Fill the records and days of each customer with rows in the window; return their number.

    `at` receives the index of a row of each customer. A pair of days is in the window if both days
    are.
    """
    first_day, last_day, n_days = repeats.first_day, repeats.last_day, repeats.n_days
    half = ONE_CARRY >> 1
    n = -1
    fresh = True
    for i in range(len(words)):
        if changed[i]:
            fresh = True
        day = words[i] >> DAY_SHIFT
        until = day + ((words[i] >> 1) & SPAN_MASK)
        if day < window.first_day or until > window.last_day:
            continue
        if fresh:
            n += 1
            at[n] = i
            fresh = False
        amount, before = rows[i, 3], records[n, 3]
        count = rows[i, 2]
        is_purchase = words[i] & 1 == 0 and until == day
        if window.by_days:  # Keep the carry, and count one per day of purchase.
            count -= ((count + half) & (ONE_CARRY - 1)) - half
            count += is_purchase
        records[n, 0] = max(records[n, 0], rows[i, 0])
        records[n, 1] = max(records[n, 1], rows[i, 1])
        records[n, 2] += count + carry_of(before, amount)
        records[n, 3] = before + amount
        if is_purchase:
            first_day[n] = day if n_days[n] == 0 else first_day[n]
            last_day[n] = day
            n_days[n] += 1
        if n_days[n] > 0 and day > first_day[n]:
            carried = (rows[i, 2] + half) // ONE_CARRY
            repeats.later_high[n] += (amount >> 32) + carried * (np.int64(1) << np.int64(32))
            repeats.later_low[n] += amount & np.int64(0xFFFFFFFF)
    return n + 1
