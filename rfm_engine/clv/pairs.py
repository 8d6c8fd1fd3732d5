"""Distinct pairs of x and T, because predictions for customers who are alive depend on them only.

Ten million customers have about 35,000 pairs, so that predictions are computed for these, and each
customer finds the number of its pair.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rfm_engine.clv.triples import Triples
from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import frozen
from rfm_engine.kernels.types import Integers, Mask


class Pairs(NamedTuple):
    """Distinct pairs in the order of x and T.

    Attributes
    ----------
    x, T
        Number of repeat days, and days from the first purchase to the date of analysis; `int64[n]`.
    starts
        The first pair of each x, `int64[largest x + 2]`; the last value is the number of pairs.
    """

    x: Integers
    T: Integers
    starts: Integers

    @classmethod
    def of(cls, triples: Triples) -> Pairs:
        """Return the pairs of customers."""
        first = np.flatnonzero(_changes(triples))
        x = triples.x[first]
        starts = np.searchsorted(x, np.arange(int(x.max(initial=-1)) + 2))
        return cls(frozen(x), frozen(triples.T[first]), frozen(starts.astype(np.int64)))

    @staticmethod
    def numbers(triples: Triples) -> Integers:
        """Return the number of the pair of each history, `int64[n_triples]`."""
        found: Integers = np.cumsum(_changes(triples), dtype=np.int64) - 1
        return found

    @property
    def n_pairs(self) -> int:
        """The number of pairs."""
        return len(self.x)


def _changes(triples: Triples) -> Mask:
    """Return whether each history has another pair than the one before it."""
    # Triples are sorted by x and T, so that equal pairs follow each other.
    changes: Mask = (np.diff(triples.x, prepend=-1) | np.diff(triples.T, prepend=-1)) != 0
    return changes


@kernel
def number_of(pairs, x, T):  # noqa: N803
    """Return the number of a pair, which must exist.

    The times of one x are distinct and ascending. Those of most customers have no gaps, so that the
    first guess is right. Otherwise it is too high, and half of the rest is discarded at each step.
    """
    low = pairs.starts[x]
    high = min(pairs.starts[x + 1] - 1, low + T - pairs.T[low])
    if pairs.T[high] == T:
        return high
    while low < high:
        middle = (low + high) >> 1
        if pairs.T[middle] < T:
            low = middle + 1
        else:
            high = middle
    return low
