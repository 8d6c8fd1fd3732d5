"""Expected orders of the BG/NBD and MBG/NBD models, if the customer is alive: two exact methods.

A customer would order K times in h days, where K is negative binomial, and drops out after each
order with probability p. Given alive after x repeat days, p has the beta distribution (a, B) with
`B = b + x + m`; m is 0 for BG/NBD, 1 for MBG/NBD. With `R = r + x` and `w = h/(alpha + T)`:

    E = sum_{j>=0} P(K > j) (B)_j / (a + B)_j = E_p[(1 - (1 + p w)^-R) / p]

All terms are positive, so that no digits cancel; a = 1 and a + b = 1 are no special cases. The
published form with 2F1 (Fader, Hardie and Lee 2005, equation 10) is the same number.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from rfm_engine.clv.special import expm1, log1p
from rfm_engine.kernels import kernel

# The sum has about as many terms as orders that are possible. Above these limits the integral takes
# less time (90 us at most), or the probability of no order has too few digits.
_MOST_TERMS = 2000.0
_MOST_LOG = 200.0
# Terms below this share of the sum do not change it.
_NEGLIGIBLE = 1e-18
# Steps in the logit of p: the integrand is analytic up to pi/2 from the real axis.
_WIDEST_STEP = 0.2


class Shape(NamedTuple):
    """Parameters of a BG/NBD (`m` is 0) or MBG/NBD model (`m` is 1); `alpha` is in days."""

    r: float
    alpha: float
    a: float
    b: float
    m: int


@kernel
def write_alive(x, t_x, T, shape, alive):  # noqa: N803
    """Write the probability that each customer is alive; arrays `[n]`, times in days."""
    for i in range(len(x)):
        y = x[i] + shape.m
        if y == 0:
            alive[i] = 1.0
        else:
            odds = shape.a / (shape.b + (y - 1))
            idle = (T[i] - t_x[i]) / (shape.alpha + t_x[i])
            weight = math.exp(-(shape.r + x[i]) * log1p(idle))
            alive[i] = weight / (weight + odds)


@kernel
def write_any_order(x, T, days, shape, found):  # noqa: N803
    """Write the probability of an order within `days`, if alive; arrays `[n]`."""
    for i in range(len(x)):
        log = (shape.r + x[i]) * log1p(days[i] / (shape.alpha + T[i]))
        found[i] = -expm1(-log)


@kernel
def write_orders(x, T, days, shape, found):  # noqa: N803
    """Write the expected orders within `days`, if alive; arrays `[n]`."""
    for i in range(len(x)):
        R = shape.r + x[i]  # noqa: N806
        B = shape.b + (x[i] + shape.m)  # noqa: N806
        found[i] = expected_orders(R, days[i] / (shape.alpha + T[i]), shape.a, B)


@kernel
def expected_orders(R, w, a, B):  # noqa: N803
    """Return the expected orders of one customer, if alive, by the method that suits."""
    if is_short(R, w):
        return orders_by_sum(R, w, a, B)
    # An integral may be too small by a rounding, but not below the probability of an order.
    return max(orders_by_integral(R, w, a, B), -expm1(-R * log1p(w)))


@kernel
def is_short(R, w):  # noqa: N803
    """Return whether the sum is short enough, and precise."""
    return R * log1p(w) <= _MOST_LOG and R * w + 40.0 * (1.0 + w) <= _MOST_TERMS


@kernel
def orders_by_sum(R, w, a, B):  # noqa: N803
    """Return the sum over j of the probability of more than j orders and of surviving j orders."""
    z = w / (1.0 + w)
    log = R * log1p(w)
    exactly = math.exp(-log)
    more = -expm1(-log)
    survived = 1.0
    total = more
    ratio = R * z
    j = 0.0
    while more > 0.0:
        exactly *= ratio
        more -= exactly
        survived *= (B + j) / (a + B + j)
        total += max(more, 0.0) * survived
        j += 1.0
        ratio = (R + j) / (j + 1.0) * z
        if is_converged(ratio, z, exactly * survived, total):
            break
    return total


@kernel
def is_converged(ratio, z, term, total):
    """Return whether later terms do not change the sum; `term` is that of exactly j orders."""
    # All later ratios are at most `most`, because they approach z from either side.
    most = max(ratio, z)
    rest = 1.0 - most
    return most < 1.0 and term * most <= _NEGLIGIBLE * total * rest * rest


@kernel
def orders_by_integral(R, w, a, B):  # noqa: N803
    """Return the mean over p, by the trapezoidal rule in the logit of p, whose error is 1e-16.

    Steps go from the mode of the density of the logit in both directions. Where p or 1 - p is so
    small that nothing but its own power changes, the rest is a geometric series.
    """
    step = min(_WIDEST_STEP, 0.5 * (1.0 / a + 1.0 / B) ** 0.5)
    mode = a / (a + B)
    at_mode = -expm1(-R * log1p(mode * w)) / mode
    weights = 1.0
    total = at_mode
    small = 1e-17 / max((R + 1.0) * w, B + 1.0)
    lowest = math.log(small) - math.log(a / B)
    highest = math.log(1e17 * (a + 1.0)) - math.log(a / B)
    for side in range(2):
        sign = 1.0 if side else -1.0
        # The geometric series of all weights after the last step, per weight.
        later = 1.0 / expm1(min((B if side else a) * step, 50.0))
        most = at_mode if side else R * w
        k = 0
        while True:
            k += 1
            d = sign * step * k
            if a <= B:
                log_q = -log1p(mode * expm1(d))
                log_p = log_q + d
            else:
                log_p = -log1p(B / (a + B) * expm1(-d))
                log_q = log_p - d
            weight = math.exp(a * log_p + B * log_q)
            p = mode * math.exp(log_p)
            value = -expm1(-R * log1p(p * w)) / p
            weights += weight
            total += weight * value
            if d <= lowest or d >= highest:
                weights += weight * later
                total += weight * later * value
                break
            # The logarithm of the density is concave: from here on, weights decrease fast enough.
            rest = weight * (1.0 + later)
            if rest <= _NEGLIGIBLE * weights and rest * most <= _NEGLIGIBLE * total:
                break
    return total / weights
