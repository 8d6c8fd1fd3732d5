"""What an order day of each customer is worth."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np

from rfm_engine.clv.gamma_gamma import expected_value
from rfm_engine.clv.likelihood import Floats
from rfm_engine.kernels.types import Integers


class ValueModel(Protocol):
    """Predicts the amount per order day."""

    def expected(self, x: Integers, s: Integers) -> Floats:
        """Return the expected amount per order day in minor units, `float64[n]`, from 0 on.

        Parameters
        ----------
        x, s
            Repeat days and their net amount in minor units, `int64[n]`.
        """


class GammaGammaValue(NamedTuple):
    """The expectation of the Gamma-Gamma model.

    Attributes
    ----------
    parameters
        p, q, and gamma in minor units.
    sample_mean
        Mean amount per repeat day in minor units, used where the expectation is not finite.
    """

    parameters: tuple[float, float, float]
    sample_mean: float

    def expected(self, x: Integers, s: Integers) -> Floats:
        """Return `p (gamma + max(s, 0)) / (p x + q - 1)`."""
        return expected_value(self.parameters, self.sample_mean, x, s)


class MeanValue(NamedTuple):
    """One mean amount for all customers, if too few have repeat days to fit a model.

    Attributes
    ----------
    mean
        Mean amount per order day in minor units, from 0 on.
    """

    mean: float

    @classmethod
    def of(cls, monetary_minor: int, n_days: int) -> MeanValue:
        """Return the mean of a net amount over order days; 0 if refunds exceed purchases."""
        return cls(max(monetary_minor, 0) / max(n_days, 1))

    def expected(self, x: Integers, s: Integers) -> Floats:  # noqa: ARG002 - the protocol
        """Return the mean."""
        return np.full(len(x), self.mean)
