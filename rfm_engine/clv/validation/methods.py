"""Simple ways to predict, beside the model: a model that loses against them is of no use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from rfm_engine.clv.likelihood import Floats
from rfm_engine.clv.sums import whole_sum
from rfm_engine.clv.validation.holdout import Holdout
from rfm_engine.clv.validation.predictions import Predictions
from rfm_engine.kernels.types import Integers


class Method(NamedTuple):
    """A way to predict the order days and the net amount of each customer in the holdout.

    Attributes
    ----------
    name
        As in the table of the validation.
    orders, revenue
        Predictions, `float64[n]`, revenue in minor units; None if the method only ranks customers,
        or if the data are too short for it.
    scores
        Ranks customers by orders; the same as `orders`, if these exist.
    revenue_scores
        Ranks customers by revenue.
    p_order
        The probability of an order, `float64[n]`; None if the method has none.
    """

    name: str
    orders: Floats | None
    revenue: Floats | None
    scores: Floats | Integers | None
    revenue_scores: Floats | Integers | None
    p_order: Floats | None = None

    @classmethod
    def predicting(
        cls, name: str, orders: Floats, value: Floats, p_order: Floats | None = None
    ) -> Method:
        """Return a method that predicts orders, each of them with the value of the customer."""
        revenue = orders * value
        return cls(name, orders, revenue, orders, revenue, p_order)

    @classmethod
    def ranking(cls, name: str, scores: Integers | None) -> Method:
        """Return a method that ranks customers, or cannot because there are no scores."""
        return cls(name, None, None, scores, scores)


def methods_of(holdout: Holdout, predictions: Predictions) -> Iterator[Method]:
    """Yield the model, then the heuristics, one after the other to save memory.

    - `model`: the predictions.
    - `rate`: repeat days go on at the rate of the past, `x * days / T`; 0 on the first day.
    - `same_again`: as many order days as in the last `days` days. It has no values if the data do
      not go back so far.
    - `mean`: the actual mean of the holdout for all. It knows the total, but no customer.
    - `recency`: ranked by the last order day.
    - `spend_to_date`: ranked by the net amount until the day of the fit.

    The heuristics know no model of values: an order of a customer is worth the mean amount of its
    repeat days, or, without these, the amount of its first day.
    """
    orders, p_order, value, _ = predictions
    yield Method.predicting("model", orders, value, p_order)
    own = np.maximum(np.where(holdout.x > 0, holdout.s, holdout.monetary), 0)
    value = own / np.maximum(holdout.x, 1)
    rate = holdout.x * float(holdout.days) / np.maximum(holdout.T, 1)
    yield Method.predicting("rate", rate, value)
    if holdout.first_day <= holdout.fit_as_of_day - holdout.days + 1:
        yield Method.predicting("same_again", holdout.previous.astype(np.float64), value)
    else:
        yield Method.ranking("same_again", None)
    mean = whole_sum(holdout.orders) / holdout.n_customers
    yield Method.predicting("mean", np.full(holdout.n_customers, mean), value)
    yield Method.ranking("recency", holdout.t_x - holdout.T)
    yield Method.ranking("spend_to_date", holdout.monetary)
