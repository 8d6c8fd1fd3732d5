"""Standard errors and correlations of estimates, from the Hessian at the maximum."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from rfm_engine.clv.likelihood import Floats
from rfm_engine.clv.steps import Curvature
from rfm_engine.kernels.types import Mask


class Uncertainty(NamedTuple):
    """How well data determine the logs of parameters.

    Attributes
    ----------
    errors
        Standard errors; None for parameters that are held at a limit, and for all if the function
        has no clear maximum.
    correlations
        Correlations of the estimates; None where an error is None.
    """

    errors: tuple[float | None, ...]
    correlations: tuple[tuple[float | None, ...], ...]

    @classmethod
    def of(cls, hessian: Floats, held: Mask) -> Uncertainty:
        """Invert minus the Hessian by the logs, without the parameters that are held."""
        free = np.flatnonzero(~held).tolist()
        k = len(held)
        errors: list[float | None] = [None] * k
        correlations: list[list[float | None]] = [[None] * k for _ in range(k)]
        curvature = Curvature.of(hessian, ~held)
        if curvature.is_definite:
            covariance = (curvature.vectors / curvature.values) @ curvature.vectors.T
            for i, place in enumerate(free):
                errors[place] = math.sqrt(covariance[i, i])
                for j, other in enumerate(free):
                    size = math.sqrt(covariance[i, i] * covariance[j, j])
                    correlations[place][other] = float(covariance[max(i, j), min(i, j)] / size)
        return cls(tuple(errors), tuple(map(tuple, correlations)))
