"""Repeat order days per week: what happened, and what a model expects."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from rfm_engine.clv.forecast import Forecast
from rfm_engine.clv.likelihood import Floats
from rfm_engine.clv.validation.holdout import Holdout
from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import arrow, frozen
from rfm_engine.kernels.types import Integers

_WEEK_DAYS = 7
# Each call takes below 100 ms for a century of first days.
_WEEKS_A_CALL = 512


class Weeks(NamedTuple):
    """The weeks of a holdout, and those of the fit before it.

    Attributes
    ----------
    ends
        The last day of each week from 1970, `int64[weeks]`. The first week begins with the first
        order day in the data. The last one ends with the holdout, and may be shorter.
    first_days
        The customers by first order day, from the first order day in the data, `int64[days]`.
    first_day
        The first order day in the data.
    """

    ends: Integers
    first_days: Integers
    first_day: int

    @classmethod
    def of(cls, holdout: Holdout) -> Weeks:
        """Return the weeks from the first order day in the data."""
        first = holdout.first_day
        ends = np.arange(first + _WEEK_DAYS - 1, holdout.as_of_day + _WEEK_DAYS, _WEEK_DAYS)
        n_days = holdout.fit_as_of_day + 1 - first
        first_days = np.bincount(n_days - 1 - holdout.T, minlength=n_days)
        return cls(frozen(np.minimum(ends, holdout.as_of_day)), frozen(first_days), first)


def expected_repeats(holdout: Holdout, weeks: Weeks, forecast: Forecast) -> Floats:
    """Return the expected repeat days of all customers until the end of each week.

    These are the sums over first days of the number of customers times the orders that a new
    customer is expected to make in the days since then (Fader and Hardie 2005).
    """
    ages = np.arange(len(holdout.daily))
    expected = frozen(forecast.new_orders(frozen(ages)))
    found = np.empty(len(weeks.ends))
    for start in range(0, len(found), _WEEKS_A_CALL):
        here = slice(start, start + _WEEKS_A_CALL)
        ends = frozen(weeks.ends[here] - weeks.first_day)
        add_up_expected(weeks.first_days, expected, ends, found[here])
    return found


def tracking(holdout: Holdout, repeats: Floats) -> pa.Table:
    """Return the repeat days per week of the customers of a holdout.

    Parameters
    ----------
    repeats
        The expected repeat days until the end of each week, `float64[weeks]`.

    Returns
    -------
    pyarrow.Table
        `week` int32 (from 1), `last_day` date32, `actual` int64 and `expected` float64 (repeat
        days in the week), `actual_cumulative` int64, `expected_cumulative` float64 (until its end),
        `in_fit` bool (the week is over on the last day of the fit).
    """
    weeks = Weeks.of(holdout)
    cumulative = holdout.daily.cumsum()[weeks.ends - weeks.first_day]
    last_days = arrow(weeks.ends.astype(np.int32), pa.date32())
    return pa.table(
        {
            "week": arrow(np.arange(1, len(repeats) + 1, dtype=np.int32)),
            "last_day": last_days,
            "actual": arrow(np.diff(cumulative, prepend=0)),
            "expected": arrow(np.diff(repeats, prepend=0.0)),
            "actual_cumulative": arrow(cumulative),
            "expected_cumulative": arrow(repeats),
            "in_fit": arrow(weeks.ends <= holdout.fit_as_of_day),
        }
    )


@kernel
def add_up_expected(first_days, expected, ends, found):
    """Write, for each end, the sum over earlier first days of customers times expected orders.

    `expected` is by days since the first day. The order of the sum depends on the days alone.
    """
    for k in range(len(ends)):
        total = 0.0
        for day in range(min(len(first_days), ends[k] + 1)):
            total += first_days[day] * expected[ends[k] - day]
        found[k] = total
