"""The Gamma-Gamma model of the mean amount per repeat day: Fader, Hardie and Lee (2005).

The amounts of a customer with `x` repeat days and their sum `s` have the log-likelihood

    ln gamma(p x + q) - ln gamma(p x) - ln gamma(q) + q ln g + p x ln s
    - (p x + q) ln(g + s) - ln(s / x)

where `g` is the parameter gamma in minor units. Customers without a positive sum are excluded.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np

from rfm_engine.clv.likelihood import Evaluation, Floats
from rfm_engine.clv.newton import Box
from rfm_engine.clv.pieces import sums_of_pieces
from rfm_engine.clv.special import fill_gammas
from rfm_engine.clv.spending import Spending
from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import frozen
from rfm_engine.kernels.types import Integers

PARAMETERS = ("p", "q", "gamma")
BOX = Box((1e-5, 1e-5, 1e-3), (1e4, 1e4, 1e12))
# The mean of the population is infinite for q <= 1. Closer to it, it is arbitrary.
_FINITE_MEAN = 1e-6
# Products of this many terms do not overflow: terms are at most 2^63 / 0.001 + 1.
_PRODUCT = 8


def start_of(spending: Spending) -> tuple[float, float, float]:
    """Return the parameters from which to fit."""
    return 2.0, 2.0, max(spending.mean, 1.0)


class GammaGammaLikelihood:
    """The log-likelihood of `p, q, gamma`, with gamma in minor units.

    Parameters
    ----------
    spending
        Customers with a positive amount.
    threads
        Number of threads. It does not change the result.
    """

    def __init__(self, spending: Spending, *, threads: int) -> None:
        self._spending = spending
        self._threads = threads
        self.n_customers = spending.n_customers
        self._starts = np.flatnonzero(np.diff(spending.x[spending.pieces[:-1]], prepend=0))
        self._n = self._by_x(np.diff(spending.pieces).astype(np.float64))
        self._x = spending.x[spending.pieces[self._starts]].astype(np.float64)
        self._logs = self._by_x(self._sums(0.0, 1.0)[0])
        x_logs = [n * math.log(x) for n, x in zip(self._n.tolist(), self._x.tolist(), strict=True)]
        self._fixed = math.fsum(x_logs) - _sum(self._logs)

    def at(self, parameters: Sequence[float]) -> Evaluation:
        """Evaluate the log-likelihood at `p, q, gamma`."""
        p, q, gamma = map(float, parameters)
        # Of `ln(1 + s / gamma)`, `1 / (1 + s / gamma)` and its square.
        logs, rest, rest2 = map(self._by_x, self._sums(1.0, 1.0 / gamma))
        n, x, total = self._n, self._x, float(self.n_customers)
        shape = p * x
        known = self._logs - n * math.log(gamma)
        gammas = np.empty((3, 2 * len(x) + 1))
        fill_gammas(frozen(np.concatenate([shape + q, shape, [q]])), gammas)
        (ln, psi, psi2), (ln_p, psi_p, psi2_p) = np.split(gammas[:, :-1], 2, axis=1)
        ln_q, psi_q, psi2_q = gammas[:, -1].tolist()
        value = _sum(n * (ln - ln_p)) + _sum(shape * (known - logs)) - q * _sum(logs) - total * ln_q
        by_p = _sum(x * (n * (psi - psi_p) + known - logs))
        by_q = _sum(n * (psi - psi_q) - logs)
        by_gamma = (total * q - _sum((shape + q) * rest)) / gamma
        p_p = _sum(x * x * n * (psi2 - psi2_p))
        p_q = _sum(x * n * psi2)
        p_gamma = -_sum(x * rest) / gamma
        q_q = _sum(n * (psi2 - psi2_q))
        q_gamma = _sum(n - rest) / gamma
        gamma_gamma = (_sum((shape + q) * rest2) - total * q) / (gamma * gamma)
        hessian = [[p_p, p_q, p_gamma], [p_q, q_q, q_gamma], [p_gamma, q_gamma, gamma_gamma]]
        gradient = np.array([by_p, by_q, by_gamma])
        return Evaluation(value + self._fixed, gradient, np.array(hessian))

    def _sums(self, shift: float, scale: float) -> Floats:
        """Return the sums that `add_amounts` writes, `float64[3, n_pieces]`."""
        spending = self._spending

        def add(pieces: Integers, sums: Floats) -> None:
            add_amounts(spending.s, pieces, shift, scale, sums)

        return sums_of_pieces(add, spending.pieces, 3, self._threads)

    def _by_x(self, sums: Floats) -> Floats:
        """Add up the pieces of each x, exactly rounded."""
        starts = self._starts.tolist()
        terms = sums.tolist()
        ends = [*starts[1:], len(terms)]
        runs = zip(starts, ends, strict=False)
        return np.array([math.fsum(terms[start:end]) for start, end in runs], np.float64)


def value_mean(parameters: Sequence[float]) -> Literal["model", "sample"]:
    """Return where the expected amount of customers without repeat days comes from.

    It is "sample", the mean of the customers, if the mean of the model is not finite.
    """
    return "model" if parameters[1] - 1 > _FINITE_MEAN else "sample"


def expected_value(
    parameters: Sequence[float], sample_mean: float, x: Integers, s: Integers
) -> Floats:
    """Return the expected amount per order day of customers, in minor units.

    It is `p (gamma + s) / (p x + q - 1)`, positive and finite.

    Parameters
    ----------
    parameters
        `p, q, gamma`, gamma in minor units.
    sample_mean
        `Spending.mean`. It is returned where the expectation of the model is not finite.
    x, s
        Repeat days and their net amount in minor units, `int64[n]`. A negative amount counts as 0.
    """
    p, q, gamma = map(float, parameters)
    expected = np.empty(len(x))
    fill_expected(frozen(x), frozen(s), p, q, gamma, float(sample_mean), expected)
    return expected


def _sum(terms: Floats) -> float:
    return math.fsum(terms.tolist())


@kernel
def add_amounts(s, pieces, shift, scale, sums):
    """Write sums over each piece, `float64[n, 3]`, of functions of `t = shift + scale s`.

    They are `ln t`, `1 / t` and `1 / t^2`. One log of a product replaces eight logs.
    """
    for piece in range(len(pieces) - 1):
        end = pieces[piece + 1]
        logs, rest, rest2 = 0.0, 0.0, 0.0
        start = pieces[piece]
        while start < end:
            product = 1.0
            for i in range(start, min(start + _PRODUCT, end)):
                t = shift + scale * s[i]
                inverse = 1.0 / t
                product *= t
                rest += inverse
                rest2 += inverse * inverse
            logs += math.log(product)
            start += _PRODUCT
        sums[piece, 0], sums[piece, 1], sums[piece, 2] = logs, rest, rest2


@kernel
def fill_expected(x, s, p, q, gamma, sample_mean, expected):
    """Write the expected amount per order day of each customer, `float64[n]`."""
    for i in range(len(x)):
        expected[i] = expected_of(x[i], s[i], p, q, gamma, sample_mean)


@kernel
def expected_of(x, s, p, q, gamma, sample_mean):
    """Return the expected amount per order day of one customer."""
    more = p * x + q - 1.0
    amount = gamma + max(s, 0)
    return p * amount / more if more > _FINITE_MEAN else sample_mean
