"""What Pareto/NBD predicts about customers.

Whether a customer is alive: Schmittlein, Morrison and Colombo (1987), with the integrals of
`pareto_integrals`. Expected orders: Fader and Hardie (2005), "A Note on Deriving the Pareto/NBD
Model and Related Expressions".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from rfm_engine.clv.forecast import Schedule
from rfm_engine.clv.likelihood import Floats
from rfm_engine.clv.pareto_alive import BLOCK_DAYS, AliveTables, Histories, write_alive
from rfm_engine.clv.pareto_chances import fill_chances, fill_orders, mark_pairs, write_chances
from rfm_engine.clv.pareto_days import Days
from rfm_engine.clv.pareto_integrals import PIECE_RULE
from rfm_engine.clv.pareto_sums import ParetoParameters
from rfm_engine.clv.triples import Triples
from rfm_engine.kernels.arrays import frozen
from rfm_engine.kernels.types import Integers
from rfm_engine.orders.workers import Workers

_ROWS = 1 << 16
# Pairs of x and T in a table: 32 MB.
_MOST_PAIRS = 1 << 22


class ParetoForecast:
    """The predictions of Pareto/NBD with given parameters; see `rfm_engine.clv.forecast`.

    Parameters
    ----------
    parameters
        `r, alpha, s, beta`; alpha and beta are in days.
    threads
        Number of threads. It does not change results.
    """

    def __init__(self, parameters: Sequence[float], *, threads: int) -> None:
        self._parameters = ParetoParameters(*map(float, parameters))
        self._threads = threads
        self._tables = AliveTables.none()
        self._days = self._days_until(0)

    def prepare(self, triples: Triples) -> None:
        """Make the tables that `p_alive` needs for customers with these histories.

        Without them `p_alive` returns the same bits, but it takes 20 us per customer or more.
        """
        self._days = self._days_until(int(triples.T.max(initial=0)))
        with Workers(self._threads) as pool:
            self._tables = AliveTables.of(self._parameters, self._days, triples, pool)

    def p_alive(self, x: Integers, t_x: Integers, T: Integers) -> Floats:  # noqa: N803
        """Return the probability that each customer has not left yet.

        A customer who is alive may still leave before the next order; see `p_order`.
        """
        days, tables = self._days, self._tables
        n_days = int(T.max(initial=0)) + 1
        if n_days > days.n_days:
            days = self._days_until(n_days)

        def fill(rows: slice, found: Floats) -> None:
            histories = Histories(*(frozen(column[rows]) for column in (x, t_x, T)))
            place, scratch = 0, np.empty((2, BLOCK_DAYS))
            while place < len(found):
                place = write_alive(
                    self._parameters, days, PIECE_RULE, tables, histories, place, *scratch, found
                )

        return self._filled(len(x), fill)

    def orders(self, x: Integers, T: Integers, days: int) -> Floats:  # noqa: N803
        """Return the expected orders in the next `days`, if the customer is alive now."""
        ends = np.arange(int(T.max(initial=0)) + 1)
        found: Floats = (self._parameters.r + x) * self._orders(ends, np.full(len(ends), days))[T]
        return found

    def discounted(self, x: Integers, T: Integers, schedule: Schedule) -> Floats:  # noqa: N803
        """Return the sum of orders within the horizons of a schedule, times their weights."""
        ends = np.arange(int(T.max(initial=0)) + 1)
        total = np.zeros(len(ends))
        for days, weight in schedule:
            total += weight * self._orders(ends, np.full(len(ends), days))
        found: Floats = (self._parameters.r + x) * total[T]
        return found

    def p_order(self, x: Integers, T: Integers, days: int) -> Floats:  # noqa: N803
        """Return the probability of an order in the next `days`, if the customer is alive now."""
        common = self._parameters, PIECE_RULE, float(days)
        width = int(T.max(initial=0)) + 1
        n_x = min(min(_MOST_PAIRS, len(x)) // width, int(x.max(initial=-1)) + 1)
        is_used, chances = np.zeros((n_x, width), np.bool_), np.empty((n_x, width))
        mark_pairs(frozen(x), frozen(T), is_used)

        def fill(rows: slice, found: Floats) -> None:
            place, own = 0, [frozen(column[rows]) for column in (x, T)]
            while place < len(found):
                place = write_chances(*common, chances, *own, place, found)

        with Workers(self._threads) as pool:
            list(pool.map(lambda k: fill_chances(*common, k, is_used[k], chances[k]), range(n_x)))
        return self._filled(len(x), fill)

    def new_orders(self, days: Integers) -> Floats:
        """Return the expected orders of a new customer within each number of days."""
        return self._parameters.r * self._orders(np.zeros(len(days), np.int64), days)

    def _orders(self, T: Integers, horizons: Integers) -> Floats:  # noqa: N803
        """Return the expected orders of customers who are alive, per unit of `r + x`."""
        found = np.empty(len(T))
        fill_orders(self._parameters, frozen(T), frozen(horizons), found)
        return found

    def _days_until(self, T: int) -> Days:  # noqa: N803
        """Return tables of the days of all blocks until T."""
        n_days = (T // BLOCK_DAYS + 1) * BLOCK_DAYS
        return Days.of(self._parameters.alpha, self._parameters.beta, n_days, shares=False)

    def _filled(self, n_rows: int, fill: Callable[[slice, Floats], None]) -> Floats:
        """Return an array that threads fill by parts, `float64[n_rows]`."""
        found = np.empty(n_rows)
        parts = [slice(start, start + _ROWS) for start in range(0, n_rows, _ROWS)]
        with Workers(self._threads) as pool:
            list(pool.map(lambda part: fill(part, found[part]), parts))
        return found
