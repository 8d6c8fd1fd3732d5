"""Customers, orders and money by recency and frequency score, and the segments of the scores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rfm_engine.orders.money.amounts import format_minor
from rfm_engine.result.summary import CellTotals, ScoredPopulation
from rfm_engine.scoring.cells import Bins

MOST_SCORES = 10
"""A grid with more scores on one side cannot be read, and is left out."""


def grid_of(snapshot: ScoredPopulation) -> dict[str, Any] | None:
    """Return the cells of the recency and frequency scores, all of them, worst first.

    `segment` is None where customers with the same scores can be in different segments, because the
    scheme also uses the money score or raw measures. Scores are those of the columns of the
    snapshot. None if there are more than `MOST_SCORES` scores.
    """
    bins = Bins(*map(len, snapshot.customers_by_score))
    if max(bins.r, bins.f) > MOST_SCORES or not bins.r or not bins.f:
        return None
    first = snapshot.scheme.first_score
    sums = _sums(snapshot.cells)
    names = _segments(snapshot, bins)
    cells = []
    for r in range(1, bins.r + 1):
        for f in range(1, bins.f + 1):
            customers, orders, minor = sums.get((r, f), (0, 0, 0))
            cells.append({
                "r": r + first - 1, "f": f + first - 1, "customers": customers, "orders": orders,
                "monetary": format_minor(minor, snapshot.scale), "segment": names[r - 1][f - 1],
            })  # fmt: skip
    return {"r": bins.r, "f": bins.f, "first_score": first, "cells": cells}


def _sums(cells: Sequence[CellTotals]) -> dict[tuple[int, int], tuple[int, int, int]]:
    found: dict[tuple[int, int], tuple[int, int, int]] = {}
    for cell in cells:
        customers, orders, minor = found.get((cell.r, cell.f), (0, 0, 0))
        found[cell.r, cell.f] = (
            customers + cell.customers, orders + cell.orders, minor + cell.monetary_minor,
        )  # fmt: skip
    return found


def _segments(snapshot: ScoredPopulation, bins: Bins) -> list[list[str | None]]:
    """Return the name of the segment of each pair of scores, or None if there are several."""
    scheme = snapshot.scheme
    if scheme.is_raw:
        return [[None] * bins.f for _ in range(bins.r)]
    layout = scheme.layout(bins).reshape(bins)
    names = [*(each.name for each in scheme.segments), scheme.otherwise]
    is_one = (layout == layout[:, :, :1]).all(axis=2)
    return [
        [names[layout[r, f, 0]] if is_one[r, f] else None for f in range(bins.f)]
        for r in range(bins.r)
    ]
