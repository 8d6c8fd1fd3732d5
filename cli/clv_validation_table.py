"""Lay out the table of a validation, with a heading over each group of columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from .columns import column_lines

_ORDERS = {
    "orders": "total", "orders_bias": "bias", "orders_mae": "off by", "orders_gini": "Gini",
    "auc": "AUC",
}  # fmt: skip
_MONEY = {
    "revenue": "total", "revenue_bias": "bias", "revenue_mae": "off by", "revenue_gini": "Gini",
}  # fmt: skip
_NONE = "\N{EN DASH}"


def table_lines(about: Mapping[str, Any], methods: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the lines of a table; methods that the orders are too short for are left out.

    `about` is the summary of the validation, `methods` are its methods with a `name`.
    """
    keys = [*_ORDERS, *_MONEY]
    actual = {"name": "actual", "orders": about["orders"], "revenue": Decimal(about["revenue"])}
    shown = [each for each in methods if any(each[key] is not None for key in keys)]
    rows = [["", *_ORDERS.values(), "", *_MONEY.values()]]
    for each in (actual, *shown):
        orders, money = ([_cell(key, each.get(key)) for key in part] for part in (_ORDERS, _MONEY))
        rows.append([each["name"], *orders, "", *money])
    yield _headings(rows)
    yield from column_lines(rows, [True] + [False] * (len(rows[0]) - 1), ruled=True)


def _headings(rows: Sequence[Sequence[str]]) -> str:
    """Return a line with a heading over the columns of each half."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    middle = 1 + len(_ORDERS)
    halves = (sum(part) + 2 * (len(part) - 1) for part in (widths[1:middle], widths[middle + 1 :]))
    orders, money = halves
    return (
        " " * (widths[0] + 2) + " order days ".center(orders, "─") + " " * 4
        + " money ".center(money, "─")
    )  # fmt: skip


def _cell(key: str, value: float | Decimal | None) -> str:
    if value is None:
        return _NONE
    if key.endswith("bias"):
        return f"{value:+.1%}"
    if key in ("orders", "revenue"):
        return f"{value:,.0f}"
    return f"{value:,.2f}" if key == "revenue_mae" else f"{value:.3f}"
