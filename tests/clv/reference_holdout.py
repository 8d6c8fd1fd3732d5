"""Split orders at a day row by row, and measure predictions by comparing all pairs of customers.

Only the standard library is used.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple


class Line(NamedTuple):
    """An order line; a customer within a group is a customer of its own."""

    who: tuple
    day: int
    minor: int
    order: object = None


class Known(NamedTuple):
    """A customer of a holdout, with the names of `Holdout`."""

    x: int
    t_x: int
    T: int
    s: int
    monetary: int
    orders: int
    revenue: int
    previous: int


class Split(NamedTuple):
    """The customers known at the day of the fit, those who came later, and repeats per day."""

    known: dict[tuple, Known]
    n_later: int
    daily: Counter[int]
    first_day: int | None


def bought(lines: Sequence[Line], refunds: str) -> dict[tuple, set[int]]:
    """Return the days with a purchase that counts, given what is known from `lines`."""
    net: Counter = Counter()
    refunded = set()
    for line in lines:
        if line.order is not None:
            net[line.who, line.order] += line.minor
            if line.minor < 0:
                refunded.add((line.who, line.order))
    days: dict[tuple, set[int]] = {}
    for line in lines:
        key = line.who, line.order
        is_gone = (
            refunds == "net-order"
            and line.order is not None
            and (net[key] < 0 or (net[key] == 0 and key in refunded))
        )
        if line.minor >= 0 and not is_gone:
            days.setdefault(line.who, set()).add(line.day)
    return days


def split(lines: Sequence[Line], as_of: int, held: int, refunds: str) -> Split:
    """Split lines; refunds are gone already if they are dropped."""
    cal = as_of - held
    lines = [line for line in lines if line.day <= as_of]
    then = bought([line for line in lines if line.day <= cal], refunds)
    now = bought(lines, refunds)
    known, daily = {}, Counter()
    for who, days in then.items():
        mine = [line for line in lines if line.who == who]
        before = [line for line in mine if line.day <= cal]
        first = min(days)
        later = {day for day in now.get(who, ()) if day > cal}
        known[who] = Known(
            x=len(days) - 1,
            t_x=max(days) - first,
            T=cal - first,
            s=sum(line.minor for line in before if line.day > first),
            monetary=sum(line.minor for line in before),
            orders=len(later),
            revenue=sum(line.minor for line in mine if line.day > cal),
            previous=sum(day > cal - held for day in days),
        )
        daily.update(day for day in days | later if day > first)
    first_days = [min(days) for days in then.values()]
    return Split(known, len(now.keys() - then.keys()), daily, min(first_days, default=None))


def weighed(scores: Sequence, actual: Sequence[int]) -> int:
    """Return the sum of actual values, each times the customers below less those above."""
    return sum(
        value * ((score > other) - (score < other))
        for value, score in zip(actual, scores, strict=True)
        for other in scores
    )


def gini(scores: Sequence, actual: Sequence[int]) -> float | None:
    """Return the normalised Gini coefficient; the perfect one is the mean absolute difference."""
    perfect = Fraction(sum(abs(one - other) for one in actual for other in actual), 2)
    return float(weighed(scores, actual) / perfect) if perfect else None


def auc(scores: Sequence, happened: Sequence[bool]) -> float | None:
    """Return the share of pairs that are ranked correctly, with ties as one half."""
    yes = [score for score, event in zip(scores, happened, strict=True) if event]
    no = [score for score, event in zip(scores, happened, strict=True) if not event]
    halves = sum(2 * (one > other) + (one == other) for one in yes for other in no)
    return float(Fraction(halves, 2 * len(yes) * len(no))) if yes and no else None
