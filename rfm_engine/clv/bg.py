"""The likelihood of BG/NBD and MBG/NBD: customers may leave after each order.

BG/NBD is the model of Fader, Hardie and Lee (2005), "Counting Your Customers" the Easy Way. In
MBG/NBD of Batislam, Denizel and Filiztekin (2007) customers may also leave after the first order.
With `y = x` (MBG: `x + 1`) and `u = ln a - ln(b + y - 1) + (r + x) ln((alpha + T)/(alpha + t_x))`,
the log-likelihood of a customer is

    sum over k < x of ln(r + k) + sum over k < y of ln((b + k)/(a + b + k))
    + r ln alpha - (r + x) ln(alpha + T) + ln(1 + exp(u))

without the last term if `y = 0`. It needs no gamma function.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from rfm_engine.clv.bg_sums import BgSums, add_histories
from rfm_engine.clv.gamma_ratios import log_ratios, survival_counts
from rfm_engine.clv.likelihood import Evaluation, Floats
from rfm_engine.clv.newton import Box
from rfm_engine.clv.pieces import pieces_of, sums_of_pieces
from rfm_engine.clv.time_tables import TimeTable
from rfm_engine.clv.triples import Triples
from rfm_engine.kernels.types import Integers

PARAMETERS = ("r", "alpha", "a", "b")
START = (1.0, 60.0, 1.0, 2.0)
BOX = Box((1e-5, 1e-3, 1e-5, 1e-5), (1e4, 1e8, 1e4, 1e4))


class BgLikelihood:
    """The log-likelihood of BG/NBD or MBG/NBD for fixed customers.

    Parameters
    ----------
    triples
        Distinct histories with counts.
    modified
        Whether customers may leave after their first order: MBG/NBD.
    threads
        Number of threads. It does not change the result.
    """

    def __init__(self, triples: Triples, *, modified: bool, threads: int) -> None:
        self._triples = triples
        self._more = int(modified)
        self._threads = threads
        self.n_customers = triples.n_customers
        self._pieces = pieces_of(triples.x)
        self._x = triples.x[self._pieces[:-1]].astype(np.float64)
        self._n_days = int(triples.T.max(initial=0)) + 1
        self._orders = survival_counts(triples)
        self._chances = survival_counts(triples, self._more)

    def at(self, parameters: Sequence[float]) -> Evaluation:
        """Evaluate the log-likelihood at `r, alpha, a, b`; times are in days."""
        r, alpha, a, b = map(float, parameters)
        orders = log_ratios(self._orders, r)
        stayed, chances = (log_ratios(self._chances, z) for z in (b, a + b))
        sums = self._sums(r, alpha, a, b)
        n, x, rate = float(self.n_customers), self._x, r + self._x
        # `b + y - 1`. If y is 0, all sums that are divided by it are 0.
        others = b + np.maximum(x + (self._more - 1), 0.0)
        by_r = orders.first - _sum(sums.log) + _sum(sums.w_log)
        by_alpha = n * r / alpha - _sum(rate * (sums.inverse - sums.w_inverse))
        by_a = _sum(sums.w) / a - chances.first
        by_b = stayed.first - chances.first - _sum(sums.w / others)
        value = orders.value + stayed.value - chances.value
        value += _sum(sums.soft) - _sum(rate * sums.log) - math.log(alpha) * _sum(x * sums.n)
        squares = sums.inverse2 + sums.w_squares + rate * sums.v_inverse2
        r_r = orders.second + _sum(sums.v_log2)
        r_alpha = n / alpha - _sum(sums.inverse - sums.w_inverse - rate * sums.v_both)
        r_a = _sum(sums.v_log) / a
        r_b = -_sum(sums.v_log / others)
        alpha_alpha = _sum(rate * squares) - n * r / (alpha * alpha)
        alpha_a = _sum(rate * sums.v_inverse) / a
        alpha_b = -_sum(rate * sums.v_inverse / others)
        a_a = _sum(sums.v - sums.w) / (a * a) - chances.second
        a_b = -_sum(sums.v / others) / a - chances.second
        b_b = stayed.second - chances.second + _sum((sums.v + sums.w) / (others * others))
        hessian = [
            [r_r, r_alpha, r_a, r_b],
            [r_alpha, alpha_alpha, alpha_a, alpha_b],
            [r_a, alpha_a, a_a, a_b],
            [r_b, alpha_b, a_b, b_b],
        ]
        return Evaluation(value, np.array([by_r, by_alpha, by_a, by_b]), np.array(hessian))

    def _sums(self, r: float, alpha: float, a: float, b: float) -> BgSums:
        """Return the sums of each piece of the histories."""
        table = TimeTable.of(alpha, self._n_days)

        def add(pieces: Integers, sums: Floats) -> None:
            add_histories(self._triples, pieces, table, r, a, b, self._more, sums)

        width = len(BgSums._fields)
        return BgSums(*sums_of_pieces(add, self._pieces, width, self._threads))


def _sum(terms: Floats) -> float:
    return math.fsum(terms.tolist())
