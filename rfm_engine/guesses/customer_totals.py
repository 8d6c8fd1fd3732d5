"""Tell whether rows are the totals of customers instead of orders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rfm_engine.guesses.column import Column
from rfm_engine.guesses.guess import Guess
from rfm_engine.guesses.roles import order_counts, ranked
from rfm_engine.orders.column_names import usual_weight
from rfm_engine.orders.customer_level import DEFAULT_COLUMN

_CERTAIN = 80


def customer_totals(
    columns: Sequence[Column], customer: Column, typed: Mapping[str, Any]
) -> list[Guess]:
    """Guess the options of customer totals; none if rows are orders.

    Rows are totals if each customer has one row with the number of orders, and no column has order
    ids.
    """
    is_typed = bool(typed.get("customer_level"))
    if not is_typed and (
        typed.get("order") is not None
        or any(usual_weight(column.name, "order") >= _CERTAIN for column in columns)
        or len(customer.texts) < 2
        or len(customer.distinct) < len(customer.values)
    ):
        return []
    found = [each for each in ranked(columns, order_counts) if each.weight >= _CERTAIN]
    if not found:
        return []
    name = found[0].column.name
    guesses = [
        Guess("customer_level", value=True, reason=f"each customer has one row, with {name!r}")
    ]
    if name != DEFAULT_COLUMN:
        guesses.append(Guess("n_orders", name, found[0].reason))
    return [guess for guess in guesses if guess.option not in typed]
