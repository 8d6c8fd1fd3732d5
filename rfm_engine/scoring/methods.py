"""Methods that cut an axis at values: a bin is one more than the cut points below the value.

Every rule comes down to ascending integers, whatever fractions it is written in, since the values
are integers: `v > 2.5` is `v > 2`, and `v >= 2.5` is `v > 2` too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import ceil, floor
from typing import NamedTuple, Protocol

import numpy as np

from rfm_engine.scoring.selection import Chunk, Map, Values, select

BY_RANK = ("ntile", "rank-linear")
NESTED = "nested"
QCUT_DROP = "qcut-drop"
_HALF_WORD = 32


class Distribution(Protocol):
    """What a method asks of the values of one axis over all customers."""

    @property
    def n(self) -> int:
        """How many customers."""

    @property
    def unit(self) -> int:
        """What one unit of the axis is in its integers."""

    @property
    def ascending(self) -> bool:
        """Whether high values are good; of recency they are bad."""

    def at(self, ranks: Sequence[int]) -> list[int]:
        """Return the values at ascending ranks; 0 is the least."""

    def total(self) -> int:
        """Return the exact sum."""

    def above(self, value: int) -> Distribution:
        """Return the values above a value."""


class Measure(NamedTuple):
    """The values of one axis over all customers, and what one unit of it is in its integers.

    `ascending` says that high values are good; of recency they are bad.
    """

    chunks: Values
    each: Map
    unit: int = 1
    ascending: bool = True

    @property
    def n(self) -> int:
        """How many customers."""
        return sum(len(chunk) for chunk in self.chunks)

    def at(self, ranks: Sequence[int]) -> list[int]:
        """Return the values at ascending ranks; 0 is the least."""
        return select(self.chunks, ranks, self.each)

    def total(self) -> int:
        """Return the exact sum."""
        return exact_sum(self.chunks, self.each)

    def above(self, value: int) -> Measure:
        """Return the values above a value."""
        return self._replace(chunks=[chunk[chunk > value] for chunk in self.chunks])


def fit_cuts(method: str, measure: Distribution, bins: int) -> list[int]:
    """Return the cut points of a method, fewer than `bins - 1` only under `qcut-drop`.

    None without customers.
    """
    return CUTS[method](measure, bins) if measure.n else []


def quantile(measure: Distribution, bins: int) -> list[int]:
    """Return the i/bins quantiles by inverted CDF, i in 1..bins-1.

    The i-th is the smallest observed value with at least `ceil(i * n / bins)` values at or below
    it (Hyndman and Fan's type 1). Equal values always share a bin.
    """
    ranks = [-(-i * measure.n // bins) - 1 for i in range(1, bins)]
    return measure.at(ranks) if ranks else []


def quantile_linear(measure: Distribution, bins: int) -> list[int]:
    """Cut at quantiles by linear interpolation (type 7), which are exact fractions."""
    return [floor(cut) for cut in _linear(measure, bins, range(1, bins))]


def qcut_drop(measure: Distribution, bins: int) -> list[int]:
    """Cut as `pandas.qcut(duplicates="drop")`: of equal edges only one stays.

    The bins that are left are numbered without gaps.
    """
    edges = sorted(set(_linear(measure, bins, range(bins + 1))))
    return [floor(edge) for edge in edges[1:-1]]


def r_rfm(measure: Distribution, bins: int) -> list[int]:
    """Cut as R's package rfm: a value is above a cut at or beyond its type 7 quantile and a unit.

    A unit is a day, an order, 1.00 of the currency.
    """
    return [ceil(cut) + measure.unit - 1 for cut in _linear(measure, bins, range(1, bins))]


def mean(measure: Distribution, bins: int) -> list[int]:  # noqa: ARG001 - always two
    """Cut in two at the mean, which is good itself: values at it are high, days at it recent."""
    total = measure.total()
    return [-(-total // measure.n) - 1 if measure.ascending else total // measure.n]


def reserve_one_timers(measure: Distribution, bins: int) -> list[int]:
    """Keep bin 1 for customers with one order; the others are cut at quantiles."""
    others = measure.above(1)
    return [1, *quantile(others, bins - 1)] if others.n else [1] * (bins - 1)


CUTS: dict[str, Callable[[Distribution, int], list[int]]] = {
    "quantile": quantile,
    "quantile-linear": quantile_linear,
    QCUT_DROP: qcut_drop,
    "r-rfm": r_rfm,
    "mean": mean,
    "reserve-one-timers": reserve_one_timers,
}


def counts_below(method: str, n: int, bins: int) -> list[int]:
    """Return how many of n customers stand in the first i bins, i in 1..bins-1, split by rank.

    `ntile` as in SQL: the first bins have one more where n is no multiple. `rank-linear` as
    `pandas.qcut` over the ranks 1 to n.
    """
    if method == "ntile":
        size, more = divmod(n, bins)
        return [i * size + min(i, more) for i in range(1, bins)]
    return [1 + (n - 1) * i // bins for i in range(1, bins)]


def exact_sum(chunks: Values, each: Map) -> int:
    """Add up integers of 64 bits, any number of them."""
    return sum(each(_sum_of, chunks))


def _sum_of(chunk: Chunk) -> int:
    wide = np.asarray(chunk, np.int64)
    return (int((wide >> _HALF_WORD).sum()) << _HALF_WORD) + int((wide & 0xFFFFFFFF).sum())


def _linear(measure: Distribution, bins: int, numbers: Sequence[int]) -> list[Fraction]:
    """Return the type 7 quantiles i/bins: R's and NumPy's default."""
    places = [divmod((measure.n - 1) * i, bins) for i in numbers]
    ranks = sorted({rank for low, rest in places for rank in (low, low + (rest > 0))})
    values = dict(zip(ranks, measure.at(ranks), strict=True))
    return [
        values[low] + Fraction((values[low + (rest > 0)] - values[low]) * rest, bins)
        for low, rest in places
    ]
