"""Tests and intervals of ratios: chi-square, Katz, Wilson, Mantel-Haenszel, Benjamini-Hochberg.

The functions take exact counts and return the nearest floats. Undefined values are None.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import erfc, exp, log, sqrt
from typing import NamedTuple

Z_95 = 1.959963984540054
"""The 97.5% quantile of the normal distribution."""
LEAST_EXPECTED = 5
"""Least expected count of a cell for the chi-square test (Cochran 1954)."""


class Cells(NamedTuple):
    """A 2x2 table: `n` customers, `g` in the group, `a` with the value, `x` with both."""

    n: int
    g: int
    a: int
    x: int

    @property
    def is_testable(self) -> bool:
        """Whether enough customers with the value are expected in the group and outside of it."""
        least = LEAST_EXPECTED * self.n
        is_mixed = 0 < self.g < self.n and 0 < self.a < self.n
        return is_mixed and self.a * self.g >= least and self.a * (self.n - self.g) >= least


def p_value(cells: Cells) -> float:
    """Return the p value of Pearson's chi-square test without continuity correction."""
    n, g, a, x = cells
    difference = x * (n - g - a + x) - (g - x) * (a - x)
    return erfc(sqrt(n * difference**2 / (g * (n - g) * a * (n - a)) / 2))


def lift_interval(cells: Cells) -> tuple[float, float]:
    """Return the 95% interval of the lift.

    The group is a part of all customers, so that the interval is that of the risk ratio of the
    group against the rest (Katz and others 1978, with 0.5 added to each count), converted by
    `lift = rr / (1 + (g / n) (rr - 1))`.
    """
    n, g, a, x = cells
    middle = log((x + 0.5) / (g + 1)) - log((a - x + 0.5) / (n - g + 1))
    width = Z_95 * sqrt(1 / (x + 0.5) - 1 / (g + 1) + 1 / (a - x + 0.5) - 1 / (n - g + 1))
    ratios = exp(middle - width), exp(middle + width)
    low, high = (ratio / (1 + (g / n) * (ratio - 1)) for ratio in ratios)
    return low, high


def q_values(p_values: Sequence[float | None]) -> list[float | None]:
    """Return the p values adjusted for their number by Benjamini and Hochberg (1995)."""
    known = sorted(((p, place) for place, p in enumerate(p_values) if p is not None), reverse=True)
    found: list[float | None] = [None] * len(p_values)
    least = 1.0
    for n_before, (p, place) in enumerate(known):
        least = min(least, p * len(known) / (len(known) - n_before))
        found[place] = least
    return found


def wilson(part: int, whole: int) -> tuple[float, float] | None:
    """Return the 95% interval of a share (Wilson 1927); None if there is nothing to divide by."""
    if not whole:
        return None
    share, square = part / whole, Z_95 * Z_95
    middle = share + square / (2 * whole)
    width = Z_95 * sqrt(share * (1 - share) / whole + square / (4 * whole * whole))
    scale = 1 + square / whole
    low = (middle - width) / scale if part else 0.0
    high = (middle + width) / scale if part < whole else 1.0
    return low, high


class Stratum(NamedTuple):
    """Customers who were exposed and those who were not, and how many of each rose."""

    exposed: int
    upgraded: int
    controls: int
    controls_upgraded: int


class Ratio(NamedTuple):
    """A risk ratio, its 95% interval and its p value."""

    ratio: float
    low: float
    high: float
    p: float


def mantel_haenszel(strata: Sequence[Stratum]) -> Ratio | None:
    """Return the risk ratio over strata; None if it is undefined.

    The variance is that of Greenland and Robins (1985). Sums are in the order of the strata.
    """
    r = s = v = 0.0
    for n1, a, n0, b in strata:
        n = n1 + n0
        if n:
            r += a * n0 / n
            s += b * n1 / n
            v += ((a + b) * n1 * n0 - a * b * n) / (n * n)
    if r <= 0 or s <= 0:
        return None
    ratio, error = r / s, sqrt(v / (r * s))
    width = Z_95 * error
    p = erfc(abs(log(ratio)) / (error * sqrt(2))) if error > 0 else 1.0
    return Ratio(ratio, exp(log(ratio) - width), exp(log(ratio) + width), p)


def half_even(part: int, whole: int) -> int | None:
    """Return the quotient rounded half to even; None if there is nothing to divide by."""
    if not whole:
        return None
    quotient, rest = divmod(part, whole)
    is_up = 2 * rest > whole or (2 * rest == whole and quotient % 2 == 1)
    return quotient + is_up
