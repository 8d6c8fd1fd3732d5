"""Look at rows across columns: which rows count, whether totals are repeated on order lines."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import NamedTuple

from rfm_engine.guesses.column import Column
from rfm_engine.guesses.guess import Alternative, Guess
from rfm_engine.guesses.numbers import numbers_by_row
from rfm_engine.guesses.prices import may_be_unit_price

_UNSURE = 5
"""With fewer repeated orders than this, lines of equal amount may be a coincidence."""


class Roles(NamedTuple):
    """The columns that have a role."""

    customer: Column
    time: Column
    amount: Column
    order: Column | None = None
    quantity: Column | None = None
    currency: Column | None = None

    @property
    def used(self) -> list[Column]:
        """The columns that have a role."""
        return [column for column in self if column is not None]


def purchases(roles: Roles) -> list[int]:
    """Return the rows that have a customer, a time and an amount of 0 or more."""
    rows = {row for row, _ in roles.customer.present()} & {row for row, _ in roles.time.present()}
    numbers = numbers_by_row(roles.amount)
    if roles.quantity is not None:
        pieces = numbers_by_row(roles.quantity)
        numbers = {row: number * pieces[row] for row, number in numbers.items() if row in pieces}
    return sorted(row for row in rows if numbers.get(row, Decimal(-1)) >= 0)


def repeated_totals(roles: Roles) -> Guess | None:
    """Guess `distinct` if each line of an order repeats the total of the order."""
    order, amount = roles.order, roles.amount
    if (
        order is None
        or roles.quantity is not None
        or "," in order.name
        or may_be_unit_price(amount)
    ):
        return None
    read = [c for c in roles.used if c is not order]
    lines: defaultdict[str, list[tuple[str | None, ...]]] = defaultdict(list)
    with_amount = {row for row, _ in amount.present()}
    for row, text in order.present():
        if row in with_amount:
            lines[text].append(tuple(column.values[row] for column in read))
    several = [values for values in lines.values() if len(values) > 1]
    if not several or any(len(set(values)) > 1 for values in several):
        return None
    reason = f"all lines of an order repeat {amount.name!r}, in {len(several):,} of the orders read"
    each = Alternative(None, "if each line has its own amount")
    return Guess("distinct", (order.name,), reason, (each,) if len(several) < _UNSURE else ())
