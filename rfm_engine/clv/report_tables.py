"""The tables of a validation that `rfm report` shows: what was predicted, and what was ordered."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pyarrow as pa

from rfm_engine.result.table_origin import with_origin

CALIBRATION, TRACKING = "clv-calibration", "clv-tracking"
"""The names of the tables: orders by group of customers, and orders by week."""
GROUPINGS = ("equal_orders", "repeat_days", "tenth")
"""How customers are grouped: by prediction so that groups have equal predicted orders, by the days
with an order after the first one, and by prediction in tenths of the customers."""
SCHEMAS = {
    CALIBRATION: pa.schema([
        ("grouping", pa.string()), ("group", pa.string()), ("customers", pa.int64()),
        ("predicted", pa.float64()), ("actual", pa.int64()), ("actual_squares", pa.int64()),
    ]),
    TRACKING: pa.schema([
        ("week", pa.int32()), ("last_day", pa.date32()), ("actual", pa.int64()),
        ("expected", pa.float64()), ("actual_cumulative", pa.int64()),
        ("expected_cumulative", pa.float64()), ("in_fit", pa.bool_()),
    ]),
}  # fmt: skip
"""The columns of the tables by name, in order."""
OPTIONS = ("family", "fit_as_of", "validate_days")
"""The options that the origin of a table has at least."""


def described(
    table: pa.Table, name: str, as_of: date, options: Mapping[str, Any], customers: int
) -> pa.Table:
    """Return a table of a validation with its origin, so that `rfm report --insight` shows it.

    Parameters
    ----------
    table
        Its columns are those of `SCHEMAS[name]`, in this order; integers may be narrower.
    name
        `clv-calibration` or `clv-tracking`.
    as_of
        The date of analysis: the last day of the orders that were predicted.
    options
        The options of `OPTIONS`, and others: the family of the model, the date of analysis of the
        fit, and the number of days between both dates.
    customers
        The number of customers who were predicted: those with an order until the date of the fit.
    """
    assert {*OPTIONS} <= {*options}
    origin = {"table": name, "as_of": as_of, "options": dict(options), "customers": customers}
    return with_origin(table.cast(SCHEMAS[name]), origin)
