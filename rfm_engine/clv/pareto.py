"""The likelihood of Pareto/NBD: customers may leave at any time.

The model is that of Schmittlein, Morrison and Colombo (1987), "Counting Your Customers". With F and
its integrals as in `pareto_integrals`, the log-likelihood of a customer is

    sum over k < x of ln(r + k) - x ln alpha
    + ln(F(T) (1 + T / beta) + s / beta * integral of F from t_x to T)
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from rfm_engine.clv.gamma_ratios import log_ratios, survival_counts
from rfm_engine.clv.likelihood import Evaluation, Floats
from rfm_engine.clv.newton import Box
from rfm_engine.clv.pareto_days import Days
from rfm_engine.clv.pareto_integrals import N_MOMENTS, PIECE_RULE
from rfm_engine.clv.pareto_sums import ParetoParameters, Pieces, add_pareto
from rfm_engine.clv.pieces import pieces_of
from rfm_engine.clv.triples import Triples
from rfm_engine.kernels.arrays import frozen
from rfm_engine.orders.workers import Workers

PARAMETERS = ParetoParameters._fields
START = (1.0, 60.0, 1.0, 60.0)
BOX = Box((1e-5, 1e-3, 1e-5, 1e-3), (1e4, 1e8, 1e4, 1e8))
# Measured: a history takes 0.1 us from a table, 1 us or more if it is integrated by itself; a day
# of a table takes 0.2 us. A call takes about 20 ms.
_DIRECT_COST, _DAY_COST = 10, 2
_CALL_COST = 1 << 17


class ParetoLikelihood:
    """The log-likelihood of Pareto/NBD for fixed customers.

    Parameters
    ----------
    triples
        Distinct histories with counts.
    threads
        Number of threads. It does not change the result.
    """

    def __init__(self, triples: Triples, *, threads: int) -> None:
        self._triples = triples
        self._threads = threads
        self.n_customers = triples.n_customers
        self._n_days = int(triples.T.max(initial=0))
        self._orders = survival_counts(triples)
        self._n_orders = int(triples.x @ triples.n)
        self._pieces = _pieces(triples)
        self._tasks = _tasks(self._pieces)

    def at(self, parameters: Sequence[float]) -> Evaluation:
        """Evaluate the log-likelihood at `r, alpha, s, beta`; times are in days."""
        point = ParetoParameters(*map(float, parameters))
        orders, n = log_ratios(self._orders, point.r), self._n_orders
        value, *slopes = (math.fsum(column) for column in self._sums(point).T.tolist())
        value += orders.value - n * math.log(point.alpha)
        gradient = np.array(slopes[:4])
        gradient[:2] += orders.first, -n / point.alpha
        hessian = np.zeros((4, 4))
        hessian[np.triu_indices(4)] = slopes[4:]
        hessian += np.triu(hessian, 1).T
        hessian[0, 0] += orders.second
        hessian[1, 1] += n / point.alpha**2
        return Evaluation(value, gradient, hessian)

    def _sums(self, point: ParetoParameters) -> Floats:
        """Return the sums of each piece of the histories."""
        days = Days.of(point.alpha, point.beta, self._n_days, shares=True)
        sums = np.zeros((len(self._pieces.low), N_MOMENTS))

        def run(task: tuple[int, int]) -> None:
            begin, end = task
            pieces = self._pieces.between(begin, end)
            longest = int((pieces.high - pieces.low).max())
            table = np.empty((max(longest, 1) + 1, N_MOMENTS))
            add_pareto(self._triples, pieces, point, days, PIECE_RULE, table, sums[begin:end])

        with Workers(self._threads) as pool:
            list(pool.map(run, self._tasks))
        return sums


def _pieces(triples: Triples) -> Pieces:
    """Return runs of histories with one x; they depend on the histories alone."""
    starts = pieces_of(triples.x)
    first, last = starts[:-1], starts[1:] - 1
    if len(first) == 0:
        return Pieces(starts, first, first, frozen(np.zeros(0, np.bool_)))
    low, high = np.minimum.reduceat(triples.t_x, first), triples.T[last]
    # An integral needs more nodes the steeper F is.
    nodes = 6 + triples.x[first]
    is_direct = (last - first + 1) * nodes <= high - low
    return Pieces(starts, frozen(low), frozen(high), frozen(is_direct))


def _tasks(pieces: Pieces) -> list[tuple[int, int]]:
    """Return the first piece and the end of each call of the kernel."""
    n = np.diff(pieces.starts)
    costs = np.where(pieces.is_direct, _DIRECT_COST * n, n + _DAY_COST * (pieces.high - pieces.low))
    calls = (np.cumsum(costs) - costs) // _CALL_COST
    first = np.flatnonzero(np.diff(calls, prepend=-1)).tolist()
    return [*zip(first, [*first[1:], len(calls)], strict=False)]
