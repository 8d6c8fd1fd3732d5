"""Every customer's three scores, and the cell of the score cube they make."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rfm_engine.kernels import kernel
from rfm_engine.orders.arrays import frozen


class Cuts(NamedTuple):
    """Ascending cut points in the measures' integers: days, orders, minor units."""

    r: list[int]
    f: list[int]
    m: list[int]


class Bins(NamedTuple):
    """Number of bins an axis."""

    r: int
    f: int
    m: int

    @property
    def n_cells(self) -> int:
        """Cells of the score cube."""
        return self.r * self.f * self.m

    def scores(self, cell: int) -> tuple[int, int, int]:
        """Return the scores of a cell, from 1."""
        rest, m = divmod(cell, self.m)
        r, f = divmod(rest, self.f)
        return r + 1, f + 1, m + 1


class Scores(NamedTuple):
    """Scores of a chunk, `int8[n]` each, and cells, `int32[n]`."""

    r: npt.NDArray[np.int8]
    f: npt.NDArray[np.int8]
    m: npt.NDArray[np.int8]
    cells: npt.NDArray[np.int32]


def score_cells(
    recency_days: npt.NDArray[np.int32],
    frequency: npt.NDArray[np.int64],
    monetary: npt.NDArray[np.int64],
    cuts: Cuts,
    bins: Bins,
) -> Scores:
    """Score a chunk: bin = 1 + number of cut points below the value; recency reversed."""
    n = len(frequency)
    scores = Scores(
        np.empty(n, np.int8), np.empty(n, np.int8), np.empty(n, np.int8), np.empty(n, np.int32)
    )
    bin_values(frozen(recency_days.astype(np.int64)), _array(cuts.r), bins.r, scores.r)
    bin_values(frozen(frequency), _array(cuts.f), 0, scores.f)
    bin_values(frozen(monetary), _array(cuts.m), 0, scores.m)
    place_cells(scores.r, scores.f, scores.m, bins.f, bins.m, scores.cells)
    return scores


def tally(
    cells: npt.NDArray[np.int32],
    frequency: npt.NDArray[np.int64],
    monetary: npt.NDArray[np.int64],
    totals: npt.NDArray[np.int64],
) -> None:
    """Add a chunk to `totals`, `int64[cells, 4]`; see `cell_sums`."""
    tally_cells(cells, frozen(frequency), frozen(monetary), totals)


def cell_sums(totals: npt.NDArray[np.int64]) -> list[tuple[int, int, int]]:
    """Return customers, orders and net amount (exact, of any size) of each cell."""
    return [(n, orders, (high << 32) + low) for n, orders, high, low in totals.tolist()]


def _array(cuts: list[int]) -> npt.NDArray[np.int64]:
    return frozen(np.array(cuts, np.int64))


@kernel
def bin_values(values, cuts, reverse_bins, scores):
    """Write `1 + #{cuts < value}` to `int8[n]`, or with `reverse_bins` k, `k - #{cuts < value}`."""
    n_cuts = len(cuts)
    for i in range(len(values)):
        value = values[i]
        low = 0
        high = n_cuts
        while low < high:
            middle = (low + high) >> 1
            if cuts[middle] < value:
                low = middle + 1
            else:
                high = middle
        scores[i] = reverse_bins - low if reverse_bins > 0 else low + 1


@kernel
def place_cells(r, f, m, f_bins, m_bins, cells):
    """Write the number of each customer's cell, m running fastest."""
    for i in range(len(cells)):
        row = np.int64(r[i]) - 1
        column = np.int64(f[i]) - 1
        cells[i] = (row * f_bins + column) * m_bins + np.int64(m[i]) - 1


@kernel
def tally_cells(cells, frequency, monetary, totals):
    """Add customers, orders, and the net amount's high and low 32 bits to each cell.

    Two halves, because a sum over 2^31 customers of 18 digits each leaves int64.
    """
    for i in range(len(cells)):
        cell = cells[i]
        totals[cell, 0] += 1
        totals[cell, 1] += frequency[i]
        totals[cell, 2] += monetary[i] >> 32
        totals[cell, 3] += monetary[i] & 0xFFFFFFFF
