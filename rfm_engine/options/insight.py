"""The options of insight tables."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Literal, TypedDict

from rfm_engine.options.declaration import Option

_PANEL = "Insight"


class TouchOptions(TypedDict, total=False):
    """Contacts with the shop, and the days before a date on which orders and contacts count."""

    touches: Annotated[
        str | os.PathLike[str] | None,
        Option(
            "Aipl: file of contacts with the shop: customer id, time and kind.",
            _PANEL, None, "FILE",
            doc="aipl: CSV, Parquet or Arrow file with the columns of `--customer`, `time` and "
            "`kind`, for example impressions, clicks and carts",
            stated="none",
        ),
    ]  # fmt: skip
    order_days: Annotated[
        int,
        Option(
            "Aipl: count orders of this many days before the date of analysis.", _PANEL, 365, "N",
            doc="aipl: count orders of this many days before the date of analysis",
        ),
    ]  # fmt: skip
    touch_days: Annotated[
        int,
        Option(
            "Aipl: count contacts of this many days before the date of analysis.", _PANEL, 365, "N",
            doc="aipl: count contacts of this many days before the date of analysis",
        ),
    ]  # fmt: skip


class PeopleOptions(TouchOptions, total=False):
    """Known people: contacts with the shop, and a list that also has people without an order."""

    customer_list: Annotated[
        str | os.PathLike[str] | None,
        Option(
            "Known customers, including those without an order, for repeat, lifecycle and aipl.",
            _PANEL, None, "FILE",
            doc="repeat, lifecycle, aipl (of `rfm compare` only aipl): CSV, Parquet or Arrow file "
            "of known customers, including those without an order; the column of ids has the name "
            "of `--customer`",
            stated="none",
        ),
    ]  # fmt: skip


class TableOptions(PeopleOptions, total=False):
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
            "Affinity: which purchases count: first or last order, any, or the money spent.",
            _PANEL, "first",
            doc="affinity: whether the values of the first order count, of the last order, of any "
            "purchase, or the money spent on each value",
        ),
    ]  # fmt: skip
    who: Annotated[
        str | Sequence[str],
        Option(
            "Condition on the customers to compare, for example 'segment == \"Champions\"'; "
            "repeatable; default: is_whale, but all customers for pairs and cross-shop.",
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
            "Hide values with fewer customers, in affinity, first-product and bridge.",
            _PANEL, 30, "N", flag="--min",
            doc="affinity, first-product: hide values with fewer customers; bridge: hide values "
            "with fewer exposed customers or controls",
        ),
    ]  # fmt: skip
    burn_in: Annotated[
        str,
        Option(
            "Leave out customers whose first order is in the first days of the data, in affinity, "
            "first-product and link.",
            _PANEL, "0d", "90d",
            doc="affinity, first-product, link: leave out customers whose first order is in the "
            "first days of the data, because their true first order may be older",
        ),
    ]  # fmt: skip
    top: Annotated[
        int | None,
        Option(
            "Show only the first N values (per group with --by).", _PANEL, None, "N",
            doc="show only the first values; if the snapshot has groups (`--by`), of each group",
            stated="all",
        ),
    ]  # fmt: skip
    within: Annotated[
        str,
        Option(
            "Link, repeat, first-product: days within which a second order counts as a repeat.",
            _PANEL, "90d", "90d",
            doc="link, repeat, first-product: days within which a second order counts as a repeat; "
            "only customers whose first order is at least as old are eligible",
        ),
    ]  # fmt: skip
    period: Annotated[
        Literal["week", "month", "quarter", "year"],
        Option(
            "Cohort, new-returning: length of the periods; weeks begin on Monday.",
            _PANEL, "month",
            doc="cohort, new-returning: length of the periods in local time; weeks begin on Monday",
        ),
    ]  # fmt: skip
    age: Annotated[
        str | None,
        Option(
            "Cohort: count steps of this many days since the first order, instead of periods.",
            _PANEL, None, "30d",
            doc="cohort: count steps of this many days since the first order of each customer, "
            "instead of calendar periods; not with `--period`",
            stated="periods",
        ),
    ]  # fmt: skip
    until: Annotated[
        date | str | None,
        Option(
            "Bridge: last day on which a first purchase counts; default: 90 days before the date "
            "of analysis.",
            _PANEL, None, "DATE",
            doc="bridge: last day on which a first purchase counts; the money after it decides who "
            "became a large buyer",
            stated="90 days before the date of analysis",
        ),
    ]  # fmt: skip
    since: Annotated[
        date | str | None,
        Option(
            "Bridge: last day of the money that decides who is a small buyer; default: 90 days "
            "before --until.",
            _PANEL, None, "DATE",
            doc="bridge: last day of the money that decides who is a small buyer; first purchases "
            "after it count",
            stated="90 days before `--until`",
        ),
    ]  # fmt: skip
    split: Annotated[
        str | Sequence[str],
        Option(
            "Stats: columns of the snapshot, with a row for each combination of their values; "
            "default: segment.",
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
            "First-product: all products of a first order count, or only the main one.",
            _PANEL, "all",
            doc="first-product: in a first order with several values, all count in full, or only "
            "the one with the largest net amount",
        ),
    ]  # fmt: skip
    registered: Annotated[
        str | None,
        Option(
            "Repeat: column of the customer list with the date of registration.",
            _PANEL, None, "COL",
            doc="repeat: column of the customer list with the date of registration", stated="none",
        ),
    ]  # fmt: skip
