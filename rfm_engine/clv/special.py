"""Functions that the compiler of kernels or Python's `math` lacks.

`log1p` and `expm1` are for kernels, because compiled code has no `math.log1p` and `math.expm1`.
"""

from __future__ import annotations

import math

from rfm_engine.kernels import kernel

# The asymptotic series below have an error under 1e-17 from here on.
_LARGE = 10.0
# Bernoulli numbers B_2, B_4, .. B_14.
_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6)


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


def digamma(z: float) -> float:
    """Return the derivative of ln gamma(z) for z > 0.

    Recurrence up to 10, then the asymptotic series: Abramowitz and Stegun (1964), 6.3.5 and 6.3.18.
    """
    terms = []
    while z < _LARGE:
        terms.append(-1 / z)
        z += 1
    terms += [math.log(z), -0.5 / z]
    for k, bernoulli in enumerate(_BERNOULLI, 1):
        terms.append(-bernoulli / (2 * k * z ** (2 * k)))
    return math.fsum(terms)


def trigamma(z: float) -> float:
    """Return the second derivative of ln gamma(z) for z > 0.

    Recurrence up to 10, then the asymptotic series: Abramowitz and Stegun (1964), 6.4.6 and 6.4.12.
    """
    terms = []
    while z < _LARGE:
        terms.append(1 / (z * z))
        z += 1
    terms += [1 / z, 0.5 / (z * z)]
    for k, bernoulli in enumerate(_BERNOULLI, 1):
        terms.append(bernoulli / z ** (2 * k + 1))
    return math.fsum(terms)
