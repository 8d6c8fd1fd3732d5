"""What a likelihood offers to Newton's method: its value and its first and second derivatives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
"""Real numbers: one per row, or a gradient or Hessian."""


class Evaluation(NamedTuple):
    """A log-likelihood at a point, with derivatives by the parameters, not by their logs.

    Attributes
    ----------
    value
        The log-likelihood of all customers, in days and minor units.
    gradient, hessian
        `float64[k]` and `float64[k, k]` for k parameters.
    """

    value: float
    gradient: Floats
    hessian: Floats


class Likelihood(Protocol):
    """The log-likelihood of a model, for fixed customers."""

    @property
    def n_customers(self) -> int:
        """The number of customers."""

    def at(self, parameters: Sequence[float]) -> Evaluation:
        """Evaluate the log-likelihood at positive parameters, in the order of the family."""
