"""Customers, orders and money of the exports, computed with the standard library only."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple


class Answer(NamedTuple):
    """Customers with an order, their orders and the money of these customers."""

    customers: int
    orders: int
    money: Decimal


def added(sales: Iterable[tuple[str, str, Decimal]]) -> Answer:
    """Add up rows of customer, order and amount; negative amounts are not orders."""
    orders: defaultdict[str, set[str]] = defaultdict(set)
    money: defaultdict[str, Decimal] = defaultdict(Decimal)
    for who, order, amount in sales:
        money[who] += amount
        if amount >= 0:
            orders[who].add(order)
    return Answer(
        len(orders), sum(map(len, orders.values())), sum((money[who] for who in orders), Decimal())
    )


def rows_of(place: Path, encoding: str = "utf-8") -> Iterator[dict[str, str]]:
    with place.open(newline="", encoding=encoding) as file:
        yield from csv.DictReader(file)


def online_retail(place: Path) -> Answer:
    return added(
        (row["CustomerID"], row["InvoiceNo"], Decimal(row["UnitPrice"]) * int(row["Quantity"]))
        for row in rows_of(place, "latin-1")
        if row["CustomerID"]
    )


def shopify(place: Path) -> Answer:
    return added(
        (row["Email"], row["Name"], Decimal(row["Total"]))
        for row in rows_of(place)
        if row["Total"] and row["Financial Status"] != "voided"
    )


def woocommerce(place: Path) -> Answer:
    orders = {
        row["Order Number"]: row
        for row in rows_of(place)
        if row["Order Status"] in ("Completed", "Processing")
    }
    return added(
        (row["Email (Billing)"], number, Decimal(row["Order Total Amount"]))
        for number, row in orders.items()
    )


def stripe(place: Path) -> Answer:
    return added(
        (row["Customer ID"], row["id"], Decimal(row["Amount"]))
        for row in rows_of(place)
        if row["Status"] == "Paid"
    )


def cdnow(place: Path) -> Answer:
    words = [line.split() for line in place.read_text().splitlines()[1:]]
    return added((row[0], str(number), Decimal(row[-1])) for number, row in enumerate(words))
