"""Bins within bins: recency over all, frequency within each recency bin, money within both."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rfm_engine.score.methods import Measure
from rfm_engine.score.within import Groups, Placed, Wanted, place_within


def nested_bins(
    measures: Sequence[Measure], bins: Sequence[int], groups: Groups | None
) -> tuple[list[Placed], int]:
    """Return the bins from 0 of each axis, and how many sets of cut points there are.

    Quantiles by inverted CDF; a bin without customers is cut nowhere.
    """
    inner = Groups(np.zeros(measures[0].n, np.uint32), 1) if groups is None else groups
    placed: list[Placed] = []
    n_sets = 0
    for measure, n_bins in zip(measures, bins, strict=True):
        if placed:
            inner = inner.within(placed[-1], bins[len(placed) - 1])
        n_sets += inner.n if measure.n else 0
        placed.append(place_within([Wanted("quantile", n_bins, measure)], inner)[:, 0])
    return placed, n_sets
