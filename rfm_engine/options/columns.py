"""The options that name columns of the input."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Annotated, TypedDict

from rfm_engine.options.declaration import Option

_PANEL = "Columns"


class ColumnOptions(TypedDict, total=False):
    """Which column has which role, and which rows are orders at all."""

    customer: Annotated[
        str,
        Option(
            "Who ordered.", _PANEL, "customer_id", "COL",
            doc="who ordered: integers, text, binary or uuid",
        ),
    ]  # fmt: skip
    time: Annotated[
        str,
        Option(
            "When.", _PANEL, "order_time", "COL",
            doc="when: dates, timestamps or text, naive ones in `--timezone`; numbers with "
            "`--time-format`",
        ),
    ]  # fmt: skip
    amount: Annotated[
        str,
        Option(
            "For how much.", _PANEL, "amount", "COL",
            doc="for how much: integers, floats, decimals or text",
        ),
    ]  # fmt: skip
    order: Annotated[
        str | None,
        Option(
            "Order id: rows are lines of orders.", _PANEL, None, "COL",
            doc="order id: rows are lines of orders, and distinct ids per customer are counted",
        ),
    ]  # fmt: skip
    quantity: Annotated[
        str | None,
        Option(
            "Amounts are prices of this many.", _PANEL, None, "COL",
            doc="integers that multiply the amount of their row, exactly",
        ),
    ]  # fmt: skip
    currency: Annotated[
        str | None,
        Option(
            "Refuse more than one currency.", _PANEL, None, "COL",
            doc="refuse the orders when counted rows have more than one value here, unless "
            "`--rates` are given",
        ),
    ]  # fmt: skip
    rates: Annotated[
        str | os.PathLike[str] | None,
        Option(
            "Currencies to one: currency,rate[,date].", _PANEL, None, "FILE.csv",
            doc="with `--currency`: a CSV of `currency`, `rate` and optionally `date`; an amount "
            "is multiplied by the newest rate of its currency that is not after the day of the "
            "row, and rounded once; see [several currencies](../how-to/several-currencies.md)",
        ),
    ]  # fmt: skip
    n_orders: Annotated[
        str | None,
        Option(
            "With --customer-level: how many orders; default: orders.", _PANEL, None, "COL",
            doc="with `--customer-level` only: how many orders",
            stated="`orders`", flag="--orders",
        ),
    ]  # fmt: skip
    where: Annotated[
        str | Sequence[str],
        Option(
            "Keep rows by value; repeatable.", _PANEL, (), "COL=V1,V2|COL!=V1",
            doc="keep rows with one of these values; `COL!=V1,V2` keeps the others, nulls "
            "included; repeatable, all conditions must hold",
            stated="none", repeatable=True,
        ),
    ]  # fmt: skip
    by: Annotated[
        str | None,
        Option(
            "Score within each group, such as each seller.", "Scoring", None, "COL",
            doc="score within each value of the column, null among them: a customer of two groups "
            "is two rows; see [score each seller](../how-to/score-each-seller.md)",
        ),
    ]  # fmt: skip


class CarryOptions(TypedDict, total=False):
    """Which columns normalised rows carry along."""

    carry: Annotated[
        str | Sequence[str],
        Option(
            "Pass these columns on as they are.", _PANEL, (), "COL[,COL]",
            doc="input columns to pass on as they are, with name and type; dictionaries are "
            "decoded, and where files differ in width the widest type is taken",
            stated="none",
        ),
    ]  # fmt: skip
