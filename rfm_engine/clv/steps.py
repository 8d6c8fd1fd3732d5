"""Steps of Newton's method: the best one within a radius, by eigenvectors of the Hessian."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from rfm_engine.clv.likelihood import Floats
from rfm_engine.kernels.types import Mask

# Curvatures below this share of those of the same parameters count as this share.
_FLOOR = 1e-9
# A Hessian is definite if its smallest curvature exceeds this share of the largest one.
_DEFINITE = 1e-12
_BISECTIONS = 60


class Step(NamedTuple):
    """A step in the logs of the parameters.

    Attributes
    ----------
    move
        The difference of the logs; 0 for parameters that are held.
    gain
        How much the function grows by the quadratic model.
    is_clipped
        Whether the radius limits the step.
    """

    move: Floats
    gain: float
    is_clipped: bool


class Curvature(NamedTuple):
    """Eigenvalues, ascending, and eigenvectors of minus the Hessian of free parameters."""

    values: Floats
    vectors: Floats

    @classmethod
    def of(cls, hessian: Floats, free: Mask) -> Curvature:
        """Return the curvature in the free parameters."""
        return cls(*np.linalg.eigh(-hessian[np.ix_(free, free)]))

    @property
    def is_definite(self) -> bool:
        """Whether the function has a clear maximum in all directions."""
        values = self.values
        return len(values) == 0 or bool(values[0] > _DEFINITE * max(float(values[-1]), 0.0))


def ascent(gradient: Floats, hessian: Floats, free: Mask, radius: float) -> Step:
    """Return the step that gains most within a radius; at least one parameter is free.

    Curvatures count without sign. A common shift is added to them that shortens the step to the
    radius: Nocedal and Wright, Numerical Optimization (2006), 4.3.
    """
    curvature = Curvature.of(hessian, free)
    of_parameters = np.abs(np.diag(hessian))[free]
    sizes = np.abs(curvature.values)
    sizes = np.maximum(sizes, _FLOOR * (of_parameters @ curvature.vectors**2) + 1e-300)
    along = curvature.vectors.T @ gradient[free]
    shift = 0.0
    is_clipped = _length(along / sizes) > radius
    if is_clipped:
        low, high = 0.0, _length(along) / radius
        for _ in range(_BISECTIONS):
            shift = (low + high) / 2
            if _length(along / (sizes + shift)) > radius:
                low = shift
            else:
                high = shift
        shift = high
    components = along / (sizes + shift)
    move = np.zeros(len(gradient))
    move[free] = curvature.vectors @ components
    gain = float(components @ along - 0.5 * (components * components) @ sizes)
    return Step(move, gain, is_clipped)


def newton_step(gradient: Floats, hessian: Floats, free: Mask) -> Floats | None:
    """Return the step to the maximum of the quadratic model, or None if it has none."""
    curvature = Curvature.of(hessian, free)
    if not curvature.is_definite:
        return None
    move = np.zeros(len(gradient))
    along = curvature.vectors.T @ gradient[free]
    move[free] = curvature.vectors @ (along / curvature.values)
    return move


def _length(vector: Floats) -> float:
    return math.sqrt(float(vector @ vector))
