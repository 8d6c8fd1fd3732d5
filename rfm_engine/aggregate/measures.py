"""First and last purchase, orders and net amount: four integers a customer.

`records` is `int64[n, 4]`: first purchase, last purchase, orders and carry, net amount. The net
amount is kept modulo 2^64, and each wrap is carried into the bits of the third field above
`COUNT_BITS`. So a sum that leaves int64 on the way and comes back is exact, and whether it is too
large is asked once, at the end: the answer cannot depend on the order of the rows.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rfm_engine.aggregate.memory import empty
from rfm_engine.kernels import kernel

COUNT_BITS = 40
FIRST, LAST, COUNT, SUM = range(4)
_NEUTRAL = (np.iinfo(np.int64).max, np.iinfo(np.int64).min, 0, 0)
_ONE_CARRY = np.int64(1 << COUNT_BITS)


class Measures:
    """The records of a partition's customers, by code."""

    def __init__(self) -> None:
        self._records = np.empty((0, 4), np.int64)
        self.n = 0

    @property
    def records(self) -> npt.NDArray[np.int64]:
        """The records, `int64[n, 4]`, a view."""
        return self._records[: self.n]

    @property
    def nbytes(self) -> int:
        """Bytes in use."""
        return self.records.nbytes

    def extend(self, n: int) -> None:
        """Give codes up to `n` a neutral record."""
        if n > len(self._records):
            larger = empty((max(n, 2 * len(self._records)), 4), np.int64)
            larger[: self.n] = self.records
            self._records = larger
        self._records[self.n : n] = _NEUTRAL
        self.n = n

    def add(
        self, codes: npt.NDArray[np.uint32], facts: npt.NDArray[np.int64], *, count: bool
    ) -> None:
        """Add rows, `facts` being `int64[n, 2]` of time and amount; `count` them as orders."""
        accumulate(codes, facts, np.int64(count), _ONE_CARRY, self._records)

    def absorb(self, codes: npt.NDArray[np.uint32], others: npt.NDArray[np.int64]) -> None:
        """Add other records, `int64[n, 4]`, to those of `codes`."""
        combine(codes, others, _ONE_CARRY, self._records)

    def count_orders(self, codes: npt.NDArray[np.uint32]) -> None:
        """Count one order more for every one of `codes`."""
        np.add.at(self.records[:, COUNT], codes, 1)


@kernel
def accumulate(codes, facts, count, one_carry, records):
    """Add each row to its customer's record; refunds touch the amount only."""
    for i in range(len(codes)):
        code = codes[i]
        time = facts[i, 0]
        amount = facts[i, 1]
        if amount >= 0:
            if time < records[code, 0]:
                records[code, 0] = time
            if time > records[code, 1]:
                records[code, 1] = time
            records[code, 2] += count
        before = records[code, 3]
        after = before + amount
        records[code, 3] = after
        if (before ^ after) & (amount ^ after) < 0:
            records[code, 2] += one_carry if amount > 0 else -one_carry


@kernel
def combine(codes, others, one_carry, records):
    """Add record `i` of `others` to that of `codes[i]`."""
    for i in range(len(codes)):
        code = codes[i]
        records[code, 0] = min(records[code, 0], others[i, 0])
        records[code, 1] = max(records[code, 1], others[i, 1])
        amount = others[i, 3]
        before = records[code, 3]
        after = before + amount
        records[code, 3] = after
        records[code, 2] += others[i, 2]
        if (before ^ after) & (amount ^ after) < 0:
            records[code, 2] += one_carry if amount > 0 else -one_carry
