"""Compute customer facts naively: every customer is compared with every other one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction
from math import ceil
from typing import NamedTuple

from .reference import Customer, Key
from .reference_time import read_time

DAY_US = 24 * 3600 * 10**6
THIRTY_DAYS_US = 30 * DAY_US
PERCENTS = (1, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100)


class Fact(NamedTuple):
    is_whale: bool
    spend_rank: int
    spend_pctl: int
    gap_us: int | None
    own_us: int
    due_date: date | None
    timing: str
    lifecycle_stage: str
    weak_axis: str


def facts(
    customers: Mapping[Key, Customer],
    *,
    timezone: str = "UTC",
    whales: Fraction = Fraction(1, 5),
    by: Mapping[Key, int] | None = None,
    bins: Sequence[int] = (5, 5, 5),
) -> dict[Key, Fact]:
    """Return the facts of each customer; `by` are the values of whales, the net amount if None."""
    money = {key: customer.monetary_minor for key, customer in customers.items()}
    values = money if by is None else by
    least = least_whale(values.values(), whales)
    cycle = cycle_us(customers)
    found = {}
    for key, customer in customers.items():
        better = sum(other > money[key] for other in money.values())
        up_to = sum(other <= money[key] for other in money.values())
        is_whale = values[key] > 0 and values[key] >= least
        n, span = customer.frequency, customer.last_us - customer.first_us
        own = (span + cycle) // n
        timing = timing_of(customer.recency_days, own)
        found[key] = Fact(
            is_whale, better + 1, ceil(Fraction(100 * up_to, len(money))),
            None if n == 1 else span // (n - 1), own, due_date(customer.last_us + own, timezone),
            timing, stage_of(timing, n, is_whale=is_whale), weak_axis(customer, bins),
        )  # fmt: skip
    return found


def due_date(due_us: int, timezone: str) -> date | None:
    try:
        found = read_time(due_us, timezone, zoned=True)
    except OverflowError:  # the local date is after the year 9999
        return None
    return None if found is None else found[1]


def least_whale(values: Sequence[int], share: Fraction) -> int:
    ordered = sorted(values, reverse=True)
    return ordered[ceil(share * len(ordered)) - 1] if ordered else 0


def cycle_us(customers: Mapping[Key, Customer]) -> int:
    gaps = [
        (each.last_us - each.first_us) // (each.frequency - 1)
        for each in customers.values()
        if each.frequency > 1
    ]
    return sum(gaps) // len(gaps) if gaps else THIRTY_DAYS_US


def timing_of(recency_days: int, own_us: int) -> str:
    passed_us = recency_days * DAY_US
    for limit, name in ((1, "on time"), (2, "due"), (3, "overdue")):
        if passed_us <= limit * own_us:
            return name
    return "lapsed"


def stage_of(timing: str, n_orders: int, *, is_whale: bool) -> str:
    if n_orders == 1 and timing == "on time":
        return "new"
    if timing in ("lapsed", "overdue"):
        return {"lapsed": "churned", "overdue": "dormant"}[timing]
    return "high value" if is_whale else "active"


def weak_axis(customer: Customer, bins: Sequence[int]) -> str:
    scores = customer.r_score, customer.f_score, customer.m_score
    shares = [Fraction(*each) for each in zip(scores, bins, strict=True)]
    return "".join(axis for axis, share in zip("rfm", shares, strict=True) if share == min(shares))


def concentration(values: Sequence[int]) -> list[tuple[int, int, int]]:
    """Return percent, customers and the sum of their amounts."""
    ordered = sorted(values, reverse=True)
    counts = [ceil(Fraction(percent * len(ordered), 100)) for percent in PERCENTS]
    return [(p, k, sum(ordered[:k])) for p, k in zip(PERCENTS, counts, strict=True)]


def makers(values: Sequence[int], percent: int) -> int | None:
    """Return the smallest number of customers who have a share of all money."""
    ordered = sorted(values, reverse=True)
    total = sum(ordered)
    if total <= 0:
        return None
    return next(k for k in range(len(ordered) + 1) if 100 * sum(ordered[:k]) >= percent * total)


def gini(values: Sequence[int]) -> Fraction | None:
    """Return half of the mean difference of all pairs, relative to the mean."""
    total, n = sum(values), len(values)
    if total <= 0:
        return None
    return Fraction(sum(abs(one - other) for one in values for other in values), 2 * n * total)
