"""Split the days of customers: those until the fit as known then, and later ones as known later."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import frozen
from rfm_engine.kernels.types import Integers, Mask, Places
from rfm_engine.orders.hashing import HashKey
from rfm_engine.totals.records import LIMIT
from rfm_engine.totals.tables.contents import Contents
from rfm_engine.totals.tables.day_totals import DayEntries, repeats_of
from rfm_engine.totals.tables.net_counts import days_that_count


class Bounds(NamedTuple):
    """The last day of the fit and of the holdout, in days from 1970, and the days between them."""

    fit_as_of_day: int
    as_of_day: int

    @property
    def days(self) -> int:
        """The length of the holdout."""
        return self.as_of_day - self.fit_as_of_day


class DaySums(NamedTuple):
    """Per customer, a number of days and a net amount, `high * 2^32 + low`; `int64[n]` each."""

    n_days: Integers
    high: Integers
    low: Integers

    @classmethod
    def of(cls, entries: DayEntries, since: int, n_customers: int) -> DaySums:
        """Add up all amounts, and count the days with a purchase from a day on."""
        sums = cls(*(np.zeros(n_customers, np.int64) for _ in range(3)))
        add_up_since(entries, since, sums)
        return sums


class SplitCustomers(NamedTuple):
    """Some of the customers of `Holdout`: their columns there, and their rows in the contents.

    Attributes
    ----------
    n_later
        Customers who have an order at the end, but had none at the day of the fit.
    daily
        Repeat days on each day from the first one until the end of the holdout.
    faulty
        A row whose amounts have too many digits, or -1.
    """

    rows: Places
    columns: tuple[Integers, ...]
    n_later: int
    daily: Integers
    faulty: int


def split_customers(contents: Contents, bounds: Bounds, key: HashKey) -> SplitCustomers:
    """Split the customers of a partition; `key` is that of their hash tables."""
    n = len(contents.records)
    until, later, has_order = _sides(contents, bounds, key)
    repeats = repeats_of(until, n)
    known = repeats.n_days > 0
    rows = np.flatnonzero(known)
    before = DaySums.of(until, bounds.fit_as_of_day - bounds.days + 1, n)
    after = DaySums.of(later, bounds.fit_as_of_day + 1, n)
    base = int(repeats.first_day[rows].min(initial=bounds.as_of_day + 1))
    daily = np.zeros(bounds.as_of_day + 1 - base, np.int64)
    for entries in (until, later):
        count_repeat_days(entries, frozen(repeats.first_day), frozen(repeats.n_days), base, daily)
    first, last = (each[rows].astype(np.int64) for each in (repeats.first_day, repeats.last_day))
    halves = (
        (repeats.later_high, repeats.later_low), (before.high, before.low), (after.high, after.low)
    )  # fmt: skip
    is_faulty = np.zeros(len(rows), np.bool_)
    s, monetary, revenue = (_minor(high[rows], low[rows], is_faulty) for high, low in halves)
    columns = (
        repeats.n_days[rows].astype(np.int64) - 1, last - first, bounds.fit_as_of_day - first,
        s, monetary, after.n_days[rows], revenue, before.n_days[rows],
    )  # fmt: skip
    faulty = int(rows[is_faulty.argmax()]) if is_faulty.any() else -1
    return SplitCustomers(rows, columns, int((has_order & ~known).sum()), daily, faulty)


def _sides(contents: Contents, bounds: Bounds, key: HashKey) -> tuple[DayEntries, DayEntries, Mask]:
    """Return the days until the fit, the later ones, and who has an order at the end.

    Whether an order counts depends on all of its rows, so that with net amounts of orders the days
    until the fit are made from the rows until then.
    """
    n, cal = len(contents.records), bounds.fit_as_of_day
    if contents.net is not None:
        assert contents.net.marks is not None
        then = contents.net.take(np.flatnonzero(contents.net.marks >> 1 <= cal))
        until, now = days_that_count(then, n, key), days_that_count(contents.net, n, key)
    else:
        assert contents.days is not None
        now = contents.days
        until = now.take(np.flatnonzero(now.values >> 1 <= cal))
    has_order = np.zeros(n, np.bool_)
    has_order[now.rows[now.values & 1 == 0]] = True
    later = now.take(np.flatnonzero(now.values >> 1 > cal))
    return _read_only(until), _read_only(later), has_order


def _read_only(entries: DayEntries) -> DayEntries:
    rows, values, high, low = entries
    return DayEntries(frozen(rows), frozen(values), frozen(high), frozen(low))


def _minor(high: Integers, low: Integers, is_faulty: Mask) -> Integers:
    """Return `high * 2^32 + low`, and mark the amounts of more than 18 digits."""
    top = high + (low >> 32)
    amounts = (top << 32) + (low & 0xFFFFFFFF)
    is_faulty |= (top < -(1 << 31)) | (top >= 1 << 31) | (amounts >= LIMIT) | (amounts <= -LIMIT)
    return amounts


@kernel
def add_up_since(entries, since, sums):
    """Add the amount of each day to `sums`, and count the days from `since` with a purchase."""
    for i in range(len(entries.rows)):
        row = entries.rows[i]
        value = entries.values[i]
        sums.high[row] += entries.high[i]
        sums.low[row] += entries.low[i]
        sums.n_days[row] += (value & 1 == 0) & (value >> 1 >= since)


@kernel
def count_repeat_days(entries, first_day, n_days, base, daily):
    """Count the days with a purchase after the first day, per day from `base`, `int64[days]`.

    Customers with `n_days` 0 do not count.
    """
    for i in range(len(entries.rows)):
        row = entries.rows[i]
        day = entries.values[i] >> 1
        if entries.values[i] & 1 == 0 and n_days[row] > 0 and day > first_day[row]:
            daily[day - base] += 1
