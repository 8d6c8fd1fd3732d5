"""The statistics of customer lifetime value models: repeat purchases and their times.

The definitions are those of Fader, Hardie and Lee (2005), lifetimes and PyMC-Marketing, per day:
`x` is the number of days with a purchase after the first one, `t_x` is the time from the first to
the last of these days, `T` is the time from the first day to the date of analysis, and `zbar` is
the mean net amount of the repeat days.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfm_engine.kernels.arrays import arrow
from rfm_engine.options.scoring import ClvUnit
from rfm_engine.totals.tables.day_totals import Repeats

UNIT_DAYS: dict[ClvUnit, int] = {"D": 1, "W": 7}
CLV_FIELDS = [
    pa.field("x", pa.int64()),
    pa.field("t_x", pa.float64()),
    pa.field("T", pa.float64()),
    pa.field("zbar", pa.float64()),
]
# Floats represent integers of this many bits exactly.
_WHOLE_BITS = 53
_HALF_WORD = 32


def clv_columns(repeats: Repeats, as_of_day: int, unit: ClvUnit, scale: int) -> list[pa.Array[Any]]:
    """Return the columns of `CLV_FIELDS`; times are days divided by the days of the unit."""
    days = UNIT_DAYS[unit]
    x = repeats.n_days.astype(np.int64) - 1
    return [
        arrow(x),
        arrow((repeats.last_day - repeats.first_day) / days),
        arrow((as_of_day - repeats.first_day) / days),
        arrow(_means(repeats.later_high, repeats.later_low, x, scale)),
    ]


def _means(
    high: npt.NDArray[np.int64], low: npt.NDArray[np.int64], n: npt.NDArray[np.int64], scale: int
) -> npt.NDArray[np.float64]:
    """Return the floats nearest to `(high * 2^32 + low) / (n * 10^scale)`, 0 where n is 0."""
    found = np.zeros(len(n))
    # Below these limits, floats represent both numbers exactly, so that division rounds only once.
    few = n < (1 << _WHOLE_BITS) // 5**scale
    small = np.abs(high + (low >> _HALF_WORD)) < 1 << (_WHOLE_BITS - _HALF_WORD - 1)
    exact = (n > 0) & few & small
    amounts = (high << _HALF_WORD) + low
    np.divide(amounts, n * 10.0**scale, out=found, where=exact)
    for i in np.flatnonzero((n > 0) & ~exact).tolist():
        amount = (int(high[i]) << _HALF_WORD) + int(low[i])
        found[i] = amount / (int(n[i]) * 10**scale)
    return found
