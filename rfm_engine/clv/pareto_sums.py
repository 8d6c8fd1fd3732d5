"""Sums over histories from which value and derivatives of Pareto/NBD follow."""

from __future__ import annotations

import math
from typing import NamedTuple

from rfm_engine.clv.pareto_integrals import add_moments, integrate_moments, is_steep, share
from rfm_engine.kernels import kernel
from rfm_engine.kernels.types import Integers, Mask


class Pieces(NamedTuple):
    """Runs of histories with one x.

    Attributes
    ----------
    starts
        Their first histories and the end of the last piece, `int64[n + 1]`.
    low, high
        The smallest `t_x` and the largest T of each piece, `int64[n]`.
    is_direct
        Whether each history of the piece is integrated by itself, because a table of all days
        would take longer, `bool[n]`.
    """

    starts: Integers
    low: Integers
    high: Integers
    is_direct: Mask

    def between(self, begin: int, end: int) -> Pieces:
        """Return some of the pieces."""
        own = slice(begin, end)
        starts = self.starts[begin : end + 1]
        return Pieces(starts, self.low[own], self.high[own], self.is_direct[own])


class ParetoParameters(NamedTuple):
    """Customers order at rates of shape r and scale alpha, and leave at rates of s and beta.

    Both rates are gamma distributed over customers; alpha and beta are in days.
    """

    r: float
    alpha: float
    s: float
    beta: float


@kernel
def fill_moments(parameters, ordering, days, rule, low, high, table):
    """Write the moments of F from each day until `high`, relative to F on this day.

    Row 0 of the table, `float64[n, 15]` with n > high - low, is the day `low`. The days are added
    from the right, each from its nodes or, if F is too steep, in pieces.
    """
    alpha, beta, leaving = parameters.alpha, parameters.beta, parameters.s + 1.0
    table[high - low, :] = 0.0
    n_nodes = len(days.rule.nodes)
    for day in range(high - 1, low - 1, -1):
        row, after = table[day - low], table[day - low + 1]
        a_steps, b_steps = days.alpha.steps[day], days.beta.steps[day]
        if is_steep(alpha, beta, ordering, leaving, day):
            start = float(day)
            integrate_moments(alpha, beta, ordering, leaving, rule, start, start + 1.0, row)
        else:
            row[:] = 0.0
            for k in range(n_nodes):
                fall = ordering * a_steps[k] + leaving * b_steps[k]
                weight = days.rule.weights[k] * math.exp(-fall)
                a, b = days.alpha.logs[day] + a_steps[k], days.beta.logs[day] + b_steps[k]
                p, q = days.alpha.shares[day, k], days.beta.shares[day, k]
                add_moments(weight, a, p, b, q, row)
        kept = math.exp(-(ordering * a_steps[n_nodes] + leaving * b_steps[n_nodes]))
        for j in range(len(row)):
            row[j] += kept * after[j]


@kernel
def add_pareto(triples, pieces, parameters, days, rule, table, sums):
    """Write the sums of each piece, `float64[n, 15]`: value, gradient, upper half of the Hessian.

    Histories are `Triples`, and the table is `float64[k + 1, 15]` for pieces of at most k days,
    `float64[2, 15]` at least. The terms that depend on x alone are left out.
    """
    r, alpha, s, beta = parameters.r, parameters.alpha, parameters.s, parameters.beta
    leaving = s + 1.0
    for piece in range(len(pieces.low)):
        first, low = pieces.starts[piece], pieces.low[piece]
        ordering = r + triples.x[first]
        is_direct = pieces.is_direct[piece]
        if is_direct:
            table[1, :] = 0.0
        else:
            fill_moments(parameters, ordering, days, rule, low, pieces.high[piece], table)
        row = sums[piece]
        for i in range(first, pieces.starts[piece + 1]):
            last, end = triples.t_x[i], triples.T[i]
            a, b = days.alpha.logs[end], days.beta.logs[end]
            a_last, b_last = days.alpha.logs[last], days.beta.logs[last]
            # F(T) / F(t_x), and the moments from t_x to T relative to F(t_x).
            kept = math.exp(-(ordering * (a - a_last) + leaving * (b - b_last)))
            m, m_end = table[0], table[1]
            if is_direct:
                start = float(last)
                integrate_moments(alpha, beta, ordering, leaving, rule, start, float(end), m)
            else:
                m, m_end = table[last - low], table[end - low]
            p, q = share(alpha, end), share(beta, end)
            alive = kept * (1.0 + end / beta)
            density = alive + s / beta * max(m[0] - kept * m_end[0], 0.0)
            u, v = alive / density, s / beta / density
            left = v * (m[0] - kept * m_end[0])
            left_a, left_p = v * (m[1] - kept * m_end[1]), v * (m[2] - kept * m_end[2])
            left_b, left_q = v * (m[3] - kept * m_end[3]), v * (m[4] - kept * m_end[4])
            by_r = -(u * a + left_a)
            mean_p = u * p + left_p
            by_alpha = ordering * mean_p
            by_s = left / s - (u * b + left_b)
            by_beta = s * u * q + leaving * left_q - left / beta
            n = float(triples.n[i])
            row[0] += n * (math.log(density) - ordering * a_last - leaving * b_last)
            row[1] += n * by_r
            row[2] += n * by_alpha
            row[3] += n * by_s
            row[4] += n * by_beta
            r_r = u * a * a + v * (m[5] - kept * m_end[5])
            r_alpha = mean_p - ordering * (u * a * p + v * (m[6] - kept * m_end[6]))
            r_s = u * a * b + v * (m[7] - kept * m_end[7]) - left_a / s
            r_beta = left_a / beta - s * u * a * q - leaving * v * (m[8] - kept * m_end[8])
            p_p = u * p * p + v * (m[9] - kept * m_end[9])
            alpha_alpha = ordering * ((ordering + 1.0) * p_p - 2.0 / alpha * mean_p)
            alpha_s = left_p / s - (u * p * b + v * (m[10] - kept * m_end[10]))
            alpha_beta = s * u * p * q + leaving * v * (m[11] - kept * m_end[11]) - left_p / beta
            s_s = u * b * b + v * (m[12] - kept * m_end[12]) - 2.0 / s * left_b
            s_beta = u * q + left_q + leaving / s * left_q + left_b / beta - left / (s * beta)
            s_beta -= s * u * b * q + leaving * v * (m[13] - kept * m_end[13])
            q_q = leaving * (leaving + 1.0) * v * (m[14] - kept * m_end[14])
            q_q += s * leaving * u * q * q
            beta_beta = q_q - 2.0 / beta * (s * u * q + 2.0 * leaving * left_q - left / beta)
            row[5] += n * (r_r - by_r * by_r)
            row[6] += n * (r_alpha - by_r * by_alpha)
            row[7] += n * (r_s - by_r * by_s)
            row[8] += n * (r_beta - by_r * by_beta)
            row[9] += n * (alpha_alpha - by_alpha * by_alpha)
            row[10] += n * (ordering * alpha_s - by_alpha * by_s)
            row[11] += n * (ordering * alpha_beta - by_alpha * by_beta)
            row[12] += n * (s_s - by_s * by_s)
            row[13] += n * (s_beta - by_s * by_beta)
            row[14] += n * (beta_beta - by_beta * by_beta)
