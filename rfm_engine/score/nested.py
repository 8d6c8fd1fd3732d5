"""Bins within bins: recency over all, frequency within each recency bin, money within both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from rfm_engine.score.methods import Measure, quantile

Bins = npt.NDArray[np.int64]


def nested_bins(measures: Sequence[Measure], bins: Sequence[int]) -> tuple[list[list[Bins]], int]:
    """Return the bins from 0 of each axis, by chunk, and how many sets of cut points there are.

    Quantiles by inverted CDF; a bin without customers is cut nowhere.
    """
    recency, *others = measures
    if not recency.n:
        return [[np.zeros(0, np.int64) for _ in recency.chunks] for _ in measures], 0
    cuts = np.array(quantile(recency, bins[0]), np.int64)
    found = [np.searchsorted(cuts, np.concatenate(recency.chunks), side="left")]
    groups, n_groups, n_sets = found[0].astype(np.uint16), bins[0], 1
    for measure, n_bins in zip(others, bins[1:], strict=True):
        placed, n_cut = _bins_within(np.concatenate(measure.chunks), groups, n_groups, n_bins)
        found.append(placed)
        n_sets += n_cut
        groups, n_groups = (groups * n_bins + placed).astype(np.uint16), n_groups * n_bins
    ends = np.cumsum([len(chunk) for chunk in recency.chunks])[:-1]
    return [np.split(axis, ends) for axis in found], n_sets


def _bins_within(
    values: npt.NDArray[Any], groups: npt.NDArray[np.uint16], n_groups: int, n_bins: int
) -> tuple[Bins, int]:
    """Cut each group's values at its own quantiles; also return how many groups there are."""
    # Of 16 bits, so that NumPy sorts by counting: the time grows with the customers alone.
    order = np.argsort(groups, kind="stable")
    in_order = values[order]
    placed = np.empty(len(values), np.int64)
    sizes = np.bincount(groups, minlength=n_groups)
    for end, size in zip(np.cumsum(sizes).tolist(), sizes.tolist(), strict=True):
        if size:
            group = in_order[end - size : end]
            ranks = [-(-i * size // n_bins) - 1 for i in range(1, n_bins)]
            cuts = np.partition(group, sorted(set(ranks)))[ranks]
            placed[order[end - size : end]] = np.searchsorted(cuts, group, side="left")
    return placed, int((sizes > 0).sum())
