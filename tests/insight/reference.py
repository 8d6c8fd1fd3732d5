"""Insight tables in plain Python, from rows of orders: the definitions, without any speed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any, NamedTuple


class Row(NamedTuple):
    """A counted row; times are in UTC. `source`, `product` and `is_bundle` are attributes.

    `pieces`, `discount` and `listed` (the list price) are those of the whole row.
    """

    customer: Any
    order: Any
    time: datetime
    minor: int
    source: Any
    product: Any = None
    pieces: int | None = None
    discount: int | None = None
    listed: int | None = None
    is_bundle: bool | None = None


class Order(NamedTuple):
    """An order that counts."""

    time: datetime
    minor: int
    sources: frozenset[Any]
    rows: tuple[Row, ...]

    @property
    def day(self) -> date:
        return self.time.date()


class Customer(NamedTuple):
    """A customer with an order: the orders in their sequence, and all rows."""

    orders: list[Order]
    rows: list[Row]

    @property
    def minor(self) -> int:
        return sum(row.minor for row in self.rows)


def customers_of(
    rows: Iterable[Row], attributes: Iterable[str] = ("source",)
) -> dict[Any, Customer]:
    """Return the customers with an order."""
    by_customer = defaultdict(list)
    for row in rows:
        by_customer[row.customer].append(row)
    found = {}
    for who, own in by_customer.items():
        orders = orders_of(own, attributes)
        if orders:
            found[who] = Customer(orders, own)
    return found


def orders_of(rows: list[Row], attributes: Iterable[str]) -> list[Order]:
    """Return the orders of a customer by time, then id, and without an id by amount and attributes.

    Nulls come last.
    """
    named = defaultdict(list)
    for number, row in enumerate(rows):
        named[("alone", number) if row.order is None else ("id", row.order)].append(row)
    found = []
    for (kind, order), own in named.items():
        bought = [row for row in own if row.minor >= 0]
        if not bought:
            continue
        time = min(row.time for row in bought)
        minor = sum(row.minor for row in own)
        told = [getattr(own[0], name) for name in attributes]
        last = [(value is None, value or 0) for value in told]
        tie = (0, order) if kind == "id" else (1, minor, *last)
        sources = frozenset(row.source for row in bought)
        found.append(((time, tie), Order(time, minor, sources, tuple(own))))
    return [order for _, order in sorted(found, key=lambda each: each[0])]


def whales_of(customers: dict[Any, Customer]) -> set[Any]:
    """Return the best 20% by net amount; equal customers are treated alike."""
    amounts = sorted((each.minor for each in customers.values()), reverse=True)
    if not amounts:
        return set()
    least = amounts[-(-20 * len(amounts) // 100) - 1]
    return {who for who, each in customers.items() if each.minor >= least and each.minor > 0}


def concentration(customers: dict[Any, Customer]) -> dict[int, tuple[int, int]]:
    amounts = sorted((each.minor for each in customers.values()), reverse=True)
    found = {}
    for p in (1, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100):
        k = -(-len(amounts) * p // 100)
        if amounts:
            found[p] = k, sum(amounts[:k])
    return found


def fewest(customers: dict[Any, Customer]) -> dict[int, int | None]:
    amounts = sorted((each.minor for each in customers.values()), reverse=True)
    total = sum(amounts)
    found = {}
    for q in (50, 58, 80, 90):
        sums = [sum(amounts[: k + 1]) for k in range(len(amounts))]
        enough = [k + 1 for k, each in enumerate(sums) if 100 * each >= q * total]
        if amounts:
            found[q] = enough[0] if total > 0 and enough else None
    return found


def gini(customers: dict[Any, Customer]) -> Fraction | None:
    """Return half the relative mean difference of all pairs."""
    amounts = [each.minor for each in customers.values()]
    total, n = sum(amounts), len(amounts)
    if total <= 0:
        return None
    return Fraction(sum(abs(a - b) for a in amounts for b in amounts), 2 * n * total)


def affinity(customers: dict[Any, Customer], place: int) -> dict[Any, tuple[int, int]]:
    """Return customers and whales by source of the first (0) or last (-1) order."""
    whales = whales_of(customers)
    found: dict[Any, list[int]] = defaultdict(lambda: [0, 0])
    for who, each in customers.items():
        for source in each.orders[place].sources:
            found[source][0] += 1
            found[source][1] += who in whales
    return {source: tuple(counts) for source, counts in found.items()}


def spend(customers: dict[Any, Customer]) -> dict[Any, tuple[int, int]]:
    """Return net purchases by source, of all customers and of whales."""
    whales = whales_of(customers)
    found: dict[Any, list[int]] = defaultdict(lambda: [0, 0])
    for who, each in customers.items():
        for row in each.rows:
            if row.minor >= 0:
                found[row.source][0] += row.minor
                found[row.source][1] += row.minor * (who in whales)
    return {source: tuple(sums) for source, sums in found.items()}


def first_product(
    customers: dict[Any, Customer], as_of: date, within: int
) -> dict[Any, tuple[int, ...]]:
    found: dict[Any, list[tuple[Any, Customer]]] = defaultdict(list)
    for who, each in customers.items():
        for source in each.orders[0].sources:
            found[source].append((who, each))
    whales = whales_of(customers)
    return {source: _first_row(own, whales, as_of, within) for source, own in found.items()}


def _first_row(
    own: list[tuple[Any, Customer]], whales: set[Any], as_of: date, within: int
) -> tuple[Any, ...]:
    horizon = timedelta(within)
    eligible = [each for _, each in own if each.orders[0].day + horizon <= as_of]
    repeats = [
        each
        for each in eligible
        if each.orders[1:] and each.orders[1].day - each.orders[0].day <= horizon
    ]
    days = sorted(
        (each.orders[1].day - each.orders[0].day).days for _, each in own if each.orders[1:]
    )
    first = sum(each.orders[0].minor for _, each in own)
    return (
        len(own), len(days), len(eligible), len(repeats),
        days[-(-len(days) // 2) - 1] if days else None,
        first, sum(each.minor for _, each in own) - first,
        sum(who in whales for who, _ in own),
    )  # fmt: skip


def link(customers: dict[Any, Customer], as_of: date, within: int) -> dict[Any, tuple[int, ...]]:
    horizon = timedelta(within)
    found: dict[Any, list[int]] = defaultdict(lambda: [0] * 7)
    for each in customers.values():
        orders = each.orders
        eligible = orders[0].day + horizon <= as_of
        soon = eligible and len(orders) > 1 and orders[1].day - orders[0].day <= horizon
        late = eligible and any(order.day > as_of - horizon for order in orders[1:])
        adds = (1, len(orders) > 1, len(orders) > 2, eligible, soon, late, each.minor)
        for source in orders[0].sources:
            found[source] = [a + b for a, b in zip(found[source], adds, strict=True)]
    return {source: tuple(sums) for source, sums in found.items()}


def new_returning(customers: dict[Any, Customer]) -> dict[date, tuple[int, ...]]:
    found: dict[date, list[Any]] = defaultdict(lambda: [0, 0, 0, 0, set()])
    for who, each in customers.items():
        for number, order in enumerate(each.orders):
            sums = found[order.day.replace(day=1)]
            sums[number > 0] += 1
            sums[2 + (number > 0)] += order.minor
            sums[4].add(who)
    return {month: (*sums[:4], len(sums[4])) for month, sums in found.items()}


def cohort(customers: dict[Any, Customer], as_of: date) -> dict[tuple[date, int], tuple[int, ...]]:
    """Return size, active, orders, minor and cumulated minor by month of the first order and k."""
    found: dict[tuple[date, int], list[Any]] = {}
    sizes: dict[date, int] = defaultdict(int)
    for each in customers.values():
        sizes[each.orders[0].day.replace(day=1)] += 1
    for month in sizes:
        for k in range(_months(month, as_of) + 1):
            found[month, k] = [set(), 0, 0]
    for who, each in customers.items():
        month = each.orders[0].day.replace(day=1)
        for order in each.orders:
            cell = found[month, _months(month, order.day)]
            cell[0].add(who)
            cell[1] += 1
        for row in each.rows:
            found[month, max(_months(month, row.time.date()), 0)][2] += row.minor
    return {
        (month, k): (
            sizes[month], len(who), n, minor,
            sum(found[month, before][2] for before in range(k + 1)),
        )
        for (month, k), (who, n, minor) in found.items()
    }  # fmt: skip


def _months(start: date, end: date) -> int:
    return (end.year - start.year) * 12 + end.month - start.month
