"""The options that name columns of the input or select its rows."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Annotated, TypedDict

from rfm_engine.options.declaration import Option

_PANEL = "Columns"


class RowColumnOptions(TypedDict, total=False):
    """The columns to read, and which rows are orders."""

    customer: Annotated[
        str,
        Option(
            "Column of customer ids.", _PANEL, "customer_id", "COL",
            doc="column of customer ids: integers, text, binary or uuid",
        ),
    ]  # fmt: skip
    time: Annotated[
        str,
        Option(
            "Column of order times.", _PANEL, "order_time", "COL",
            doc="column of order times: dates, timestamps or text; times without a zone are in "
            "`--timezone`; numbers need `--time-format`",
        ),
    ]  # fmt: skip
    amount: Annotated[
        str,
        Option(
            "Column of amounts.", _PANEL, "amount", "COL",
            doc="column of amounts: integers, floats, decimals or text",
        ),
    ]  # fmt: skip
    order: Annotated[
        str | None,
        Option(
            "Column of order ids, if rows are order lines.", _PANEL, None, "COL",
            doc="column of order ids: rows are order lines, and distinct ids per customer are "
            "counted",
        ),
    ]  # fmt: skip
    quantity: Annotated[
        str | None,
        Option(
            "Column of quantities: the amount of a row is multiplied by its quantity.",
            _PANEL, None, "COL",
            doc="column of integers: the amount of each row is multiplied by its quantity, exactly",
        ),
    ]  # fmt: skip
    currency: Annotated[
        str | None,
        Option(
            "Column of currencies: more than one is refused, unless --rates is given.",
            _PANEL, None, "COL",
            doc="column of currencies: the orders are refused if counted rows have more than one "
            "currency, unless `--rates` is given",
        ),
    ]  # fmt: skip
    rates: Annotated[
        str | os.PathLike[str] | None,
        Option(
            "CSV of exchange rates to one currency: currency,rate[,date].",
            _PANEL, None, "FILE.csv",
            doc="with `--currency`: a CSV file with the columns `currency`, `rate` and optionally "
            "`date`; each amount is multiplied by the newest rate of its currency that is not "
            "after the day of the row, and rounded once; "
            "see [several currencies](../how-to/several-currencies.md)",
        ),
    ]  # fmt: skip
    n_orders: Annotated[
        str | None,
        Option(
            "With --customer-level: column of the number of orders; default: orders.",
            _PANEL, None, "COL",
            doc="only with `--customer-level`: column of the number of orders",
            stated="`orders`", flag="--orders",
        ),
    ]  # fmt: skip
    where: Annotated[
        str | Sequence[str],
        Option(
            "Keep only rows with these values, or without them (!=); repeatable.",
            _PANEL, (), "COL=V1,V2|COL!=V1",
            doc="keep only rows with one of these values; `COL!=V1,V2` keeps all other rows, "
            "including nulls; repeatable: a row must meet all conditions",
            stated="none", repeatable=True,
        ),
    ]  # fmt: skip


class ColumnOptions(RowColumnOptions, total=False):
    """The columns to read, which rows are orders, and the groups of customers."""

    by: Annotated[
        str | None,
        Option(
            "Treat each group separately, for example each seller.", "Scoring", None, "COL",
            doc="treat each value of the column separately, including null: a customer with orders "
            "in two groups has two rows; see [score each seller](../how-to/score-each-seller.md)",
        ),
    ]  # fmt: skip


class CarryOptions(TypedDict, total=False):
    """The input columns that normalised rows keep."""

    carry: Annotated[
        str | Sequence[str],
        Option(
            "Input columns to copy to the output unchanged.", _PANEL, (), "COL[,COL]",
            doc="input columns to copy to the output unchanged, with name and type; dictionaries "
            "are decoded, and if files differ in the width of a type, the widest type is used",
            stated="none",
        ),
    ]  # fmt: skip


class AttributeOptions(TypedDict, total=False):
    """The columns of order lines that labels and insight need; they do not change a score."""

    units: Annotated[
        str | None,
        Option(
            "Column of the number of pieces in a row; unlike --quantity, it does not multiply the "
            "amount.",
            _PANEL, None, "COL",
            doc="column of integers: the number of pieces in a row; unlike `--quantity`, it does "
            "not multiply the amount",
        ),
    ]  # fmt: skip
    discount: Annotated[
        str | Sequence[str],
        Option(
            "Columns of discounts for the whole row, not per item; several are added up.",
            _PANEL, (), "COL[,COL]",
            doc="columns of discounts for the whole row, not per item: read like amounts, but not "
            "multiplied by the quantity; several are added up, and a null counts as 0 unless all "
            "are null",
            stated="none",
        ),
    ]  # fmt: skip
    list: Annotated[
        str | None,
        Option(
            "Column of the list price, before discounts, for the whole row, not per item.",
            _PANEL, None, "COL",
            doc="column of the list price, before discounts, for the whole row, not per item: read "
            "like an amount, but not multiplied by the quantity",
        ),
    ]  # fmt: skip
    cost: Annotated[
        str | None,
        Option(
            "Column of the cost for the whole row, not per item.", _PANEL, None, "COL",
            doc="column of the cost for the whole row, not per item: read like an amount, but not "
            "multiplied by the quantity",
        ),
    ]  # fmt: skip
    product: Annotated[
        str | None,
        Option(
            "Column of products.", _PANEL, None, "COL", doc="column of products, of any type"
        ),
    ]  # fmt: skip
    category: Annotated[
        str | None,
        Option(
            "Column of product categories.", _PANEL, None, "COL",
            doc="column of product categories, of any type",
        ),
    ]  # fmt: skip
