"""Compare the shares of two groups: the interval of Newcombe, and a test."""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

from rfm_engine.activation.statistics import normal
from rfm_engine.insight.statistics import wilson


class RateDifference(NamedTuple):
    """The share of the treated customers minus that of the held-out ones.

    Attributes
    ----------
    difference, low, high
        The difference and its 95% interval (Newcombe 1998, hybrid score).
    z, p
        The pooled test of two shares; None if all customers or none have what is counted.
    variance
        The variance of the difference, from each share by itself.
    """

    difference: float
    low: float
    high: float
    z: float | None
    p: float | None
    variance: float


def rate_difference(part: int, whole: int, part_out: int, whole_out: int) -> RateDifference | None:
    """Compare `part` of `whole` treated customers with those held out.

    Returns None if a group has no customers.

    Examples
    --------
    >>> found = rate_difference(315, 9000, 25, 1000)
    >>> [round(each, 6) for each in found[:5]]
    [0.01, -0.00219, 0.018953, 1.655363, 0.097851]
    """
    bounds, bounds_out = wilson(part, whole), wilson(part_out, whole_out)
    if bounds is None or bounds_out is None:
        return None
    one, other = part / whole, part_out / whole_out
    # From integers, so that equal shares have a difference of exactly 0.
    difference = (part * whole_out - part_out * whole) / (whole * whole_out)
    low = difference - sqrt((one - bounds[0]) ** 2 + (bounds_out[1] - other) ** 2)
    high = difference + sqrt((bounds[1] - one) ** 2 + (other - bounds_out[0]) ** 2)
    variance = part * (whole - part) / whole**3
    variance += part_out * (whole_out - part_out) / whole_out**3
    together, n = part + part_out, whole + whole_out
    spread = together * (n - together)
    if not spread:
        return RateDifference(difference, low, high, None, None, variance)
    z = difference / sqrt(spread / (n * n) * (1 / whole + 1 / whole_out))
    return RateDifference(difference, low, high, z, normal.two_sided(z), variance)
