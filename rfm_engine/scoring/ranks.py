"""Bins by rank: customers with equal values are ranked by their ids."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from rfm_engine.kernels.types import Integers
from rfm_engine.scoring.identities import Identities, Path, after, paths_at
from rfm_engine.scoring.methods import Measure, counts_below
from rfm_engine.scoring.selection import select

IdsAt: TypeAlias = Callable[[npt.NDArray[np.intp]], Identities]
"""A function that returns the ids of some rows of a chunk."""


def rank_bins(
    method: str, measure: Measure, bins: int, ids: Sequence[IdsAt]
) -> tuple[list[int], list[Integers]]:
    """Return the largest value of each bin except the last, and the bin of each customer, from 0.

    Customers are ranked by value, and customers with the same value by id. Therefore every bin has
    its intended size, and the result does not depend on the order of rows.
    """
    if not measure.n:
        return [], [np.zeros(0, np.int64) for _ in measure.chunks]
    counts = counts_below(method, measure.n, bins)
    cuts = select(measure.chunks, [n - 1 for n in counts], measure.each)
    ties = {
        value: _tied_cuts(value, [n for n, cut in zip(counts, cuts, strict=True) if cut == value],
                          measure, ids)
        for value in sorted(set(cuts))
    }  # fmt: skip

    def place(chunk: tuple[npt.NDArray[Any], IdsAt]) -> Integers:
        values, ids_at = chunk
        found = np.searchsorted(np.array(cuts, np.int64), values, side="left").astype(np.int64)
        for value, (n_levels, paths) in ties.items():
            if paths:
                rows = np.flatnonzero(values == value)
                tied = ids_at(rows)
                for path in paths:
                    found[rows] += after(tied, n_levels, path)
        return found

    placed: Iterable[Integers] = measure.each(place, list(zip(measure.chunks, ids, strict=True)))
    return cuts, list(placed)


def _tied_cuts(
    value: int, counts: Sequence[int], measure: Measure, ids: Sequence[IdsAt]
) -> tuple[int, list[Path]]:
    """Return the number of words per id, and the last id of each bin that ends among the ties."""

    def tied(chunk: tuple[npt.NDArray[Any], IdsAt]) -> tuple[int, Identities]:
        values, ids_at = chunk
        return int((values < value).sum()), ids_at(np.flatnonzero(values == value))

    found = list(measure.each(tied, list(zip(measure.chunks, ids, strict=True))))
    below = sum(n for n, _ in found)
    everyone = [identities for _, identities in found]
    n_tied = sum(map(len, everyone))
    ranks = [n - below - 1 for n in counts if n - below < n_tied]
    n_levels = max(each.n_levels for each in everyone)
    return n_levels, paths_at(everyone, ranks) if ranks else []
