"""Functions that the compiler of kernels or Python's `math` lacks.

All are kernels, because compiled code has no `math.log1p`, `math.expm1` and `math.lgamma` either.
"""

from __future__ import annotations

import math

from rfm_engine.kernels import kernel

# The asymptotic series below have an error under 1e-17 from here on.
_LARGE = 10.0
_HALF_LOG_2_PI = 0.9189385332046727


@kernel
def log1p(e):
    """Return ln(1 + e) for e >= 0 within 1e-16 of its size; corrects the rounding of 1 + e.

    At infinity it is infinite. Source: Hewlett-Packard HP-15C Advanced Functions Handbook (1982).
    """
    u = 1.0 + e
    if u > 1e16:
        return math.log(u)
    return math.log(u) + (e - (u - 1.0)) / u


@kernel
def expm1(d):
    """Return exp(d) - 1 within a few units in the last place, also for d near 0.

    Source: W. Kahan, in Higham, Accuracy and Stability of Numerical Algorithms (2002), 1.14.1.
    """
    u = math.exp(d)
    if u == 1.0:
        return d
    if u - 1.0 == -1.0 or u > 1e16:
        return u - 1.0
    return (u - 1.0) * d / math.log(u)


@kernel
def log_gamma(z):
    """Return ln gamma(z) for z > 0, within 1e-14 or a few units in the last place.

    Recurrence up to 10, then Stirling's series: Abramowitz and Stegun (1964), 6.1.15 and 6.1.41.
    """
    product = 1.0
    while z < _LARGE:
        product *= z
        z += 1.0
    w = 1.0 / (z * z)
    series = w * (1 / 1188 + w * (-691 / 360360 + w * (1 / 156)))
    series = 1 / 12 + w * (-1 / 360 + w * (1 / 1260 + w * (-1 / 1680 + series)))
    return (z - 0.5) * math.log(z) - z + (_HALF_LOG_2_PI + series / z) - math.log(product)


@kernel
def digamma(z):
    """Return the derivative of ln gamma(z) for z > 0.

    Recurrence up to 10, then the asymptotic series: Abramowitz and Stegun (1964), 6.3.5 and 6.3.18.
    """
    before = 0.0
    while z < _LARGE:
        before += 1.0 / z
        z += 1.0
    w = 1.0 / (z * z)
    series = w * (1 / 132 + w * (-691 / 32760 + w * (1 / 12)))
    series = w * (1 / 12 + w * (-1 / 120 + w * (1 / 252 + w * (-1 / 240 + series))))
    return math.log(z) - (0.5 / z + series) - before


@kernel
def trigamma(z):
    """Return the second derivative of ln gamma(z) for z > 0.

    Recurrence up to 10, then the asymptotic series: Abramowitz and Stegun (1964), 6.4.6 and 6.4.12.
    """
    before = 0.0
    while z < _LARGE:
        before += 1.0 / (z * z)
        z += 1.0
    w = 1.0 / (z * z)
    series = w * (5 / 66 + w * (-691 / 2730 + w * (7 / 6)))
    series = w * (1 / 6 + w * (-1 / 30 + w * (1 / 42 + w * (-1 / 30 + series))))
    return (1.0 + series) / z + 0.5 * w + before


@kernel
def fill_gammas(z, gammas):
    """Write ln gamma(z) and its first two derivatives, `float64[3, n]`, for each z > 0."""
    for i in range(len(z)):
        each = float(z[i])
        gammas[0, i], gammas[1, i] = log_gamma(each), digamma(each)
        gammas[2, i] = trigamma(each)
