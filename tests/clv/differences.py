"""Compare derivatives with differences."""

from __future__ import annotations

import numpy as np


def assert_derivatives(likelihood, parameters):
    """Check gradient and Hessian of a likelihood against differences of fourth order."""
    here = likelihood.at(parameters)
    scale = np.array(parameters)
    gradient, hessian = here.gradient * scale, here.hessian * np.outer(scale, scale)
    # Differences lose the digits in which the terms of a likelihood exceed their sum.
    lost = 1e-9 * max(np.abs(hessian).max(), np.abs(gradient).max(), abs(here.value), 1e-3)
    for i, p in enumerate(parameters):
        steps = {k: 1e-3 * k * p for k in (-2, -1, 1, 2)}
        at = {k: likelihood.at(moved(parameters, i, step)) for k, step in steps.items()}
        slope = difference({k: each.value for k, each in at.items()})
        assert abs(slope - gradient[i]) <= 1e-6 * abs(gradient[i]) + lost
        slopes = difference({k: each.gradient for k, each in at.items()}) * scale
        assert (np.abs(slopes - hessian[i]) <= 1e-6 * np.abs(hessian[i]) + lost).all()


def moved(parameters, i, step):
    return [p + step * (i == j) for j, p in enumerate(parameters)]


def difference(at):
    """Return the derivative by the log of a parameter from values at -2, -1, 1 and 2 steps."""
    return (at[-2] - 8 * at[-1] + 8 * at[1] - at[2]) / (12 * 1e-3)
