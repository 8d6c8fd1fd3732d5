"""What a model that was fitted without the holdout predicts about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from rfm_engine.clv.forecast import Forecast
from rfm_engine.clv.likelihood import Floats
from rfm_engine.clv.pairs import Pairs, number_of
from rfm_engine.clv.validation.holdout import Holdout
from rfm_engine.clv.validation.tracking import Weeks, expected_repeats
from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import frozen
from rfm_engine.kernels.types import Integers, Places

ExpectedValue = Callable[[Integers, Integers], Floats]
"""Returns the expected value of an order day in minor units, given `x` and `s` of `Holdout`."""

# A call takes some milliseconds.
_PIECE = 1 << 20


class Predictions(NamedTuple):
    """The predictions for the customers of a holdout.

    Attributes
    ----------
    orders
        Expected order days in the holdout, `float64[n]`.
    p_order
        Probability of an order in the holdout, `float64[n]`.
    value
        Expected net amount of an order day in minor units, `float64[n]`.
    repeats
        Expected repeat days of all customers until the end of each of `Weeks`, `float64[weeks]`.
    """

    orders: Floats
    p_order: Floats
    value: Floats
    repeats: Floats

    @classmethod
    def of(cls, holdout: Holdout, forecast: Forecast, value: ExpectedValue) -> Predictions:
        """Predict with one model for all customers."""
        triples, days = holdout.triples(), holdout.days
        forecast.prepare(triples)
        alive = forecast.p_alive(holdout.x, holdout.t_x, holdout.T)
        pairs, numbers = Pairs.of(triples), np.empty(len(alive), np.int64)
        for start in range(0, len(numbers), _PIECE):
            here = slice(start, start + _PIECE)
            find_pairs(pairs, frozen(holdout.x[here]), frozen(holdout.T[here]), numbers[here])
        return cls(
            alive * forecast.orders(pairs.x, pairs.T, days)[numbers],
            alive * forecast.p_order(pairs.x, pairs.T, days)[numbers],
            value(holdout.x, holdout.s),
            expected_repeats(holdout, Weeks.of(holdout), forecast),
        )

    @classmethod
    def empty(cls, holdout: Holdout) -> Predictions:
        """Return predictions of 0, to which those of groups of customers are added."""
        orders, p_order, value = (np.zeros(holdout.n_customers) for _ in range(3))
        return cls(orders, p_order, value, np.zeros(len(Weeks.of(holdout).ends)))

    def add(self, rows: Places, found: Predictions) -> None:
        """Add the predictions for the customers of a group, given by their rows.

        Add the groups in an order that the data alone decide.
        """
        for column, own in zip(self[:3], found[:3], strict=True):
            column[rows] = own
        self.repeats[:] += found.repeats


@kernel
def find_pairs(pairs, x, T, numbers):  # noqa: N803
    """Write the number of the pair of each customer, `int64[n]`."""
    for i in range(len(numbers)):
        numbers[i] = number_of(pairs, x[i], T[i])
