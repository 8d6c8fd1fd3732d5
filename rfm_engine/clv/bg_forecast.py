"""Predictions of the BG/NBD and MBG/NBD models."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from rfm_engine.clv.bg_discounted import write_discounted
from rfm_engine.clv.bg_orders import Shape, write_alive, write_any_order, write_orders
from rfm_engine.clv.forecast import Schedule
from rfm_engine.clv.likelihood import Floats
from rfm_engine.clv.triples import Triples
from rfm_engine.kernels.arrays import frozen
from rfm_engine.kernels.types import Integers
from rfm_engine.orders.workers import Workers

# Customers per call of a kernel: 90 us each at most for orders, 60 ns for p_alive.
_ORDERS = 1 << 10
# Customers per task for sums of several horizons, which takes 20 ms.
_SUMS = 1 << 14
_ALIVE = 1 << 19


class BgForecast:
    """The predictions of BG/NBD, and of MBG/NBD, where customers may drop out at the first order.

    Parameters
    ----------
    parameters
        r, alpha in days, a, b, within the limits of the fit.
    modified
        True for MBG/NBD.
    threads
        Number of threads for `orders`, `p_order` and `new_orders`. `p_alive` runs in the thread
        that calls it.

    Notes
    -----
    Fader, Hardie and Lee, "Counting your customers" the easy way, Marketing Science 24 (2005);
    Batislam, Denizel and Filiztekin, Empirical validation and comparison of models for customer
    base analysis, International Journal of Research in Marketing 24 (2007).
    """

    def __init__(self, parameters: Sequence[float], *, modified: bool, threads: int) -> None:
        r, alpha, a, b = map(float, parameters)
        self._shape = Shape(r, alpha, a, b, int(modified))
        self._threads = threads

    def prepare(self, triples: Triples) -> None:
        """Do nothing, because no tables are needed."""

    def p_alive(self, x: Integers, t_x: Integers, T: Integers) -> Floats:  # noqa: N803
        """Return the probability that each customer will order again at some time.

        It is 1 for customers without repeat days in BG/NBD. `1 / (1 + exp(u))` for the u of the
        likelihood.
        """
        found = np.empty(len(x))
        for start in range(0, len(x), _ALIVE):
            here = slice(start, start + _ALIVE)
            write_alive(*(frozen(each[here]) for each in (x, t_x, T)), self._shape, found[here])
        return found

    def orders(self, x: Integers, T: Integers, days: int) -> Floats:  # noqa: N803
        """Return the expected order days in the next `days`, if the customer is alive now."""
        return self._written(write_orders, x, T, np.full(len(x), days))

    def discounted(self, x: Integers, T: Integers, schedule: Schedule) -> Floats:  # noqa: N803
        """Return the sum of orders within the horizons of a schedule, times their weights."""
        found = np.empty(len(x))
        days = frozen(np.array([each for each, _ in schedule], np.int64))
        weights = frozen(np.array([weight for _, weight in schedule]))

        def fill(start: int) -> None:
            place, here, terms = 0, slice(start, start + _SUMS), np.empty((4, len(days)))
            own, columns = found[here], [frozen(each[here]) for each in (x, T)]
            while place < len(own):
                place = write_discounted(*columns, days, weights, self._shape, place, terms, own)

        with Workers(self._threads) as pool:
            list(pool.map(fill, range(0, len(x), _SUMS)))
        return found

    def p_order(self, x: Integers, T: Integers, days: int) -> Floats:  # noqa: N803
        """Return the probability of an order in the next `days`, if the customer is alive now.

        `1 - ((alpha + T) / (alpha + T + days))^(r + x)`.
        """
        return self._written(write_any_order, x, T, np.full(len(x), days))

    def new_orders(self, days: Integers) -> Floats:
        """Return the expected order days of a new customer within each number of days."""
        nothing = np.zeros(len(days), np.int64)
        alive = self.p_alive(nothing, nothing, nothing)
        return alive * self._written(write_orders, nothing, nothing, days)

    def _written(
        self,
        write: Callable[..., Any],
        x: Integers,
        T: Integers,  # noqa: N803
        days: Integers,
    ) -> Floats:
        found = np.empty(len(x))

        def piece(start: int) -> None:
            here = slice(start, start + _ORDERS)
            columns = (frozen(each[here]) for each in (x, T, days))
            write(*columns, self._shape, found[here])

        with Workers(self._threads) as pool:
            for _ in pool.map(piece, range(0, len(x), _ORDERS)):
                pass
        return found
