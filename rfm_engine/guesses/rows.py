"""Look at rows across columns: which rows count, whether totals are repeated on order lines."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import NamedTuple

from rfm_engine.guesses.column import Column
from rfm_engine.guesses.guess import Alternative, Guess
from rfm_engine.guesses.numbers import written_numbers
from rfm_engine.orders.column_names import words_of

_OF_ONE = {
    "unit", "each", "per", "einzelpreis", "stuckpreis", "unitaire", "unitario", "unitaria",
}  # fmt: skip
_PRICE_WORDS = _OF_ONE | {
    "price", "item", "lineitem", "line", "product", "preis", "prix", "precio", "preco", "prezzo",
    "prijs",
}  # fmt: skip
_WHOLE_WORDS = {"total", "order", "grand", "gesamt", "totale", "totaal"}
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


def is_unit_price(column: Column) -> bool:
    """Whether the name of an amount says that it may be the price of one piece."""
    words = {*words_of(column.name)}
    return not words.isdisjoint(_PRICE_WORDS) and words.isdisjoint(_WHOLE_WORDS)


def with_doubt(quantity: Guess, amount: Column) -> Guess:
    """Let a quantity be doubtful unless the amount is certainly the price of one piece.

    Some shops write the price of all pieces of a row as `price`.
    """
    if not _OF_ONE.isdisjoint(words_of(amount.name)):
        return quantity
    total = Alternative(None, f"if {amount.name!r} is the price of all pieces of a row")
    return quantity._replace(others=(*quantity.others, total))


def purchases(roles: Roles) -> list[int]:
    """Return the rows that have a customer, a time and an amount of 0 or more."""
    rows = {row for row, _ in roles.customer.present()} & {row for row, _ in roles.time.present()}
    numbers = _numbers(roles.amount)
    if roles.quantity is not None:
        pieces = _numbers(roles.quantity)
        numbers = {row: number * pieces[row] for row, number in numbers.items() if row in pieces}
    return sorted(row for row in rows if numbers.get(row, Decimal(-1)) >= 0)


def _numbers(column: Column) -> dict[int, Decimal]:
    written = written_numbers(column)
    if written is None:
        return {}
    known = {text: written.value(text) for text in {text for _, text in column.present()}}
    return {row: known[text] for row, text in column.present()}


def repeated_totals(roles: Roles) -> Guess | None:
    """Guess `distinct` if each line of an order repeats the total of the order."""
    order, amount = roles.order, roles.amount
    if order is None or roles.quantity is not None or "," in order.name or is_unit_price(amount):
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
