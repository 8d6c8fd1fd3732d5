"""Sums of `ln gamma(z + x) - ln gamma(z)` over customers, without gamma functions.

The ratio for one customer is `sum over k < x of ln(z + k)`. Over all customers, `ln(z + k)` counts
as often as there are customers with more than k repeat days.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from rfm_engine.clv.triples import Triples
from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import frozen
from rfm_engine.kernels.types import Integers


class Ratio(NamedTuple):
    """The sum of log ratios of gamma functions, and its first two derivatives by z."""

    value: float
    first: float
    second: float


def survival_counts(triples: Triples, more: int = 0) -> Integers:
    """Return the number of customers with `x + more > k`, for k from 0 while it is above 0.

    Parameters
    ----------
    triples
        The customers.
    more
        0, or 1 to count one more day for each customer.
    """
    x = triples.x + more
    below = np.concatenate([np.zeros(1, np.int64), np.cumsum(triples.n)])
    last = int(x[-1]) if len(x) else 0
    places = np.searchsorted(x, np.arange(last), side="right")
    return frozen(below[-1] - below[places])


def log_ratios(counts: Integers, z: float) -> Ratio:
    """Return `sum over k of counts[k] ln(z + k)` and its derivatives by z, exactly rounded sums."""
    terms = np.empty((3, len(counts)))
    fill_ratios(counts, float(z), terms)
    return Ratio(*map(math.fsum, terms.tolist()))


@kernel
def fill_ratios(counts, z, terms):
    """Write the terms of the sum, of its first and of its second derivative, `float64[3, n]`."""
    for k in range(len(counts)):
        n = float(counts[k])
        terms[0, k] = n * math.log(z + k)
        terms[1, k] = n / (z + k)
        terms[2, k] = -n / ((z + k) * (z + k))
