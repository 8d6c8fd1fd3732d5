"""Add up rows that are totals of customers, one row at a time, for the naive twin."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from . import reference as orders
from . import reference_money as money


class Total(NamedTuple):
    """A row: last order, number of orders and amount of a customer, or of a part of its orders."""

    customer: orders.Key | None
    time_us: int | None
    amount: money.Amount | None
    n_orders: int | None
    currency: str | None = None


class TooManyOrdersError(ArithmeticError):
    """A customer has 2^40 orders or more."""


def totals(
    rows: Iterable[Total],
    *,
    as_of: date | str,
    timezone: str = "UTC",
    zoned: bool = False,
    scale: int = 2,
    rates: money.Rates | None = None,
) -> orders.Expected:
    rows = list(rows)
    readings = []
    for index, (customer, time_us, amount, n_orders, currency) in enumerate(rows):
        known = None if n_orders is None else amount
        row = orders.Row(customer, time_us, known, currency=currency)
        readings.append(orders.read(index, row, timezone, zoned, scale, rates))
    if as_of == "newest":
        as_of = max((r.day for r in readings if not isinstance(r, str)), default=None)
    else:
        as_of = date.fromisoformat(str(as_of))
    dropped = Counter(dict.fromkeys(orders.REASONS, 0))
    mine: dict[orders.Key, list[tuple[orders.Reading, int]]] = {}
    n_rounded = 0
    for reading, row in zip(readings, rows, strict=True):
        if isinstance(reading, str):
            dropped[reading] += 1
        elif reading.day > as_of:
            dropped["after_as_of"] += 1
        elif not reading.is_rated:
            raise money.NoRateError(reading)
        else:
            n_rounded += reading.rounded
            mine.setdefault(reading.customer, []).append((reading, row.n_orders))
    customers = {key: _customer(parts, as_of) for key, parts in mine.items()}
    known = {key: customer for key, customer in customers.items() if customer is not None}
    return orders.Expected(
        as_of=as_of,
        read=len(rows),
        counted=sum(map(len, mine.values())),
        dropped=dict(dropped),
        amounts_rounded=n_rounded,
        customers_without_orders=len(customers) - len(known),
        customers=known,
    )


def _customer(parts: list[tuple[orders.Reading, int]], as_of: date) -> orders.Customer | None:
    minor = money.within_18_digits(sum(reading.minor for reading, _ in parts))
    n_orders = sum(n for _, n in parts)
    if n_orders >= 2**40:
        raise TooManyOrdersError(n_orders)
    if n_orders == 0:
        return None
    last = max((reading for reading, n in parts if n), key=lambda reading: reading.instant_us)
    return orders.Customer(
        first_us=None,
        last_us=last.instant_us,
        recency_days=(as_of - last.day).days,
        frequency=n_orders,
        monetary_minor=minor,
    )
