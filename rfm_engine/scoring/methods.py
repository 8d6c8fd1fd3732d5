"""Methods that cut an axis at values: a bin is 1 + the number of cut points below the value.

Each method is implemented once, in two steps. `write_places` finds the ranks at which, or between
which, it cuts. `write_cuts` computes the cut points from the values at these ranks. Only the search
for these values differs: all customers are counted, and the customers of a group are sorted.

The cut points of every method are ascending integers, even if its definition has fractions. This is
possible because values are integers: `v > 2.5` is the same as `v > 2`, and so is `v >= 2.5`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from math import ceil
from typing import NamedTuple, Protocol

import numpy as np

from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import frozen
from rfm_engine.kernels.types import Integers, ValueChunks, Values
from rfm_engine.orders.extent import GREATEST
from rfm_engine.scoring.selection import Map, select

CUTS = ("quantile", "quantile-linear", "qcut-drop", "r-rfm", "mean", "reserve-one-timers")
QUANTILE, LINEAR, QCUT, R_RFM, MEAN, RESERVE = range(len(CUTS))
"""The numbers of the methods of `CUTS` in kernels.

- `quantile` cuts at the i/bins quantiles by inverted CDF (Hyndman and Fan's type 1): the smallest
  value with at least `ceil(i * n / bins)` values at or below it. Equal values share a bin.
- `quantile-linear` interpolates (type 7, the default of R and NumPy), in exact fractions.
- `qcut-drop` is `pandas.qcut(duplicates="drop")`: only one of several equal edges is kept, and the
  remaining bins are numbered without gaps.
- `r-rfm` is the R package rfm: a value is in the higher bin if it is at least a type 7 quantile
  plus one unit. A unit is a day, an order, or 1.00 of the currency.
- `mean` makes two bins at the mean. A value equal to the mean is in the better bin: an amount is
  high, a number of days is recent.
- `reserve-one-timers` keeps bin 1 for customers with one order and cuts the others at quantiles.
"""
BY_RANK = ("ntile", "rank-linear")
NESTED = "nested"
_HALF_WORD = 32


class Distribution(Protocol):
    """What a method needs to know about the values of one axis over all customers."""

    @property
    def n(self) -> int:
        """Number of customers."""

    @property
    def unit(self) -> int:
        """One unit of the axis in its integers."""

    @property
    def ascending(self) -> bool:
        """Whether high values are good. It is False for recency."""

    def at(self, ranks: Sequence[int]) -> list[int]:
        """Return the values at ascending ranks; rank 0 is the smallest value."""

    def total(self) -> int:
        """Return the exact sum."""

    def up_to(self, value: int) -> int:
        """Count the values that are at most `value`."""


class Measure(NamedTuple):
    """The values of one axis over all customers, by chunk.

    `unit` is one unit of the axis in its integers. `ascending` is True if high values are good,
    and False for recency.
    """

    chunks: ValueChunks
    each: Map
    unit: int = 1
    ascending: bool = True

    @property
    def n(self) -> int:
        """Number of customers."""
        return sum(len(chunk) for chunk in self.chunks)

    def at(self, ranks: Sequence[int]) -> list[int]:
        """Return the values at ascending ranks; rank 0 is the smallest value."""
        return select(self.chunks, ranks, self.each)

    def total(self) -> int:
        """Return the exact sum."""
        return exact_sum(self.chunks, self.each)

    def up_to(self, value: int) -> int:
        """Count the values that are at most `value`."""
        return sum(int((chunk <= value).sum()) for chunk in self.chunks)


class Numbers(NamedTuple):
    """Numbers to cut at, `int64[bins + 1]` each: `rest` parts of the way from `low` to `high`.

    `low` and `high` are indices of ascending values. A part is 1/bins, where `reserve-one-timers`
    does not count its first bin.
    """

    low: Integers
    high: Integers
    rest: Integers

    @classmethod
    def room(cls, bins: int) -> Numbers:
        """Allocate arrays for the numbers of any method with up to `bins` bins."""
        return cls(*np.zeros((3, bins + 1), np.int64))


class Rules(NamedTuple):
    """How axes are cut, `int64[axes]` each; `Distribution` describes `unit` and `ascending`."""

    method: Integers
    bins: Integers
    unit: Integers
    ascending: Integers

    @classmethod
    def of(cls, axes: Iterable[tuple[str, int, Distribution]]) -> Rules:
        """Return the rules of axes, given the method, the bins and the values of each."""
        rows = [(CUTS.index(how), bins, axis.unit, axis.ascending) for how, bins, axis in axes]
        return cls(*(frozen(np.array(field, np.int64)) for field in zip(*rows, strict=True)))


def fit_cuts(method: str, measure: Distribution, bins: int) -> list[int]:
    """Return the `bins - 1` cut points of a method; `qcut-drop` can have fewer.

    The list is empty if there are no customers.
    """
    n = measure.n
    if not n:
        return []
    rules, numbers = Rules.of([(method, bins, measure)]), Numbers.room(bins)
    if rules.method[0] == MEAN:
        total = measure.total()
        values = [total // n, -(-total // n)]
        n_numbers = write_places(rules, 0, len(values), 0, numbers)
    else:
        n_reserved = measure.up_to(1) if rules.method[0] == RESERVE else 0
        n_numbers = write_places(rules, 0, n, n_reserved, numbers)
        ranks = sorted({rank for column in numbers[:2] for rank in column[:n_numbers].tolist()})
        values = measure.at(ranks) if n_numbers else []
        low, high = np.searchsorted(ranks, numbers[:2])
        numbers = Numbers(low, high, numbers.rest)
    cuts = np.empty(bins, np.int64)
    n_cuts = write_cuts(rules, 0, np.array(values, np.int64), n_numbers, numbers, cuts)
    return [int(cut) for cut in cuts[:n_cuts]]


def counts_below(method: str, n: int, bins: int) -> list[int]:
    """Return how many of n customers are in the first i bins by rank, for i from 1 to bins - 1."""
    return [int(count_below(method == "ntile", i, n, bins)) for i in range(1, bins)]


def exact_sum(chunks: ValueChunks, each: Map) -> int:
    """Return the exact sum of any number of 64-bit integers."""
    return sum(each(_sum_of, chunks))


def average(found: Distribution, part: Fraction | None) -> Fraction:
    """Return the mean of one or more values, or the quantile `part` by inverted CDF."""
    if part is None:
        return Fraction(found.total(), found.n)
    return Fraction(found.at([ceil(part * found.n) - 1])[0])


def _sum_of(chunk: Values) -> int:
    wide = np.asarray(chunk, np.int64)
    return (int((wide >> _HALF_WORD).sum()) << _HALF_WORD) + int((wide & 0xFFFFFFFF).sum())


@kernel
def count_below(is_ntile, i, n, bins):
    """Return how many of n customers are in the first i bins when they are split by rank.

    `ntile` is as in SQL: the first bins have one customer more if n is not a multiple of `bins`.
    `rank-linear` is as `pandas.qcut` of the ranks 1 to n.
    """
    return i * (n // bins) + min(i, n % bins) if is_ntile else 1 + (n - 1) * i // bins


@kernel
def observed_rank(i, n, bins):
    """Return the rank of the i/bins quantile of n values by inverted CDF."""
    return (i * n + bins - 1) // bins - 1


@kernel
def write_places(rules, axis, n, n_reserved, numbers):
    """Write at or between which of n ascending values an axis is cut; return how many cuts.

    The first `n_reserved` values are not cut. The values for a mean are the two integers around it.
    The cut is halfway between them, because it is then rounded to the same integers as the mean.
    """
    method = rules.method[axis]
    bins = rules.bins[axis] - int(method == RESERVE)
    # The smallest and the largest value are no cut points, but quantiles can be equal to them.
    ends = int(method == QCUT)
    n -= n_reserved
    n_numbers = 0
    for i in range(1 - ends, bins + ends if n > 0 else 0):
        low, rest = observed_rank(i, n, bins), 0
        if method not in (QUANTILE, RESERVE):
            low, rest = (n - 1) * i // bins, (n - 1) * i % bins
        numbers.low[n_numbers] = n_reserved + low
        numbers.high[n_numbers] = n_reserved + low + (rest > 0)
        numbers.rest[n_numbers] = rest
        n_numbers += 1
    return n_numbers


@kernel
def write_cuts(rules, axis, values, n_numbers, numbers, cuts):
    """Write the cut points for `numbers`, given ascending values; return how many."""
    method, bins = rules.method[axis], rules.bins[axis]
    is_distinct, is_reserved = int(method == QCUT), int(method == RESERVE)
    last_whole = 0
    last_part = 0
    n_cuts = is_reserved - is_distinct
    if is_reserved:
        cuts[: bins - 1] = 1
    for k in range(n_numbers):
        low, high = values[numbers.low[k]], values[numbers.high[k]]
        whole, part = number_between(low, high, numbers.rest[k], bins - is_reserved)
        if is_distinct and k > 0 and whole == last_whole and part == last_part:
            continue
        last_whole = whole
        last_part = part
        if method == R_RFM:
            # `v >= x + unit` is `v > ceil(x) + unit - 1`. No value exceeds 2^63 - 1.
            more = rules.unit[axis] - 1
            whole = min(whole + (part > 0), GREATEST - more) + more
        elif method == MEAN and rules.ascending[axis]:
            whole += (part > 0) - 1  # `v >= x` is `v > ceil(x) - 1`
        if n_cuts >= 0:
            cuts[n_cuts] = whole
        n_cuts += 1
    return bins - 1 if is_reserved else max(n_cuts - is_distinct, 0)


@kernel
def number_between(low, high, rest, bins):
    """Return the floor of the number `rest / bins` of the way from `low` to `high`, and the rest.

    The rest is in units of `1/bins`.
    """
    if rest == 0:
        return low, np.int64(0)
    k = np.uint64(bins)
    # Unsigned, because the difference of two int64 values can need 64 bits.
    difference = np.uint64(high) - np.uint64(low)
    left = (difference % k) * np.uint64(rest)
    return low + np.int64((difference // k) * np.uint64(rest) + left // k), np.int64(left % k)
