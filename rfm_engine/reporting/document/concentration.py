"""How much of the spend comes from how few customers."""

from __future__ import annotations

from itertools import accumulate
from typing import Any

from rfm_engine.orders.money.amounts import format_minor
from rfm_engine.reporting.document.measures import Measures

N_POINTS = 100
"""The most points of the curve, besides those that the table names."""


def concentration_of(measures: Measures, scale: int) -> dict[str, Any] | None:
    """Return the cumulative spend of the biggest spenders; None if they spent nothing in all.

    `curve` has exact points, from no customer to all. `best` are the spends of the best 1, 5 ...
    percent of the customers, `make` the smallest numbers of customers who make 50, 58, 80 and 90
    percent of the spend.
    """
    found = measures.concentration
    if found.makers is None or found.gini is None:
        return None
    numerator, denominator = found.gini
    return {
        "curve": [
            {"customers": n, "monetary": format_minor(minor, scale)}
            for n, minor in _curve(measures)
        ],
        "best": [
            {"percent": p, "customers": n, "monetary": format_minor(minor, scale)}
            for p, n, minor in zip(found.percents, found.customers, found.minor, strict=True)
        ],
        "make": [
            {"percent": p, "customers": n} for p, n in zip(found.make, found.makers, strict=True)
        ],
        "gini": {"num": str(numerator), "den": str(denominator)},
        "negative_customers": found.n_negative,
    }


def _curve(measures: Measures) -> list[tuple[int, int]]:
    """Return numbers of biggest spenders and their net amounts in minor units.

    All customers of a key are added at once, so each point is exact.
    """
    spend = measures.spend
    customers = [*accumulate(reversed(spend.counts.tolist()))]
    minor = [*accumulate(reversed(spend.sums))]
    points = dict(zip(measures.concentration.customers, measures.concentration.minor, strict=True))
    step, due = max(customers[-1] // N_POINTS, 1), 0
    for n, sum_minor in zip(customers, minor, strict=True):
        if n >= due:
            points[n] = sum_minor
            due = n + step
    return [(0, 0), *sorted(points.items())]
