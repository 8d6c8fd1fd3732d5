"""The values of one axis as counts, which methods cut as they cut the customers themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from rfm_engine.scoring.value_counts import Integers, KeyCounts, ValueCounts, keys_of

_KNOWN = 1 << 17  # no key


@dataclass(frozen=True)
class Counted:
    """Ascending values with customers and exact sum each, as `methods.Distribution`.

    Where only the key of some amounts is known, the least amount of the key is their value, and
    `missing` collects the key when a rank falls into it.
    """

    found: ValueCounts
    keys: Integers
    sums: npt.NDArray[Any]
    unit: int = 1
    ascending: bool = True
    missing: set[int] = field(default_factory=set)

    @classmethod
    def of(cls, found: ValueCounts, *, ascending: bool = True) -> Counted:
        """Take values that are all known."""
        return cls(found, np.full(len(found.values), _KNOWN), _sums(found), 1, ascending)

    @classmethod
    def of_money(cls, money: KeyCounts, amounts: ValueCounts, unit: int) -> Counted:
        """Take amounts where they are known, and keys where they are not.

        The amounts of a key are known without `amounts` if only one is possible, or is there.
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
        """How many customers."""
        return self.found.n

    def at(self, ranks: Sequence[int]) -> list[int]:
        """Return the values at ascending ranks; 0 is the least."""
        places = np.searchsorted(np.cumsum(self.found.counts), ranks, side="right")
        self.missing.update(set(self.keys[places].tolist()) - {_KNOWN})
        return [int(value) for value in self.found.values[places]]

    def total(self) -> int:
        """Return the exact sum."""
        return int(self.sums.sum())

    def above(self, value: int) -> Counted:
        """Return the values above a value."""
        mask = self.found.values > value
        return replace(
            self, found=self.found.chosen(mask), keys=self.keys[mask], sums=self.sums[mask]
        )


def _sums(found: ValueCounts) -> npt.NDArray[Any]:
    """Return the sum per value as Python integers, which have any size."""
    sums: npt.NDArray[Any] = found.values.astype(object) * found.counts.astype(object)
    return sums
