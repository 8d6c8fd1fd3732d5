"""The insight tables: their SQL, their options, and what is added to the result of the SQL."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from rfm_engine.errors import UsageError, did_you_mean, shown
from rfm_engine.insight import finishing
from rfm_engine.insight.finishing import Finished
from rfm_engine.query.sql_file import SqlFile, shipped_sql

_FIRST = ("attribute", "who", "min_customers", "burn_in", "top")


class Table(NamedTuple):
    """An insight table.

    Attributes
    ----------
    options
        The names of its own options.
    finish
        Completes the result of the SQL.
    attribute
        The option that names the column of values if `attribute` is not given: None, `product`
        or `category`.
    is_of_first
        Whether the table is about the first order of customers, so that older orders must not be
        missing.
    needs_attribute
        Whether there is no table without a column of values.
    """

    options: tuple[str, ...] = ()
    finish: Callable[[Any, dict[str, Any]], Finished] = finishing.unchanged
    attribute: str | None = None
    is_of_first: bool = False
    needs_attribute: bool = False

    def file(self, name: str, options: Mapping[str, Any]) -> str:
        """Return the name of the SQL file for some options."""
        if name == "affinity" and options["mode"] == "spend":
            return "affinity-spend"
        if name != "cohort":
            return name
        by_age = "" if options["age"] is None else "-age"
        return f"cohort{by_age}{'' if options['attribute'] is None else '-by'}"


TABLES: dict[str, Table] = {
    "concentration": Table(),
    "concentration-make": Table(),
    "gini": Table(),
    "deciles": Table(),
    "affinity": Table((*_FIRST, "mode"), finishing.affinity, None, needs_attribute=True),
    "first-product": Table(
        (*_FIRST, "within", "first_rule"), finishing.first_product, "product",
        is_of_first=True, needs_attribute=True,
    ),
    "bridge": Table(
        ("attribute", "min_customers", "top", "until", "since"), finishing.bridge, "product",
        needs_attribute=True,
    ),
    "gaps": Table(),
    "repeat": Table(("within", "customer_list", "registered"), is_of_first=True),
    "new-returning": Table(("period",), is_of_first=True),
    "lifecycle": Table(("customer_list",)),
    "aipl": Table(("customer_list", "touches", "order_days", "touch_days")),
    "cohort": Table(("attribute", "period", "age"), is_of_first=True),
    "link": Table(
        ("attribute", "within", "burn_in", "top"), finishing.link, is_of_first=True,
        needs_attribute=True,
    ),
    "stats": Table(("split",), finishing.stats),
    "hours": Table(),
    "cross-shop": Table(
        ("attribute", "who", "top"), finishing.ranked, "category", needs_attribute=True
    ),
    "pairs": Table(
        ("attribute", "who", "min_item", "min_pair", "top"), finishing.ranked, "product",
        needs_attribute=True,
    ),
}  # fmt: skip


def sql_of(file: str) -> SqlFile:
    """Return one of the SQL files that come with the library."""
    return shipped_sql("rfm_engine.insight.sql", file)


def table_of(name: str) -> Table:
    """Return the table with a name.

    Raises
    ------
    UsageError
        There is none.
    """
    if name not in TABLES:
        raise UsageError(
            f"insight table must be one of {', '.join(TABLES)}; got {shown(name)}. "
            + did_you_mean(name, TABLES, "rfm insight list describes them.")
        )
    return TABLES[name]
