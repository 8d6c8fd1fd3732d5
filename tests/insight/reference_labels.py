"""What labels measure, and the levels of customers, in plain Python and exact fractions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from tests.insight.reference import Customer, Order, Row


class Favourite(NamedTuple):
    """The value in most orders, how many orders have it, and how many there are."""

    value: Any
    part: int
    whole: int


def purchases(customer: Customer) -> list[Row]:
    return [row for order in customer.orders for row in order.rows if row.minor >= 0]


def discount_of(row: Row) -> int:
    return row.discount or 0


def discounts(customer: Customer) -> tuple[int, int]:
    """Return the sums of discounts and of list prices over all purchases."""
    bought = purchases(customer)
    listed = [row.minor + discount_of(row) if row.listed is None else row.listed for row in bought]
    return sum(map(discount_of, bought)), sum(listed)


def deals(customer: Customer) -> tuple[int, int]:
    """Return the number of orders with a discount, and of all orders."""
    given = [sum(discount_of(row) for row in _bought(order)) for order in customer.orders]
    return sum(each > 0 for each in given), len(given)


def psm(customer: Customer) -> Fraction | None:
    (discount, listed), (n_d, n) = discounts(customer), deals(customer)
    if listed == 0:
        return None
    if n_d == 0:
        return Fraction(0)
    mean_discount = Fraction(discount, n_d)
    mean_order = Fraction(listed, n)
    return Fraction(n_d, n) + mean_discount / mean_order + Fraction(discount, listed)


def novelty(customer: Customer) -> tuple[int, int]:
    """Return new products and all products per order, both after the first order."""
    seen, new, later = _products(customer.orders[0]), 0, 0
    for order in customer.orders[1:]:
        own = _products(order)
        new += len(own - seen)
        later += len(own)
        seen = seen | own
    return new, later


def several(customer: Customer, at_least: int) -> tuple[int, int]:
    """Return the number of orders with several different products, and of all orders."""
    orders = customer.orders
    return sum(len(_products(order)) >= at_least for order in orders), len(orders)


def bundles(customer: Customer) -> tuple[int, int]:
    orders = customer.orders
    return sum(any(row.is_bundle for row in _bought(order)) for order in orders), len(orders)


def price_band(customer: Customer, edges: Sequence[int]) -> int | None:
    """Return the band with most rows, the lower one of several; None without rows."""
    counts: dict[int, int] = defaultdict(int)
    for row in purchases(customer):
        if row.minor > 0 and row.pieces:
            price = Fraction(row.minor, row.pieces)
            counts[sum(price >= edge for edge in edges)] += 1
    return min(counts, key=lambda band: (-counts[band], band), default=None)


def favourite(customer: Customer, attribute: str) -> Favourite:
    """Return the value of an attribute in most orders.

    Of several the one with more money in purchases, then the one bought last, then the smallest.
    """
    rows = defaultdict(list)
    orders = defaultdict(set)
    for number, order in enumerate(customer.orders):
        for row in _bought(order):
            value = getattr(row, attribute)
            if value is not None:
                rows[value].append(row)
                orders[value].add(number)

    def preference(value: Any) -> tuple[Any, ...]:
        own = rows[value]
        last = max(row.time for row in own)
        return -len(orders[value]), -sum(row.minor for row in own), -last.timestamp(), value

    best = min(rows, key=preference, default=None)
    return Favourite(best, len(orders[best]), len(customer.orders))


def daypart(customer: Customer) -> Favourite:
    names = ("night", "morning", "afternoon", "evening")
    return _of_orders(customer, lambda order: names[order.time.hour // 6])


def weekend(customer: Customer) -> Favourite:
    names = ("weekday", "weekend")
    return _of_orders(customer, lambda order: names[order.time.isoweekday() >= 6])


def _of_orders(customer: Customer, of: Callable[[Order], str]) -> Favourite:
    """Return the value of most orders; of several by purchases, last order and then value."""
    groups = defaultdict(list)
    for order in customer.orders:
        groups[of(order)].append(order)

    def preference(value: str) -> tuple[Any, ...]:
        own = groups[value]
        paid = sum(row.minor for order in own for row in _bought(order))
        last = max(order.time for order in own)
        return -len(own), -paid, -last.timestamp(), value

    best = min(groups, key=preference)
    return Favourite(best, len(groups[best]), len(customer.orders))


def shown(found: Favourite, min_orders: int, min_share: Fraction) -> str:
    if found.part < min_orders or Fraction(found.part, found.whole) < min_share:
        return "mixed"
    return str(found.value)


def by_cuts(values: Mapping[Any, Fraction | None], cuts: Sequence[Fraction]) -> dict[Any, int]:
    """Return the number of cut points that each known value is above."""
    known = {who: value for who, value in values.items() if value is not None}
    return {who: sum(value > cut for cut in cuts) for who, value in known.items()}


def by_quantiles(values: Mapping[Any, Fraction | None], bins: int) -> dict[Any, int]:
    """Return the level of each known value; a cut point is the smallest value that enough reach."""
    known = [value for value in values.values() if value is not None]
    cuts = [
        min(cut for cut in known if bins * sum(value <= cut for value in known) >= i * len(known))
        for i in range(1, bins if known else 1)
    ]
    return by_cuts(values, cuts)


def _bought(order: Order) -> list[Row]:
    return [row for row in order.rows if row.minor >= 0]


def _products(order: Order) -> set[Any]:
    return {row.product for row in _bought(order)} - {None}
