"""Concentration: how much of the net amount comes from how few customers, in exact integers.

The Gini coefficient is `sum((2 i - N - 1) v_i) / (N sum(v))` over ascending amounts, i from 1 to N
(Sen 1973), without a correction for small N. Customers with a negative net amount are included, so
that it can exceed 1.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import frozen
from rfm_engine.kernels.types import Integers
from rfm_engine.scoring.selection import Map

PERCENTS = (1, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100)
"""The shares of customers, in percent, whose amounts are added up."""
MAKE = (50, 58, 80, 90)
"""The shares of the net amount, in percent, for which customers are counted."""
# Sums of a block times positions in it stay below 2^62.
_BLOCK = 1 << 15


class Concentration(NamedTuple):
    """The net amount of the best customers.

    Attributes
    ----------
    percents, customers, minor
        For each share of customers, in percent: their number, rounded up, and the sum of the
        largest net amounts of this many customers, in minor units.
    make, makers
        For each share of the net amount, in percent: the smallest number of customers who together
        have at least this share. None if the net amount of all customers is not above 0.
    gini
        The Gini coefficient as numerator and denominator, not reduced. None if the net amount of
        all customers is not above 0.
    n_negative
        Number of customers with a net amount below 0.
    """

    percents: tuple[int, ...]
    customers: tuple[int, ...]
    minor: tuple[int, ...]
    make: tuple[int, ...]
    makers: tuple[int, ...] | None
    gini: tuple[int, int] | None
    n_negative: int

    @classmethod
    def of(cls, ascending: Integers, each: Map = map) -> Concentration:
        """Compute the concentration of ascending net amounts, `int64[n]`."""
        n = len(ascending)
        sums = _Sums(ascending, each)
        customers = tuple(-(-n * percent // 100) for percent in PERCENTS)
        minor = tuple(sums.total - sums.before(n - k) for k in customers)
        makers, gini = None, None
        if sums.total > 0:
            # Reversed, the last `k` values are the first ones.
            wanted = [-(-sums.total * share // 100) for share in MAKE]
            makers = tuple(n - sums.most_before(sums.total - amount) for amount in wanted)
            gini = sums.weighted(), n * sums.total
        n_negative = int(np.searchsorted(ascending, 0))
        return cls(PERCENTS, customers, minor, MAKE, makers, gini, n_negative)


class _Sums:
    """Exact sums of the first values of an ascending array, by blocks."""

    def __init__(self, ascending: Integers, each: Map) -> None:
        self._values = ascending
        starts = range(0, len(ascending), _BLOCK)
        self._starts = starts
        blocks = each(_sums_of, [ascending[start : start + _BLOCK] for start in starts])
        self._blocks: Sequence[tuple[int, int]] = list(blocks)
        ends = [0]
        for own, _ in self._blocks:
            ends.append(ends[-1] + own)
        self._ends = ends

    @property
    def total(self) -> int:
        """The sum of all values."""
        return self._ends[-1]

    def before(self, n: int) -> int:
        """Return the sum of the first n values."""
        block = n // _BLOCK
        return self._ends[block] + _sums_of(self._values[block * _BLOCK : n])[0]

    def most_before(self, most: int) -> int:
        """Return how many of the first values have a sum of at most `most`.

        `most` is at least 0. Negative values come first, so their sums are counted too: only from
        the last of them on, the sums increase.
        """
        first = int(np.searchsorted(self._values, 0))
        places = range(first, len(self._values) + 1)
        # The sums increase, so that the first place after which one is too large can be bisected.
        return first + bisect_right(places, most, key=self.before) - 1

    def weighted(self) -> int:
        """Return the sum of the values times `2 i - n - 1`, where i counts values from 1."""
        n = len(self._values)
        return sum(
            (2 * start - n + 1) * own + 2 * by_place
            for start, (own, by_place) in zip(self._starts, self._blocks, strict=True)
        )


def _sums_of(values: Integers) -> tuple[int, int]:
    """Return the exact sum of up to `_BLOCK` values, and of values times their positions from 0."""
    sums: Any = np.zeros(4, np.int64)
    add_block(frozen(values), sums)
    high, low, high_by_place, low_by_place = sums.tolist()
    return (high << 32) + low, (high_by_place << 32) + low_by_place


@kernel
def add_block(values, sums):
    """Write to `sums`, `int64[4]`, sums of high and low 32 bits, and of both times the position.

    There are at most 2^15 values, so that no sum exceeds 2^62.
    """
    high, low, high_by_place, low_by_place = 0, 0, 0, 0
    for i in range(len(values)):
        value = values[i]
        high += value >> 32
        low += value & 0xFFFFFFFF
        high_by_place += (value >> 32) * i
        low_by_place += (value & 0xFFFFFFFF) * i
    sums[0] = high
    sums[1] = low
    sums[2] = high_by_place
    sums[3] = low_by_place
