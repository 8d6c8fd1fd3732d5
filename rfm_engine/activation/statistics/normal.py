"""The normal distribution."""

from __future__ import annotations

from math import erfc, sqrt
from statistics import NormalDist

_STANDARD = NormalDist()


def quantile(p: float) -> float:
    """Return the value that a standard normal number exceeds with probability `1 - p`."""
    return _STANDARD.inv_cdf(p)


def two_sided(z: float) -> float:
    """Return the probability of a standard normal number at least as far from 0 as `z`."""
    return erfc(abs(z) / sqrt(2))


def chi_square_tail(x: float) -> float:
    """Return the probability of at least `x` by the chi-square distribution with 1 degree."""
    return erfc(sqrt(x / 2))
