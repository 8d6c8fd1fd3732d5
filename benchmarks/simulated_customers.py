"""Simulated repeat purchases of customers by days, with the amounts of their repeat days.

Customers order at random times at their own rates, and may leave after each order: BG/NBD. Their
amounts are those of Gamma-Gamma. Orders of a day count as one, so that estimates differ a little
from the parameters here.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]

HISTORY_DAYS = 1_095
"""Customers come within these days before the date of analysis."""
R, ALPHA, A, B = 0.35, 60.0, 0.9, 2.6
P, Q, GAMMA = 6.25, 3.74, 1_544.0


class Customers(NamedTuple):
    """Customers with at least one order.

    Attributes
    ----------
    x
        Number of days with an order after the first one, `int64[n]`.
    t_x, T
        Days from the first one to the last one and to the date of analysis, `int64[n]`.
    s
        Amount of the repeat days in cents, `int64[n]`; positive if x is, else 0.
    """

    x: Integers
    t_x: Integers
    T: Integers
    s: Integers


def simulated_customers(n: int, seed: int = 1) -> Customers:
    """Return `n` customers, which are the same with all versions of NumPy."""
    # Its numbers never change, unlike those of `default_rng`: golden values depend on them.
    random = np.random.RandomState(seed)
    T = random.randint(0, HISTORY_DAYS, n).astype(np.int64)  # noqa: N806
    pauses = ALPHA / random.standard_gamma(R, n)
    leaving = random.beta(A, B, n)
    x, t_x = np.zeros(n, np.int64), np.zeros(n, np.int64)
    times, here = random.uniform(size=n), np.arange(n)
    while len(here):
        times[here] += pauses[here] * random.standard_exponential(len(here))
        here = here[times[here] < T[here] + 1]
        days = times[here].astype(np.int64)
        x[here] += days > t_x[here]
        t_x[here] = days
        here = here[random.uniform(size=len(here)) >= leaving[here]]
    means = GAMMA / random.standard_gamma(Q, n)
    amounts = means * random.standard_gamma(np.maximum(P * x, 1.0))
    return Customers(
        x, t_x, T, np.where(x > 0, np.maximum(np.rint(amounts), 1), 0).astype(np.int64)
    )
