"""Tables by whole days for the integrals of Pareto/NBD, which all customers share."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rfm_engine.clv.likelihood import Floats
from rfm_engine.clv.pareto_integrals import DAY_RULE, Rule, share
from rfm_engine.clv.special import log1p
from rfm_engine.clv.time_tables import TimeTable
from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import frozen

_N_NODES = len(DAY_RULE.nodes)


class DayTable(NamedTuple):
    """Functions of the days t from 0 for one scale: alpha or beta.

    Attributes
    ----------
    logs
        `ln(1 + t / scale)`, `float64[n_days + 1]`.
    steps
        How much this log grows from the start of a day to each node of the day and to its end,
        `float64[n_days, 9]`.
    shares
        `1 / scale - 1 / (scale + t)` at the nodes, `float64[n_days, 8]`; no rows if not needed.
    """

    logs: Floats
    steps: Floats
    shares: Floats

    @classmethod
    def of(cls, scale: float, n_days: int, *, shares: bool) -> DayTable:
        """Return the functions of the first days."""
        logs = TimeTable.of(scale, n_days + 1).logs
        steps = np.empty((n_days, _N_NODES + 1))
        rows = np.empty((n_days if shares else 0, _N_NODES))
        fill_days(scale, DAY_RULE, steps, rows)
        return cls(logs, frozen(steps), frozen(rows))


class Days(NamedTuple):
    """The tables of alpha and beta, with the rule that their nodes belong to."""

    alpha: DayTable
    beta: DayTable
    rule: Rule

    @classmethod
    def of(cls, alpha: float, beta: float, n_days: int, *, shares: bool) -> Days:
        """Return the tables of the first days."""
        first, second = (DayTable.of(scale, n_days, shares=shares) for scale in (alpha, beta))
        return cls(first, second, DAY_RULE)

    @property
    def n_days(self) -> int:
        """The number of days in the tables."""
        return len(self.alpha.steps)


@kernel
def fill_days(scale, rule, steps, shares):
    """Write `DayTable.steps` and, unless it has no rows, `DayTable.shares`."""
    n_nodes = len(rule.nodes)
    for day in range(len(steps)):
        start = scale + day
        for k in range(n_nodes):
            steps[day, k] = log1p(rule.nodes[k] / start)
        steps[day, n_nodes] = log1p(1.0 / start)
    for day in range(len(shares)):
        for k in range(n_nodes):
            shares[day, k] = share(scale, day + rule.nodes[k])
