"""Score with each method as it is defined, on sorted lists and fractions, for the naive twin."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

Values = Sequence[int]


def scores(method: str, axis: str, values: Values, ids: Sequence[Any], k: int, scale: int = 2):
    """Return the score of every customer on one axis; recency is reversed."""
    unit = Fraction(10**scale if axis == "m" else 1)
    places, n_bins = _places(method, axis, values, ids, k, unit)
    return [n_bins + 1 - place for place in places] if axis == "r" else places


def nested(recency: Values, frequency: Values, monetary: Values, bins: Sequence[int]):
    """Return r, f, m of every customer: F within each R bin, M within each R-F bin."""
    everyone = range(len(recency))
    r = _within(recency, dict.fromkeys(everyone, ()), bins[0])
    f = _within(frequency, {i: (r[i],) for i in everyone}, bins[1])
    m = _within(monetary, {i: (r[i], f[i]) for i in everyone}, bins[2])
    return [(bins[0] + 1 - r[i], f[i], m[i]) for i in everyone]


def _within(values: Values, group_of: dict[int, tuple[int, ...]], k: int) -> dict[int, int]:
    found = {}
    for group in set(group_of.values()):
        members = [i for i, own in group_of.items() if own == group]
        cuts = _inverted_cdf([values[i] for i in members], k)
        found |= {i: 1 + sum(values[i] > cut for cut in cuts) for i in members}
    return found


def _places(method, axis, values, ids, k, unit):
    if method in ("ntile", "rank-linear"):
        return _ranked(method, values, ids, k), k
    if method == "qcut-drop":
        edges = sorted({_type7(values, Fraction(i, k)) for i in range(k + 1)})
        inner = edges[1:-1]
        return [1 + sum(v > edge for edge in inner) for v in values], max(len(edges) - 1, 1)
    if method == "mean":
        mean = Fraction(sum(values), len(values)) if values else 0
        if axis == "r":
            return [1 if v <= mean else 2 for v in values], 2
        return [2 if v >= mean else 1 for v in values], 2
    if method == "reserve-one-timers" and axis == "f":
        cuts = _inverted_cdf([v for v in values if v > 1], k - 1)
        return [1 if v == 1 else 2 + sum(v > cut for cut in cuts) for v in values], k
    if method == "r-rfm":
        cuts = [_type7(values, Fraction(i, k)) + unit for i in range(1, k)] if values else []
        return [1 + sum(v >= cut for cut in cuts) for v in values], k
    if method == "quantile-linear":
        cuts = [_type7(values, Fraction(i, k)) for i in range(1, k)] if values else []
        return [1 + sum(v > cut for cut in cuts) for v in values], k
    cuts = _inverted_cdf(values, k)
    return [1 + sum(v > cut for cut in cuts) for v in values], k


def _ranked(method, values, ids, k):
    """Assign ranked customers to bins, in the order of their ranks."""
    order = sorted(range(len(values)), key=lambda i: (values[i], ids[i]))
    n = len(order)
    places = [0] * n
    if method == "ntile":
        sizes = [n // k + (i < n % k) for i in range(k)]
        dealt = [i + 1 for i, size in enumerate(sizes) for _ in range(size)]
    else:
        edges = [1 + Fraction((n - 1) * i, k) for i in range(1, k)]
        dealt = [1 + sum(rank > edge for edge in edges) for rank in range(1, n + 1)]
    for i, place in zip(order, dealt, strict=True):
        places[i] = place
    return places


def _inverted_cdf(values: Values, k: int) -> list[int]:
    ordered = sorted(values)
    return [
        next(v for j, v in enumerate(ordered, 1) if j * k >= i * len(ordered))
        for i in range(1, k)
        if ordered
    ]


def _type7(values: Values, share: Fraction) -> Fraction:
    if not values:
        return Fraction(0)
    ordered = sorted(values)
    place = (len(ordered) - 1) * share
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])
