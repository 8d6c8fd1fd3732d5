"""Decide which orders count, for the naive twin: all rows of an order are in one list."""

from __future__ import annotations

from typing import Any

from .reference_money import within_18_digits


def purchases(mine: list[Any], refunds: str, zero: str) -> list[Any]:
    """Return the purchase rows in orders that count; `mine` are all rows of one customer."""
    bought = [reading for reading in mine if reading.minor >= 0]
    if refunds != "net-order":
        return bought
    amounts: dict[object, list[int]] = {}
    for reading in mine:
        amounts.setdefault(reading.order, []).append(reading.minor)
    counted = {order for order, each in amounts.items() if _counts(each, zero)}
    return [reading for reading in bought if reading.order in counted]


def net_amount(mine: list[Any]) -> int:
    """Return the net amount of all rows of one customer, also if none of its orders counts."""
    return within_18_digits(sum(reading.minor for reading in mine))


def _counts(amounts: list[int], zero: str) -> bool:
    if min(amounts) < 0:
        return sum(amounts) > 0
    return sum(amounts) > 0 or zero == "count"
