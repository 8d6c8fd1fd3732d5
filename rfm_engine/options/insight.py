"""The options of insight tables."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Literal, TypedDict

from rfm_engine.options.declaration import Option

_PANEL = "Insight"


class TableOptions(TypedDict, total=False):
    """The options of insight tables; each table has some of them."""

    attribute: Annotated[
        str | None,
        Option(
            "Column of the rows whose values are compared, for example a source or a product.",
            _PANEL, None, "COL",
            doc="column of the rows whose values are compared, for example a source, a product or "
            "a shop; `first-product`, `bridge` and `pairs` take the column of `--product` if it is "
            "not given, and `cross-shop` the column of `--category`",
            stated="none",
        ),
    ]  # fmt: skip
    mode: Annotated[
        Literal["first", "last", "any", "spend"],
        Option(
            "Which purchases count: first or last order, any, or the money spent.", _PANEL, "first",
            doc="affinity: whether the values of the first order count, of the last order, of any "
            "purchase, or the money spent on each value",
        ),
    ]  # fmt: skip
    who: Annotated[
        str | Sequence[str],
        Option(
            "Condition on the customers to compare, for example 'segment == \"Champions\"'; "
            "repeatable; default: is_whale.",
            _PANEL, (), "CONDITION",
            doc="the customers that are compared with all, by a "
            "[condition](../how-to/find-what-attracts-your-best-customers.md#conditions) on "
            "the columns of the snapshot; repeatable: a customer must meet all conditions",
            stated="`is_whale`; all customers for `pairs` and `cross-shop`", repeatable=True,
        ),
    ]  # fmt: skip
    min_customers: Annotated[
        int,
        Option(
            "Hide values of fewer customers in ranked tables.", _PANEL, 30, "N", flag="--min",
            doc="hide values that fewer customers have, in tables that rank values",
        ),
    ]  # fmt: skip
    burn_in: Annotated[
        str,
        Option(
            "Leave out customers whose first order is in the first days of the data.",
            _PANEL, "0d", "90d",
            doc="leave out customers whose first order is in the first days of the data, because "
            "their true first order may be older",
        ),
    ]  # fmt: skip
    top: Annotated[
        int | None,
        Option(
            "Show the first N values of each group only.", _PANEL, None, "N",
            doc="show only the first values, within each group", stated="all",
        ),
    ]  # fmt: skip
    within: Annotated[
        str,
        Option(
            "Days within which a second order counts as a repeat.", _PANEL, "90d", "90d",
            doc="days within which a second order counts as a repeat; only customers whose first "
            "order is at least as old are eligible",
        ),
    ]  # fmt: skip
    period: Annotated[
        Literal["week", "month", "quarter", "year"],
        Option(
            "Length of the periods; weeks begin on Monday.", _PANEL, "month",
            doc="length of the periods in local time; weeks begin on Monday",
        ),
    ]  # fmt: skip
    age: Annotated[
        str | None,
        Option(
            "Count steps of this many days since the first order, instead of periods.",
            _PANEL, None, "30d",
            doc="cohort: count steps of this many days since the first order of each customer, "
            "instead of calendar periods",
            stated="periods",
        ),
    ]  # fmt: skip
    until: Annotated[
        date | str | None,
        Option(
            "Bridge: last day on which a purchase counts as exposure.", _PANEL, None, "DATE",
            doc="bridge: last day on which a first purchase counts; later money is the outcome",
            stated="90 days before the date of analysis",
        ),
    ]  # fmt: skip
    since: Annotated[
        date | str | None,
        Option(
            "Bridge: last day of the money that tells small buyers.", _PANEL, None, "DATE",
            doc="bridge: last day of the money by which small buyers are told; first purchases "
            "after it count",
            stated="90 days before `--until`",
        ),
    ]  # fmt: skip
    split: Annotated[
        str | Sequence[str],
        Option(
            "Columns of the snapshot whose values are the rows of the table.",
            _PANEL, (), "COL[,COL]",
            doc="stats: columns of the snapshot; the table has a row for each combination of their "
            "values",
            stated="`segment`",
        ),
    ]  # fmt: skip
    min_item: Annotated[
        int,
        Option(
            "Pairs: leave out values with fewer orders.", _PANEL, 300, "N",
            doc="pairs: leave out values that fewer orders have",
        ),
    ]  # fmt: skip
    min_pair: Annotated[
        int,
        Option(
            "Pairs: leave out pairs with fewer orders.", _PANEL, 30, "N",
            doc="pairs: leave out pairs that fewer orders have",
        ),
    ]  # fmt: skip
    first_rule: Annotated[
        Literal["all", "main"],
        Option(
            "First order with several products: all of them count, or the main one.",
            _PANEL, "all",
            doc="first-product: in a first order with several values, all count in full, or only "
            "the one with the largest net amount",
        ),
    ]  # fmt: skip
    customer_list: Annotated[
        str | os.PathLike[str] | None,
        Option(
            "File of known customers, for conversion and potential customers.",
            _PANEL, None, "FILE",
            doc="CSV, Parquet or Arrow file of known customers, also those without an order; the "
            "column of ids has the name of `--customer`",
            stated="none",
        ),
    ]  # fmt: skip
    registered: Annotated[
        str | None,
        Option(
            "Column of the customer list with the date of registration.", _PANEL, None, "COL",
            doc="repeat: column of the customer list with the date of registration", stated="none",
        ),
    ]  # fmt: skip
    touches: Annotated[
        str | os.PathLike[str] | None,
        Option(
            "File of contacts with the shop: customer id, time and kind.", _PANEL, None, "FILE",
            doc="aipl: CSV, Parquet or Arrow file with the columns of `--customer`, `time` and "
            "`kind`, for example impressions, clicks and carts",
            stated="none",
        ),
    ]  # fmt: skip
    order_days: Annotated[
        int,
        Option(
            "Aipl: count the orders of this many days.", _PANEL, 365, "N",
            doc="aipl: count the orders of the last days",
        ),
    ]  # fmt: skip
    touch_days: Annotated[
        int,
        Option(
            "Aipl: count the contacts of this many days.", _PANEL, 365, "N",
            doc="aipl: count the contacts of the last days",
        ),
    ]  # fmt: skip
