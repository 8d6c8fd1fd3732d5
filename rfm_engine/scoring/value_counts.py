"""Counts of values, and counts of amounts by keys that keep their order but not the last digits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import frozen
from rfm_engine.kernels.types import Integers
from rfm_engine.scoring.selection import count_leading

# Values less than this above the smallest are counted in an array; only larger ones are sorted.
_NEAR = 1 << 16
# Fewer values than these are sorted: the arrays for counting take 1 ms.
_FEW = 1 << 12
KEYS = 1 << 17
"""Number of keys. A key has the sign, the exponent and the 10 bits after the leading bit."""
_HALF = KEYS // 2


class ValueCounts(NamedTuple):
    """Ascending values and the number of customers per value, both `int64[n]`."""

    values: Integers
    counts: Integers

    @classmethod
    def of(cls, values: npt.NDArray[np.integer]) -> ValueCounts:
        """Count values; values that are close together take linear time."""
        if not len(values):
            return cls(np.zeros(0, np.int64), np.zeros(0, np.int64))
        wide = values.astype(np.int64, copy=False)
        if len(wide) < _FEW:
            return cls._sorted(wide)
        least = int(values.min())
        base = np.uint64(least % (1 << 64))
        far = wide[:0]
        if int(values.max()) - least >= _NEAR:
            is_far = wide.view(np.uint64) - base >= np.uint64(_NEAR)
            far, wide = wide[is_far], wide[~is_far]
        counts = np.zeros(_NEAR, np.int64)
        count_leading(frozen(wide), base, np.uint64(0), counts)
        near = np.flatnonzero(counts)
        found = cls(near + least, counts[near])
        if not len(far):
            return found
        more = cls._sorted(far)
        return cls(*(np.append(*pair) for pair in zip(found, more, strict=True)))

    @classmethod
    def _sorted(cls, values: Integers) -> ValueCounts:
        """Count values by sorting them."""
        distinct, (counts,) = _added([[values, np.ones(len(values), np.int64)]])
        return cls(distinct, counts)

    def chosen(self, mask: npt.NDArray[np.bool_]) -> ValueCounts:
        """Return the values and counts where a mask, `bool[n]`, is True."""
        return ValueCounts(self.values[mask], self.counts[mask])

    @property
    def n(self) -> int:
        """Number of customers."""
        return int(self.counts.sum())


class KeyCounts(NamedTuple):
    """Ascending keys of amounts, customers per key, and the exact sum as high and low 32 bits.

    All arrays are `int64[n]`. The low half is from 0 to 2^32 - 1.
    """

    keys: Integers
    counts: Integers
    high: Integers
    low: Integers

    @classmethod
    def of(cls, amounts: Integers) -> KeyCounts:
        """Count amounts by key."""
        if len(amounts) < _FEW:
            ones = np.ones(len(amounts), np.int64)
            columns = keys_of(amounts), ones, amounts >> 32, amounts & 0xFFFFFFFF
            keys, sums = _added([columns])
            return cls(keys, *_carried(sums))
        table = np.zeros((KEYS, 3), np.int64)
        count_by_key(frozen(amounts), table)
        places = np.flatnonzero(table[:, 0])
        return cls(places - _HALF, *_carried(table[places].T))

    @property
    def sums(self) -> list[int]:
        """The exact sum per key."""
        return [
            (high << 32) + low
            for high, low in zip(self.high.tolist(), self.low.tolist(), strict=True)
        ]

    def bounds(self) -> tuple[Integers, Integers]:
        """Return the smallest and the largest amount of each key."""
        is_negative = self.keys < 0
        places = np.where(is_negative, ~self.keys, self.keys)
        shift = np.maximum((places >> 10) - 1, 0)
        leading = np.where(shift > 0, (places & 1023) + 1024, places)
        low = leading << shift
        high = low + (np.int64(1) << shift) - 1
        return np.where(is_negative, ~high, low), np.where(is_negative, ~low, high)


def merged_values(parts: Iterable[ValueCounts]) -> ValueCounts:
    """Add up the counts of several parts."""
    values, (counts,) = _added([[part.values, part.counts] for part in parts])
    return ValueCounts(values, counts)


def merged_keys(parts: Iterable[KeyCounts]) -> KeyCounts:
    """Add up the counts and sums of several parts."""
    keys, columns = _added(list(parts))
    return KeyCounts(keys, *_carried(columns))


def complete(amounts: ValueCounts, money: KeyCounts) -> ValueCounts:
    """Return the amounts of the keys for which the amount of every customer is counted."""
    keys, places = np.unique(keys_of(amounts.values), return_inverse=True)
    counts = np.zeros(len(keys), np.int64)
    np.add.at(counts, places, amounts.counts)
    whole = counts == money.counts[np.searchsorted(money.keys, keys)]
    return amounts.chosen(whole[places])


def keys_of(amounts: Integers) -> Integers:
    """Return the key of each amount, from -2^16 to 2^16 - 1; keys have the order of amounts."""
    keys = np.empty(len(amounts), np.int64)
    write_keys(frozen(amounts), keys)
    return keys


def _added(parts: Sequence[Sequence[Integers]]) -> tuple[Integers, list[Integers]]:
    """Return the distinct values of the first columns, and the sums of the other columns."""
    first, *others = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.argsort(first, kind="stable")
    ordered = first[order]
    starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)])
    return ordered[starts], [
        np.add.reduceat(column[order], starts) if len(starts) else column for column in others
    ]


def _carried(columns: Iterable[Integers]) -> tuple[Integers, Integers, Integers]:
    counts, high, low = columns
    return counts, high + (low >> 32), low & 0xFFFFFFFF


@kernel
def count_by_key(amounts, table):
    """Add 1 and both halves of each amount to the row of its key in `table`, `int64[2^17, 3]`."""
    for i in range(len(amounts)):
        amount = amounts[i]
        row = key_of(amount) + 65536
        table[row, 0] += 1
        table[row, 1] += amount >> 32
        table[row, 2] += amount & 0xFFFFFFFF


@kernel
def write_keys(amounts, keys):
    """Write the key of each amount to `keys`; both arrays are `int64[n]`."""
    for i in range(len(amounts)):
        keys[i] = key_of(amounts[i])


@kernel
def key_of(amount):
    """Return the key of an amount: below 2^11 the amount, else its exponent and leading 11 bits.

    The key of a negative amount is `~key_of(~amount)`.
    """
    size = amount if amount >= 0 else ~amount
    shift = 0
    if size >> 42:
        size >>= 32
        shift = 32
    if size >> 26:
        size >>= 16
        shift += 16
    if size >> 18:
        size >>= 8
        shift += 8
    if size >> 14:
        size >>= 4
        shift += 4
    if size >> 12:
        size >>= 2
        shift += 2
    if size >> 11:
        size >>= 1
        shift += 1
    key = (shift << 10) + size
    return key if amount >= 0 else ~key
