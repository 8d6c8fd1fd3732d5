"""Numbers of a report, counted customer by customer in plain Python."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import accumulate
from typing import Any, NamedTuple

Customer = dict[str, Any]
PERCENTS = (1, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100)
MAKE = (50, 58, 80, 90)


class Sums(NamedTuple):
    """Customers, orders and net amount in minor units."""

    customers: int
    orders: int
    minor: int


def minor_of(amount: Decimal | str, scale: int) -> int:
    """Return an amount as an integer; one with more digits fails."""
    exact = Fraction(amount) * 10**scale
    assert exact.denominator == 1
    return exact.numerator


def sums_of(customers: Sequence[Customer], scale: int) -> Sums:
    return Sums(
        len(customers),
        sum(each["frequency"] for each in customers),
        sum(minor_of(each["monetary"], scale) for each in customers),
    )


def sums_in(part: dict[str, Any], scale: int) -> Sums:
    """Return the sums that a part of a document names."""
    return Sums(part["customers"], part["orders"], minor_of(part["monetary"], scale))


def values_of(customers: Sequence[Customer], axis: str, *, scale: int, is_mean: bool) -> list[int]:
    """Return what is scored: days, orders, amounts in minor units; means have four more digits."""
    if axis != "monetary":
        return [each["recency_days" if axis == "recency" else axis] for each in customers]
    minor = [minor_of(each["monetary"], scale) for each in customers]
    if not is_mean:
        return minor
    pairs = zip(minor, customers, strict=True)
    return [paid * 10_000 // each["frequency"] for paid, each in pairs]


def bars_of(values: Sequence[int], found: dict[str, Any]) -> tuple[list[int], int, int]:
    """Return the customers per bar of a distribution, below its first and beyond its last bar."""
    scale = found["scale"]
    limits = [
        tuple(minor_of(str(bar[end]), scale) for end in ("from", "to")) for bar in found["bars"]
    ]
    counts = [sum(low <= value <= high for value in values) for low, high in limits]
    first, last = (limits[0][0], limits[-1][1]) if limits else (0, -1)
    return counts, sum(value < first for value in values), sum(value > last for value in values)


def scores_of(customers: Sequence[Customer], column: str, first: int, n: int) -> list[int]:
    counts = Counter(each[column] for each in customers)
    return [counts[score] for score in range(first, first + n)]


class Concentrated(NamedTuple):
    """The spend of the biggest spenders: integers in minor units and a fraction."""

    curve: list[int]
    """The spend of the n biggest spenders, from 0 to all."""
    best: list[tuple[int, int, int]]
    make: list[tuple[int, int]]
    gini: Fraction
    negative: int


def concentration_of(minor: Sequence[int]) -> Concentrated:
    """Return the concentration, with the Gini coefficient as the mean difference of all pairs."""
    n, total = len(minor), sum(minor)
    curve = [0, *accumulate(sorted(minor, reverse=True))]
    best = [(p, k, curve[k]) for p in PERCENTS for k in [-(-n * p // 100)]]
    make = [(p, next(k for k in range(n + 1) if curve[k] * 100 >= total * p)) for p in MAKE]
    differences = sum(abs(one - other) for one in minor for other in minor)
    gini = Fraction(differences, 2 * n * total)
    return Concentrated(curve, best, make, gini, sum(value < 0 for value in minor))
