"""Place customers in the cells of the score cube, and add up the totals of each cell."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import frozen
from rfm_engine.kernels.types import Cells, Integers

N_SUMS = 5
"""Customers, orders, the high and low 32 bits of the net amount, days since the last order."""


class Cuts(NamedTuple):
    """Ascending cut points as integers: days, orders, minor units."""

    r: list[int]
    f: list[int]
    m: list[int]


class Bins(NamedTuple):
    """Number of bins per axis."""

    r: int
    f: int
    m: int

    @property
    def n_cells(self) -> int:
        """Number of cells of the score cube."""
        return self.r * self.f * self.m

    def scores(self, cell: int) -> tuple[int, int, int]:
        """Return the r, f and m score of a cell, from 1."""
        rest, m = divmod(cell, self.m)
        r, f = divmod(rest, self.f)
        return r + 1, f + 1, m + 1

    def digits(self) -> tuple[npt.NDArray[np.int8], ...]:
        """Return the r, f and m score of every cell, `int8[cells]` each."""
        places = np.unravel_index(np.arange(self.n_cells), self)
        return tuple((place + 1).astype(np.int8) for place in places)


def new_sums(bins: Bins) -> npt.NDArray[np.int64]:
    """Return sums of 0 per cell, `int64[cells, N_SUMS]`; `place_customers` adds to them."""
    return np.zeros((bins.n_cells, N_SUMS), np.int64)


class Added(NamedTuple):
    """What is added up per cell: orders, net amount in minor units, days since the last order.

    Read-only arrays `int64[n]`, `int64[n]` and `int32[n]`.
    """

    frequency: Integers
    monetary: Integers
    recency_days: npt.NDArray[np.int32]


class Compared(NamedTuple):
    """The values to compare with the cut points, `int64[n]` per axis."""

    r: npt.NDArray[np.int64]
    f: npt.NDArray[np.int64]
    m: npt.NDArray[np.int64]


def place_customers(
    compared: Compared,
    cuts: Cuts,
    bins: Bins,
    added: Added,
    sums: npt.NDArray[np.int64],
) -> Cells:
    """Return the cell of each customer, and add the customer to the sums of the cell.

    A score is 1 + the number of cut points below the value; recency scores are reversed. The m
    score changes fastest from cell to cell.
    """
    cells = np.empty(len(added.frequency), np.int32)
    place_cells(*map(frozen, compared), *map(_array, cuts), bins.f, bins.m, added, cells, sums)
    return cells


def cell_sums(sums: npt.NDArray[np.int64]) -> list[tuple[int, int, int, int]]:
    """Return the customers, orders, net amount and total recency of each cell, exactly."""
    return [(n, orders, (high << 32) + low, days) for n, orders, high, low, days in sums.tolist()]


def _array(cuts: list[int]) -> npt.NDArray[np.int64]:
    return frozen(np.array(cuts, np.int64))


@kernel
def place_cells(
    r_values, f_values, m_values, r_cuts, f_cuts, m_cuts, f_bins, m_bins, added, cells, sums
):  # fmt: skip
    """Fill `cells`, and add each customer to the sums of its cell, `int64[cells, N_SUMS]`."""
    for i in range(len(cells)):
        r = len(r_cuts) - cuts_below(r_values[i], r_cuts)
        f = cuts_below(f_values[i], f_cuts)
        m = cuts_below(m_values[i], m_cuts)
        cell = (r * f_bins + f) * m_bins + m
        cells[i] = cell
        add_customer(sums, cell, added, i)


@kernel
def add_customer(sums, row, added, i):
    """Add customer `i` to a row of `sums`.

    The amount is added as two halves because a sum over 2^31 customers of 18 digits each exceeds
    int64.
    """
    sums[row, 0] += 1
    sums[row, 1] += added.frequency[i]
    sums[row, 2] += added.monetary[i] >> 32
    sums[row, 3] += added.monetary[i] & 0xFFFFFFFF
    sums[row, 4] += added.recency_days[i]


@kernel
def cuts_below(value, cuts):
    """Return how many of the ascending cut points are below the value.

    Up to 8 cut points are counted without a branch: four take 1 ns, and bisection takes 5 ns.
    """
    n = len(cuts)
    low = 0
    if n <= 8:
        for j in range(n):
            low += cuts[j] < value
        return low
    high = n
    while low < high:
        middle = (low + high) >> 1
        if cuts[middle] < value:
            low = middle + 1
        else:
            high = middle
    return low
