"""The values of one axis as counts. Methods cut them in the same way as customers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from rfm_engine.kernels.types import Integers
from rfm_engine.scoring.value_counts import KeyCounts, ValueCounts, keys_of

_KNOWN = 1 << 17  # above all keys


@dataclass(frozen=True)
class Counted:
    """Ascending values with the customers and the exact sum of each, a `methods.Distribution`.

    If only the key of some amounts is known, the smallest amount of the key is used as their value.
    `missing` collects the key if a requested rank falls into it.
    """

    found: ValueCounts
    keys: Integers
    sums: npt.NDArray[Any]
    unit: int = 1
    ascending: bool = True
    missing: set[int] = field(default_factory=set)

    @classmethod
    def of(cls, found: ValueCounts, *, ascending: bool = True) -> Counted:
        """Return the distribution of values that are all known."""
        return cls(found, np.full(len(found.values), _KNOWN), _sums(found), 1, ascending)

    @classmethod
    def of_money(cls, money: KeyCounts, amounts: ValueCounts, unit: int) -> Counted:
        """Return the distribution of amounts, by key where the amounts are not known.

        The amounts of a key are known without `amounts` if the key has only one possible amount or
        only one customer.
        """
        is_open = ~np.isin(money.keys, keys_of(amounts.values))
        least, greatest = (ends[is_open] for ends in money.bounds())
        keys, counts = money.keys[is_open], money.counts[is_open]
        sums = np.array(money.sums, object)[is_open]
        alone = counts == 1
        values = least.copy()
        values[alone] = sums[alone].astype(np.int64)
        keys = np.where(alone | (least == greatest), _KNOWN, keys)
        values = np.append(values, amounts.values)
        order = np.argsort(values)
        return cls(
            ValueCounts(values[order], np.append(counts, amounts.counts)[order]),
            np.append(keys, np.full(len(amounts.values), _KNOWN))[order],
            np.append(sums, _sums(amounts))[order],
            unit,
        )

    @property
    def n(self) -> int:
        """Number of customers."""
        return self.found.n

    def at(self, ranks: Sequence[int]) -> list[int]:
        """Return the values at ascending ranks; rank 0 is the smallest value."""
        places = np.searchsorted(np.cumsum(self.found.counts), ranks, side="right")
        self.missing.update(set(self.keys[places].tolist()) - {_KNOWN})
        return [int(value) for value in self.found.values[places]]

    def total(self) -> int:
        """Return the exact sum."""
        return int(self.sums.sum())

    def up_to(self, value: int) -> int:
        """Count the values that are at most `value`."""
        return int(self.found.counts[self.found.values <= value].sum())


def _sums(found: ValueCounts) -> npt.NDArray[Any]:
    """Return the sum per value as Python integers, which cannot overflow."""
    sums: npt.NDArray[Any] = found.values.astype(object) * found.counts.astype(object)
    return sums
