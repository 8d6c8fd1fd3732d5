"""Methods that cut an axis at values: a bin is one more than the cut points below the value.

A method is written once, in two steps: at or between which ranks it cuts (`write_places`), and what
cut points follow from the values there (`write_cuts`). Only how these values are found differs:
those of all customers are counted, those of a group are sorted.

Every method comes down to ascending integers, whatever fractions it is written in, because values
are integers: `v > 2.5` is `v > 2`, and `v >= 2.5` is `v > 2` too.
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
"""The numbers that kernels have for the methods of `CUTS`.

- `quantile` cuts at the i/bins quantiles by inverted CDF (Hyndman and Fan's type 1): the smallest
  value with at least `ceil(i * n / bins)` values at or below it. Equal values share a bin.
- `quantile-linear` interpolates (type 7, R's and NumPy's default), in exact fractions.
- `qcut-drop` is `pandas.qcut(duplicates="drop")`: of equal edges only one stays, and the bins that
  are left are numbered without gaps.
- `r-rfm` is R's package rfm: above are values at or beyond a type 7 quantile and a unit, which is a
  day, an order, 1.00 of the currency.
- `mean` cuts in two at the mean, which is good itself: amounts at it are high, days at it recent.
- `reserve-one-timers` keeps bin 1 for customers with one order and cuts the others at quantiles.
"""
BY_RANK = ("ntile", "rank-linear")
NESTED = "nested"
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

    def up_to(self, value: int) -> int:
        """Count the values up to a value."""


class Measure(NamedTuple):
    """The values of one axis over all customers, and what one unit of it is in its integers.

    `ascending` says that high values are good; of recency they are bad.
    """

    chunks: ValueChunks
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

    def up_to(self, value: int) -> int:
        """Count the values up to a value."""
        return sum(int((chunk <= value).sum()) for chunk in self.chunks)


class Numbers(NamedTuple):
    """Numbers to cut at, `int64[bins + 1]` each: `rest` parts of the way from `low` to `high`.

    `low` and `high` are places in ascending values.
    """

    low: Integers
    high: Integers
    rest: Integers

    @classmethod
    def room(cls, bins: int) -> Numbers:
        """Return room for the numbers of any method with up to `bins` bins."""
        return cls(*np.zeros((3, bins + 1), np.int64))


class Rules(NamedTuple):
    """How axes are cut, `int64[axes]` each; `unit` and `ascending` are those of `Distribution`."""

    method: Integers
    bins: Integers
    unit: Integers
    ascending: Integers

    @classmethod
    def of(cls, axes: Iterable[tuple[str, int, Distribution]]) -> Rules:
        """Return the rules of axes, given the method and bins of each."""
        rows = [(CUTS.index(how), bins, axis.unit, axis.ascending) for how, bins, axis in axes]
        return cls(*(frozen(np.array(field, np.int64)) for field in zip(*rows, strict=True)))


def fit_cuts(method: str, measure: Distribution, bins: int) -> list[int]:
    """Return the cut points of a method, fewer than `bins - 1` only under `qcut-drop`.

    Without customers the list is empty.
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
    """Return how many of n customers are in the first i bins, i in 1..bins-1, split by rank."""
    return [int(count_below(method == "ntile", i, n, bins)) for i in range(1, bins)]


def exact_sum(chunks: ValueChunks, each: Map) -> int:
    """Add up integers of 64 bits, any number of them."""
    return sum(each(_sum_of, chunks))


def average(chunks: ValueChunks, part: Fraction | None, each: Map) -> Fraction:
    """Return the mean of at least one value, or with `part` that quantile by inverted CDF."""
    n = sum(map(len, chunks))
    if part is None:
        return Fraction(exact_sum(chunks, each), n)
    return Fraction(select(chunks, [ceil(part * n) - 1], each)[0])


def _sum_of(chunk: Values) -> int:
    wide = np.asarray(chunk, np.int64)
    return (int((wide >> _HALF_WORD).sum()) << _HALF_WORD) + int((wide & 0xFFFFFFFF).sum())


@kernel
def count_below(is_ntile, i, n, bins):
    """Return how many of n customers are in the first i of some bins when split by rank.

    `ntile` as in SQL: the first bins have one more where n is no multiple. `rank-linear` as
    `pandas.qcut` over the ranks 1 to n.
    """
    return i * (n // bins) + min(i, n % bins) if is_ntile else 1 + (n - 1) * i // bins


@kernel
def observed_rank(i, n, bins):
    """Return the rank of the i/bins quantile of n values by inverted CDF."""
    return (i * n + bins - 1) // bins - 1


@kernel
def write_places(rules, axis, n, n_reserved, numbers):
    """Write at or between which of n ascending values an axis is cut; return at how many numbers.

    The first `n_reserved` values are not cut. A mean is halfway between two values, the integers
    around it, because it is then rounded to the same integers.
    """
    method = rules.method[axis]
    bins = rules.bins[axis] - int(method == RESERVE)
    # The least and the greatest value are no cuts, but quantiles may equal them.
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
    """Write the cut points that follow from numbers among ascending values; return how many."""
    method, bins = rules.method[axis], rules.bins[axis]
    is_distinct, is_reserved = int(method == QCUT), int(method == RESERVE)
    margin = rules.unit[axis] if method == R_RFM else 0
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
        if method == R_RFM or (method == MEAN and rules.ascending[axis]):
            # `v >= x + margin` is `v > ceil(x) + margin - 1`. Above 2^63 - 1 there is no value.
            whole = min(whole + (part > 0), GREATEST - margin) + margin - 1
        if n_cuts >= 0:
            cuts[n_cuts] = whole
        n_cuts += 1
    return bins - 1 if is_reserved else max(n_cuts - is_distinct, 0)


@kernel
def number_between(low, high, rest, bins):
    """Return the number `rest / bins` of the way from `low` to `high`: floor, rest in `1/bins`."""
    if rest == 0:
        return low, np.int64(0)
    k = np.uint64(bins)
    # Without sign, because the difference of two integers may need 64 bits.
    difference = np.uint64(high) - np.uint64(low)
    left = (difference % k) * np.uint64(rest)
    return low + np.int64((difference // k) * np.uint64(rest) + left // k), np.int64(left % k)
