"""Equal histories of repeat purchases become one triple with the number of customers who have it.

Ten million customers have about two million triples, so that a likelihood is evaluated for fewer
histories than there are customers, and in an order that does not depend on that of the customers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from rfm_engine.errors import DataError
from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import frozen
from rfm_engine.kernels.types import Integers
from rfm_engine.options.messages import message
from rfm_engine.orders.reading import day_date
from rfm_engine.totals.tables.day_totals import Repeats

MOST_DAYS = 36_525
"""Days from the first purchase to the date of analysis, at most: a hundred years."""
X_SHIFT = 40
T_SHIFT = 20
# A row takes up to 25 ns where memory is used for the first time.
_CALL_ROWS = 1 << 21
_DAYS = (1 << T_SHIFT) - 1


class Triples(NamedTuple):
    """Distinct histories in the order of x, T and t_x, `int64[n_triples]` each.

    Attributes
    ----------
    x
        Number of days with a purchase after the first one.
    t_x, T
        Days from the first purchase to the last one, and to the date of analysis.
    n
        Number of customers with this history.
    """

    x: Integers
    t_x: Integers
    T: Integers
    n: Integers

    @classmethod
    def of(cls, keys: Sequence[Integers]) -> Triples:
        """Return the distinct histories of customers, given their `keys_of` in parts."""
        together = np.concatenate([np.zeros(0, np.int64), *keys])
        together.sort()
        distinct, counts = np.empty_like(together), np.empty_like(together)
        n = 0
        for start in range(0, len(together), _CALL_ROWS):
            n = count_runs(frozen(together[start : start + _CALL_ROWS]), n, distinct, counts)
        found = distinct[:n]
        times = frozen(found & _DAYS), frozen(found >> T_SHIFT & _DAYS)
        return cls(frozen(found >> X_SHIFT), *times, frozen(counts[:n].copy()))

    @property
    def n_customers(self) -> int:
        """The number of customers."""
        return int(self.n.sum())

    @property
    def n_repeaters(self) -> int:
        """The number of customers with a repeat day."""
        return int(self.n[self.x > 0].sum())


def keys_of(repeats: Repeats, as_of_day: int) -> Integers:
    """Return one integer per customer that contains x, T and t_x, and sorts in this order.

    Raises
    ------
    DataError
        A first purchase is more than a hundred years before the date of analysis.
    """
    if len(repeats.first_day):
        refuse_long_ago(int(repeats.first_day.min()), as_of_day)
    keys = np.empty(len(repeats.n_days), np.int64)
    columns = repeats.first_day, repeats.last_day, repeats.n_days
    pack_histories(*map(frozen, columns), as_of_day, keys)
    return keys


def refuse_long_ago(first_day: int, as_of_day: int) -> None:
    """Refuse a first purchase that is too long before the date; both in days from 1970.

    Raises
    ------
    DataError
        It is more than a hundred years before.
    """
    if as_of_day - first_day > MOST_DAYS:
        raise DataError(
            message(
                "first orders must be at most 100 years before {as_of}; got one of {}. Check the "
                "column of times ({time}), or leave such rows out with {where}.",
                day_date(first_day),
            )
        )


@kernel
def pack_histories(first_day, last_day, n_days, as_of_day, keys):
    """Write `x << 40 | T << 20 | t_x` of each customer; times are below 2^20 days."""
    for i in range(len(keys)):
        first = np.int64(first_day[i])
        x = np.int64(n_days[i]) - 1
        keys[i] = x << X_SHIFT | (as_of_day - first) << T_SHIFT | (np.int64(last_day[i]) - first)


@kernel
def count_runs(ascending, n, distinct, counts):
    """Write each distinct value and how often it occurs, after n values before.

    Returns the number of distinct values.
    """
    for i in range(len(ascending)):
        if n > 0 and ascending[i] == distinct[n - 1]:
            counts[n - 1] += 1
        else:
            distinct[n] = ascending[i]
            counts[n] = 1
            n += 1
    return n
