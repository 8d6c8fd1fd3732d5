"""Student's t distribution, by the continued fraction of the incomplete beta function."""

from __future__ import annotations

from math import exp, lgamma, log, log1p, pi, sqrt

from rfm_engine.activation.statistics import normal

_TINY = 1e-300
_PRECISION = 1e-16
_MOST_TERMS = 1_000_000
# Above, the difference of gamma functions loses digits, and a series has all of them.
_LARGE = 20.0
# From here on Hill's approximation has all digits, and the continued fraction loses some.
_MANY = 10_000.0


def two_sided(t: float, df: float) -> float:
    """Return the probability of a value at least as far from 0 as `t`."""
    if df >= _MANY:
        return normal.two_sided(_as_normal(t, df))
    if t == 0:
        return 1.0
    square, half = t * t, df / 2
    # Both shares are computed by themselves, because 1 - share would lose digits.
    inside, outside = square / (df + square), df / (df + square)
    power = 0.5 * log(inside) - half * log1p(square / df)
    front = exp(_log_ratio(half) - 0.5 * log(pi) + power)
    if outside < (half + 1) / (half + 2.5):
        return front * _fraction(outside, half, 0.5) / half
    return 1 - front * _fraction(inside, 0.5, half) / 0.5


def quantile(p: float, df: float) -> float:
    """Return the value that is exceeded with probability `1 - p`, for `p` above a half."""
    found = normal.quantile(p)
    tails = 2 * (1 - p)
    # The tails are convex and heavier than the normal ones, so Newton's steps only go up.
    while True:
        step = (two_sided(found, df) - tails) / (2 * _density(found, df))
        found += step
        if step <= 1e-14 * found:
            return found


def _as_normal(t: float, df: float) -> float:
    """Return the normal number with the same tails (Hill 1970, algorithm 395)."""
    a = df - 0.5
    b = 48 * a * a
    y = a * log1p(t * t / df)
    terms = ((0.4 * y + 3.3) * y + 24) * y + 85.5
    return ((-terms / (0.8 * y * y + 100 + b) + y + 3) / b + 1) * sqrt(y)


def _density(t: float, df: float) -> float:
    power = -(df + 1) / 2 * log1p(t * t / df)
    return exp(_log_ratio(df / 2) - 0.5 * log(df * pi) + power)


def _log_ratio(a: float) -> float:
    """Return the logarithm of `gamma(a + 1/2) / gamma(a)`."""
    if a < _LARGE:
        return lgamma(a + 0.5) - lgamma(a)
    terms = -1 / 8 + (1 / 192 + (-1 / 640 + 17 / 14336 / a**2) / a**2) / a**2
    return 0.5 * log(a) + terms / a


def _fraction(x: float, a: float, b: float) -> float:
    """Return the continued fraction of the incomplete beta function, by Lentz's method."""
    upper, lower = 1.0, 1 / (1 - (a + b) * x / (a + 1) or _TINY)
    found = lower
    for m in range(1, _MOST_TERMS):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            lower = 1 / (1 + term * lower or _TINY)
            upper = 1 + term / upper or _TINY
            change = upper * lower
            found *= change
        if abs(change - 1) <= _PRECISION:
            break
    return found
