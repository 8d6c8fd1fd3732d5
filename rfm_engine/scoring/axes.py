"""Fit axes to customers: find cut points, and the values to compare with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rfm_engine.kernels.types import BinNumbers, Chunks
from rfm_engine.scoring.cells import Cuts
from rfm_engine.scoring.groups import Groups, Wanted, place_within, rank_within
from rfm_engine.scoring.methods import BY_RANK, NESTED, Measure, fit_cuts
from rfm_engine.scoring.nesting import nested_bins
from rfm_engine.scoring.ranks import IdsAt, rank_bins


class Axis(NamedTuple):
    """How one axis is cut: a method, a number of bins, and the cut points if they are given."""

    method: str
    bins: int
    cuts: list[int] | None = None


class Fitted(NamedTuple):
    """Cut points to report, and what is needed to place customers in bins.

    `cuts` is None if each group, or each bin with `nested`, has its own cut points; there are
    `n_sets` sets of them.

    The bin of a customer is 1 + the number of `at` below its value in `values`, `[axis][chunk]`.
    The values are the measures, or bins from 0 if the bin does not depend on the value alone.
    """

    cuts: Cuts | None
    n_sets: int
    at: Cuts
    values: list[Chunks]


def fit_axes(
    axes: Sequence[Axis],
    measures: Sequence[Measure],
    ids: Sequence[IdsAt],
    groups: Groups | None = None,
) -> Fitted:
    """Fit each axis to its measure, over all customers or within each group."""
    if axes[0].method == NESTED:
        placed, n_sets = nested_bins(measures, [axis.bins for axis in axes], groups)
        steps = Cuts(*map(_steps, axes))
        return Fitted(None, n_sets if groups is None else groups.n, steps, [*placed])
    if groups is not None:
        return _fit_groups(axes, measures, ids, groups)
    cuts, at = [], []
    values: list[Chunks] = []
    for axis, measure in zip(axes, measures, strict=True):
        if axis.method in BY_RANK:
            found, placed_chunks = rank_bins(axis.method, measure, axis.bins, ids)
            at.append(_steps(axis))
            values.append(list(placed_chunks))
        else:
            found = fit_cuts(axis.method, measure, axis.bins) if axis.cuts is None else axis.cuts
            at.append(found)
            values.append(list(measure.chunks))
        cuts.append(found)
    return Fitted(Cuts(*cuts), 0, Cuts(*at), values)


def _fit_groups(
    axes: Sequence[Axis], measures: Sequence[Measure], ids: Sequence[IdsAt], groups: Groups
) -> Fitted:
    if any(axis.method in BY_RANK for axis in axes):
        lengths = map(len, measures[0].chunks)
        groups = groups.by_id([at(np.arange(n)) for at, n in zip(ids, lengths, strict=True)])
    wanted = {
        number: Wanted(axis.method, axis.bins, measure)
        for number, (axis, measure) in enumerate(zip(axes, measures, strict=True))
        if axis.cuts is None and axis.method not in BY_RANK
    }
    placed: dict[int, BinNumbers] = {}
    if wanted:
        placed = dict(zip(wanted, place_within([*wanted.values()], groups).T, strict=True))
    at = []
    values: list[Chunks] = []
    for number, (axis, measure) in enumerate(zip(axes, measures, strict=True)):
        at.append(_steps(axis) if axis.cuts is None else axis.cuts)
        if axis.cuts is not None:
            values.append(list(measure.chunks))
        elif number in placed:
            values.append(groups.back(placed[number]))
        else:
            values.append(groups.back(rank_within(axis.method, measure, axis.bins, groups)))
    return Fitted(None, groups.n, Cuts(*at), values)


def _steps(axis: Axis) -> list[int]:
    """Return cut points for values that are already bins, from 0."""
    return list(range(axis.bins - 1))


def mean_amounts(
    monetary_minor: npt.NDArray[np.int64], frequency: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64] | None:
    """Return `floor(10000 * monetary / frequency)` per customer; None if one overflows int64.

    The result is computed from quotient and remainder, because the product can overflow even if the
    result does not.
    """
    whole, rest = np.divmod(monetary_minor, frequency)
    most = np.iinfo(np.int64).max // MEAN_PARTS - 1
    if len(whole) and (whole.max() > most or whole.min() < -most):
        return None
    found: npt.NDArray[np.int64] = whole * MEAN_PARTS + rest * MEAN_PARTS // frequency
    return found


MEAN_DIGITS = 4
MEAN_PARTS = 10_000
"""Mean amounts are counted in ten-thousandths of a minor unit."""
