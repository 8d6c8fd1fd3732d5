"""Check the options when a row is the totals of a customer instead of an order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rfm_engine.errors import UsageError
from rfm_engine.options.messages import message, named

DEFAULT_COLUMN = "orders"
# Options about single orders, and the value that they must have if rows are customers.
_OF_ORDERS = {
    "order": None, "quantity": None, "window": None,
    "refunds": "net", "zero": "count", "frequency": "orders", "clv": False,
}  # fmt: skip


def orders_column(options: Mapping[str, Any]) -> str | None:
    """Return the column with the number of orders; None if rows are orders.

    Raises
    ------
    UsageError
        Rows are customers and an option is about single orders, or rows are orders and `n_orders`
        is set.
    """
    n_orders: str | None = options["n_orders"]
    if not options["customer_level"]:
        if n_orders is not None:
            raise UsageError(
                message(
                    "{n_orders} must be used with {customer_level}; got {!r} without it. "
                    "Leave it out, or set {customer_level:True} if rows are customers.",
                    n_orders,
                )
            )
        return None
    if not isinstance(n_orders, str | None):
        raise UsageError(message("{n_orders} must name a column; got {!r}.", n_orders))
    for name, neutral in _OF_ORDERS.items():
        if options[name] != neutral:
            raise UsageError(
                message(
                    "{} must not be used with {customer_level}, because its rows are not orders; "
                    "got {!r}. Leave it out.",
                    named(name),
                    options[name],
                )
            )
    return DEFAULT_COLUMN if n_orders is None else n_orders
