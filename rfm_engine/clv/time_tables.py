"""Logs and reciprocals of times by whole days: a few thousand numbers instead of millions.

Kernels compute them, because NumPy's logs differ in the last bit between processors.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rfm_engine.clv.likelihood import Floats
from rfm_engine.clv.special import log1p
from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import frozen


class TimeTable(NamedTuple):
    """Functions of the day t, `float64[n_days]`, for t from 0.

    Attributes
    ----------
    logs
        `ln(1 + t / alpha)`, which stays exact where alpha is much larger than t. Likelihoods need
        no other log, because `r ln alpha - (r + x) ln(alpha + t)` is `-x ln alpha` less `r + x`
        times this log.
    reciprocals
        `1 / (alpha + t)`.
    """

    logs: Floats
    reciprocals: Floats

    @classmethod
    def of(cls, alpha: float, n_days: int) -> TimeTable:
        """Return the functions of the first days."""
        logs, reciprocals = np.empty(n_days), np.empty(n_days)
        fill_times(alpha, logs, reciprocals)
        return cls(frozen(logs), frozen(reciprocals))


@kernel
def fill_times(alpha, logs, reciprocals):
    """Write `ln(1 + t / alpha)` and `1 / (alpha + t)` for t from 0, `float64[n_days]` each."""
    for t in range(len(logs)):
        logs[t] = log1p(t / alpha)
        reciprocals[t] = 1.0 / (alpha + t)
