"""The periods between the dates of analysis and the starts of their windows.

Rows are split by period, so that the rows of each date are those of consecutive periods.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import frozen
from rfm_engine.kernels.types import Instants, Integers, Marks, Positions
from rfm_engine.orders.judge import COUNTED, REASONS, REFUND_DROPPED
from rfm_engine.orders.reading import Reading
from rfm_engine.orders.time.clock import DAY_US


class Periods(NamedTuple):
    """Consecutive periods, and those of each date.

    Attributes
    ----------
    last_us
        The last microsecond of each period in local time, ascending. A period begins where the one
        before it ends; the first one has no beginning.
    of_dates
        The numbers of the periods of each date.
    """

    last_us: Instants
    of_dates: tuple[range, ...]

    @classmethod
    def of(cls, readings: Sequence[Reading]) -> Periods:
        """Return the periods of readings that have a date of analysis each."""
        days = [_days_of(reading) for reading in readings]
        ends = sorted({day for both in days for day in both if day is not None})
        spans = []
        for before, last in days:
            first = 0 if before is None else bisect_left(ends, before) + 1
            spans.append(range(first, bisect_left(ends, last) + 1))
        return cls(frozen((np.array(ends, np.int64) + 1) * DAY_US - 1), tuple(spans))

    @property
    def n(self) -> int:
        """The number of periods."""
        return len(self.last_us)

    def last_dates(self) -> list[int]:
        """Return the number of the last date that each period belongs to; -1 if there is none."""
        last = [-1] * self.n
        for number, span in enumerate(self.of_dates):
            last[span.start : span.stop] = [number] * len(span)
        return last

    def of_rows(self, clock: Instants) -> Positions:
        """Return the period of each row, given its local time; `n` if it is after all periods."""
        periods = np.empty(len(clock), np.uint32)
        find_periods(frozen(clock), self.last_us, periods)
        return frozen(periods)

    def tally(self, periods: Positions, reason: Marks) -> Integers:
        """Count rows that have a day within the dates by period and reason, `int64[n, reasons]`."""
        counts = np.zeros((self.n + 1, len(REASONS)), np.int64)
        tally_periods(periods, frozen(reason), counts)
        return counts[: self.n]


def _days_of(reading: Reading) -> tuple[int | None, int]:
    """Return the day before the window, and the date of analysis."""
    assert reading.as_of_day is not None
    before = None if reading.first_day is None else reading.first_day - 1
    return before, reading.as_of_day


@kernel
def find_periods(clock, last_us, periods):
    """Fill `periods` with the number of the first period that ends at or after each time.

    Rows often have the period of the row before, so that is tried first.
    """
    n = len(last_us)
    period = 0
    for i in range(len(clock)):
        time = clock[i]
        begins_later = period > 0 and time <= last_us[period - 1]
        ends_earlier = period < n and time > last_us[period]
        if begins_later or ends_earlier:
            low = 0
            high = n
            while low < high:
                middle = (low + high) >> 1
                if last_us[middle] < time:
                    low = middle + 1
                else:
                    high = middle
            period = low
        periods[i] = period


@kernel
def tally_periods(periods, reason, counts):
    """Count each row at `counts[period, reason]` whose reason does not come before its day."""
    for i in range(len(reason)):
        why = reason[i]
        if why == COUNTED or why >= REFUND_DROPPED:
            counts[periods[i], why] += 1


@kernel
def sort_by_period(periods, reason, next_place, places):
    """Write the numbers of the counted rows to `places`, sorted by period.

    Period `p` begins at `next_place[p]`.
    """
    for i in range(len(reason)):
        if reason[i] == COUNTED:
            period = periods[i]
            places[next_place[period]] = i
            next_place[period] += 1
