"""Nested bins: recency over all customers, frequency per recency bin, money per pair of bins."""

from __future__ import annotations

from collections.abc import Sequence

from rfm_engine.kernels.types import BinNumbers
from rfm_engine.scoring.groups import Groups, Wanted, place_within
from rfm_engine.scoring.methods import Measure


def nested_bins(
    measures: Sequence[Measure], bins: Sequence[int], groups: Groups | None
) -> tuple[list[list[BinNumbers]], int]:
    """Return the bins of each axis by chunk, from 0, and the number of sets of cut points.

    Cut points are quantiles by inverted CDF. A bin without customers has no cut points.
    """
    inner = Groups.of_one(measures[0].chunks) if groups is None else groups
    placed: list[BinNumbers] = []
    n_sets = 0
    for measure, n_bins in zip(measures, bins, strict=True):
        if placed:
            inner = inner.within(placed[-1], bins[len(placed) - 1])
        n_sets += inner.n if measure.n else 0
        placed.append(place_within([Wanted("quantile", n_bins, measure)], inner)[:, 0])
    return [inner.back(axis) for axis in placed], n_sets
