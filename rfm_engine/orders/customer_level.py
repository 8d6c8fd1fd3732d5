"""Rows that are customers' totals instead of orders: what of the options they leave."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rfm_engine.errors import UsageError

DEFAULT_COLUMN = "orders"
# What looks at single orders, and what it has to be where there are none.
_OF_ORDERS = {
    "order": None, "quantity": None, "window": None,
    "refunds": "net", "zero": "count", "frequency": "orders", "clv": False,
}  # fmt: skip


def orders_column(options: Mapping[str, Any]) -> str | None:
    """Return the column of the number of orders; None where rows are orders.

    Raises
    ------
    UsageError
        One of the options contradicts rows that are customers, or `n_orders` rows that are orders.
    """
    n_orders: str | None = options["n_orders"]
    if not options["customer_level"]:
        if n_orders is not None:
            raise UsageError(
                f"n_orders (--orders) must come with customer_level; got {n_orders!r} without. "
                "Leave it out, or say that rows are customers."
            )
        return None
    if not isinstance(n_orders, str | None):
        raise UsageError(f"n_orders must name a column; got {n_orders!r}.")
    for name, neutral in _OF_ORDERS.items():
        if options[name] != neutral:
            raise UsageError(
                f"{name} must not come with customer_level, whose rows are no orders; "
                f"got {options[name]!r}. Leave it out."
            )
    return DEFAULT_COLUMN if n_orders is None else n_orders
