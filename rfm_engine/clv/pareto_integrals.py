"""Integrals of Pareto/NBD over time by Gauss-Legendre quadrature, without Gauss functions.

A customer with x repeat days who is alive until t contributes

    F(t) = (1 + t / alpha)^-ordering (1 + t / beta)^-leaving, ordering = r + x, leaving = s + 1

to the likelihood. The difference of two Gauss functions in Fader and Hardie (2005), "A Note on
Deriving the Pareto/NBD Model", is the integral of F over the time from `t_x` to T. Integrals here
are relative to F at their start, so that they neither overflow nor underflow.

With n nodes the relative error of a piece of length h is `(n!)^4 / ((2n+1) ((2n)!)^3)` times h and
the derivative `|F^(2n)| / F` to the power 1 and 2n. The derivative is at most `u^2n` for
`u = (ordering + n - 1/2) / (alpha + t) + (leaving + n - 1/2) / (beta + t)`, and also for
`u = (ordering + leaving + n - 1/2) / min(alpha + t, beta + t)`.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from rfm_engine.clv.likelihood import Floats
from rfm_engine.clv.special import log1p
from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import frozen

N_MOMENTS = 15
"""Moments of F: 1, a, p, b, q, a^2, ap, ab, aq, p^2, pb, pq, b^2, bq, q^2."""
# Nodes below 1/2 on [0, 1] with their weights; those above are symmetric.
_EIGHT = (
    (0.019855071751231884, 0.05061426814518813),
    (0.10166676129318664, 0.11119051722668724),
    (0.2372337950418355, 0.15685332293894363),
    (0.4082826787521751, 0.181341891689181),
)
_SIXTEEN = (
    (0.005299532504175033, 0.013576229705877048),
    (0.02771248846338371, 0.031126761969323947),
    (0.06718439880608412, 0.04757925584124639),
    (0.12229779582249849, 0.06231448562776694),
    (0.19106187779867811, 0.07479799440828837),
    (0.2709916111713863, 0.08457825969750127),
    (0.35919822461037054, 0.09130170752246179),
    (0.4524937450811813, 0.09472530522753425),
)
# The largest h u of a piece: its error is then below 1e-15.
_REACH = 15.0
_DAY_REACH = 3.0
# A piece that adds less than this share ends an integral, because later pieces add even less.
_NEGLIGIBLE = 1e-18


class Rule(NamedTuple):
    """Nodes on [0, 1] and weights of Gauss-Legendre quadrature, `float64[n]` each."""

    nodes: Floats
    weights: Floats


def _rule(half: tuple[tuple[float, float], ...]) -> Rule:
    nodes = [*(node for node, _ in half), *(1.0 - node for node, _ in reversed(half))]
    weights = [weight for _, weight in half]
    return Rule(frozen(np.array(nodes)), frozen(np.array(weights + weights[::-1])))


DAY_RULE = _rule(_EIGHT)
"""For the days of a table, unless F is too steep."""
PIECE_RULE = _rule(_SIXTEEN)
"""For pieces of `piece_length`."""


@kernel
def piece_length(alpha, beta, ordering, leaving, t):
    """Return for how long from t on `PIECE_RULE` is exact; the length grows with t."""
    a, b = alpha + t, beta + t
    one = (ordering + 15.5) / a + (leaving + 15.5) / b
    other = (ordering + leaving + 15.5) / min(a, b)
    return _REACH / min(one, other)


@kernel
def is_steep(alpha, beta, ordering, leaving, day):
    """Return whether `DAY_RULE` is not exact on a day."""
    a, b = alpha + day, beta + day
    one = (ordering + 7.5) / a + (leaving + 7.5) / b
    other = (ordering + leaving + 7.5) / min(a, b)
    return min(one, other) > _DAY_REACH


@kernel
def integral(alpha, beta, ordering, leaving, rule, start, end):
    """Return the integral of `F(t) / F(start)` from start to end."""
    a, b = alpha + start, beta + start
    total = 0.0
    t = start
    while t < end:
        length = min(end - t, piece_length(alpha, beta, ordering, leaving, t))
        part = 0.0
        for k in range(len(rule.nodes)):
            later = t - start + length * rule.nodes[k]
            fall = ordering * log1p(later / a) + leaving * log1p(later / b)
            part += rule.weights[k] * math.exp(-fall)
        part *= length
        total += part
        if part <= _NEGLIGIBLE * total:
            break
        t += length
    return total


@kernel
def integrate_moments(alpha, beta, ordering, leaving, rule, start, end, moments):
    """Write the integrals of `F(t) / F(start)` times its moments, `float64[15]`."""
    a_start, b_start = log1p(start / alpha), log1p(start / beta)
    moments[:] = 0.0
    t = start
    while t < end:
        length = min(end - t, piece_length(alpha, beta, ordering, leaving, t))
        before = moments[0]
        for k in range(len(rule.nodes)):
            later = t - start + length * rule.nodes[k]
            a_later, b_later = log1p(later / (alpha + start)), log1p(later / (beta + start))
            fall = ordering * a_later + leaving * b_later
            weight = length * rule.weights[k] * math.exp(-fall)
            p, q = share(alpha, start + later), share(beta, start + later)
            add_moments(weight, a_start + a_later, p, b_start + b_later, q, moments)
        if moments[0] - before <= _NEGLIGIBLE * moments[0]:
            break
        t += length


@kernel
def share(scale, t):
    """Return `1 / scale - 1 / (scale + t)`, the derivative of `-ln(1 + t / scale)` by scale."""
    return t / (scale * (scale + t))


@kernel
def add_moments(weight, a, p, b, q, moments):
    """Add the products of 1, a, p, b, q in the order of `N_MOMENTS`, weighted, `float64[15]`.

    They are `ln(1 + t / alpha)`, its negative derivative by alpha, and the same with beta.
    """
    by_a, by_p, by_b, by_q = weight * a, weight * p, weight * b, weight * q
    moments[0] += weight
    moments[1] += by_a
    moments[2] += by_p
    moments[3] += by_b
    moments[4] += by_q
    moments[5] += by_a * a
    moments[6] += by_a * p
    moments[7] += by_a * b
    moments[8] += by_a * q
    moments[9] += by_p * p
    moments[10] += by_p * b
    moments[11] += by_p * q
    moments[12] += by_b * b
    moments[13] += by_b * q
    moments[14] += by_q * q
