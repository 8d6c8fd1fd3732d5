"""How far predictions are from what customers did."""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

import numpy as np

from rfm_engine.clv.likelihood import Floats
from rfm_engine.clv.sums import float_sum, whole_sum
from rfm_engine.kernels.types import Integers


class Errors(NamedTuple):
    """The errors of predictions, in the unit of the actual values.

    Attributes
    ----------
    predicted
        The sum of all predictions.
    bias
        Predicted sum divided by the actual one, less 1; None if the actual sum is not positive.
    mae, rmse
        Mean absolute error, and root of the mean squared error, per customer.
    """

    predicted: float
    bias: float | None
    mae: float
    rmse: float

    @classmethod
    def of(cls, predicted: Floats, actual: Integers) -> Errors:
        """Compare predictions with actual values of at least one customer, `[n]` both."""
        n, total = len(actual), whole_sum(actual)
        errors = predicted - actual
        found = float_sum(predicted)
        return cls(
            found,
            found / total - 1 if total > 0 else None,
            float_sum(np.abs(errors)) / n,
            sqrt(float_sum(errors * errors) / n),
        )

    def per(self, unit: int) -> Errors:
        """Return the same errors in a unit that is `unit` times as large."""
        return Errors(self.predicted / unit, self.bias, self.mae / unit, self.rmse / unit)


def brier(probabilities: Floats, happened: Integers) -> float:
    """Return the mean squared error of probabilities (Brier 1950).

    `happened` is 1 or 0, `int64[n]`.
    """
    errors = probabilities - happened
    return float_sum(errors * errors) / len(errors)
