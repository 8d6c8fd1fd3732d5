"""Insight tables about customers and baskets in plain Python and exact fractions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from fractions import Fraction
from itertools import combinations
from typing import Any

from tests.insight.reference import Customer, Order, whales_of

Customers = Mapping[Any, Customer]
Pairs = dict[tuple[Any, Any], tuple[Any, ...]]


def deciles(customers: Customers) -> dict[int, tuple[int, ...]]:
    """Return customers, orders, net amount, least and most of each tenth, the best first."""
    ranked = sorted(customers, key=lambda who: (-customers[who].minor, who))
    ends = [-(-len(ranked) * each // 10) for each in range(11)]
    found = {}
    for number in range(1, 11):
        own = [customers[who] for who in ranked[ends[number - 1] : ends[number]]]
        amounts = [each.minor for each in own]
        if own:
            n_orders = sum(len(each.orders) for each in own)
            found[number] = len(own), n_orders, sum(amounts), min(amounts), max(amounts)
    return found


def stats(customers: Customers, split: Mapping[Any, tuple[Any, ...]]) -> dict[Any, tuple[Any, ...]]:
    """Return the row of each tuple of the split, and of all customers as None.

    The columns are customers, orders, net amount, its shares, mean and whales.
    """
    whales = whales_of(dict(customers))
    members: dict[Any, list[Any]] = defaultdict(list)
    for who in customers:
        members[split[who]].append(who)
        members[None].append(who)
    whole = sum(each.minor for each in customers.values())
    found = {}
    for key, own in members.items():
        minor = sum(customers[who].minor for who in own)
        found[key] = (
            len(own), sum(len(customers[who].orders) for who in own), minor,
            len(own) / len(customers), minor / whole if whole else None,
            round(Fraction(minor, len(own))), len(whales.intersection(own)),
        )  # fmt: skip
    return found


PERCENT = (10, 25, 50, 75, 80, 90, 95)


def gaps(customers: Customers) -> dict[str, tuple[int, ...]]:
    """Return n, total, quantiles and the number of zeros: days per order, time per customer."""
    days, means = [], []
    for each in customers.values():
        days += [(b.day - a.day).days for a, b in zip(each.orders, each.orders[1:], strict=False)]
        times = [row.time for order in each.orders for row in order.rows if row.minor >= 0]
        if len(each.orders) > 1:
            span = (max(times) - min(times)) // timedelta(microseconds=1)
            means.append(span // (len(each.orders) - 1))
    found = {}
    for basis, own in (("per order", days), ("per customer", means)):
        if own:
            quantiles = [sorted(own)[-(-len(own) * p // 100) - 1] for p in PERCENT]
            found[basis] = len(own), sum(own), *quantiles, own.count(0)
    return found


def hours(
    customers: Customers, segments: Mapping[Any, str]
) -> dict[tuple[str, int, int], tuple[int, int]]:
    """Return orders and net amount by segment, weekday and hour."""
    found: dict[Any, list[int]] = defaultdict(lambda: [0, 0])
    for who, each in customers.items():
        for order in each.orders:
            cell = found[segments[who], order.time.isoweekday(), order.time.hour]
            cell[0] += 1
            cell[1] += order.minor
    return {key: (n, minor) for key, (n, minor) in found.items()}


def values_of(orders: Iterable[Order], attribute: str) -> set[Any]:
    """Return the values of an attribute in purchases, without null."""
    rows = [row for order in orders for row in order.rows if row.minor >= 0]
    return {getattr(row, attribute) for row in rows} - {None}


def both(sets: Sequence[set[Any]]) -> tuple[dict[Any, int], dict[tuple[Any, Any], int]]:
    """Count how many sets have each value, and how many each pair of values."""
    single: dict[Any, int] = defaultdict(int)
    pairs: dict[tuple[Any, Any], int] = defaultdict(int)
    for own in sets:
        for value in own:
            single[value] += 1
        for pair in combinations(sorted(own), 2):
            pairs[pair] += 1
    return single, pairs


def cross_shop(customers: Customers, attribute: str) -> Pairs:
    """Return customers of both values and of each, and the shares, in the order of the table."""
    single, pairs = both([values_of(each.orders, attribute) for each in customers.values()])
    found = {
        (a, b): (n, single[a], single[b], n / single[a], n / single[b])
        for (a, b), n in pairs.items()
    }
    return _sorted(found, lambda row: -row[0])


def pairs(customers: Customers, attribute: str, min_item: int, min_pair: int) -> Pairs:
    """Return the columns from `orders` on, in the order of the table."""
    baskets = [
        values_of([order], attribute) for each in customers.values() for order in each.orders
    ]
    single, counted = both(baskets)
    n = len(baskets)
    found = {
        (a, b): (
            c, single[a], single[b], c / n, c / single[a], c / single[b],
            (c * n) / (single[a] * single[b]), n,
        )
        for (a, b), c in counted.items()
        if c >= min_pair and min(single[a], single[b]) >= min_item
    }  # fmt: skip
    return _sorted(found, lambda row: (-Fraction(row[0] * n, row[1] * row[2]), -row[0]))


def _sorted(found: Pairs, key: Callable[[tuple[Any, ...]], Any]) -> Pairs:
    return dict(sorted(found.items(), key=lambda item: (key(item[1]), item[0])))
