"""Predicted and actual orders in the report document, from the tables of a validation."""

from __future__ import annotations

import math

from rfm_engine.errors import UsageError
from rfm_engine.reporting.document.clv_rows import (
    about_validation,
    rows_by_grouping,
    rows_of_weeks,
)
from rfm_engine.reporting.document.table_files import Row, TableFile

MOST_WEEKS = 260
_NORMAL_95 = 1.96


def clv_section(calibration: TableFile | None, tracking: TableFile | None) -> Row | None:
    """Return what a model predicted and what customers ordered then; None without tables.

    Orders are days with an order. `actual` and `predicted` are sums over all customers, null if no
    table has groups of them.

    Parameters
    ----------
    calibration, tracking
        The tables `clv-calibration` and `clv-tracking` of one validation; either can be lacking.

    Raises
    ------
    UsageError
        The tables are of two validations.
    DataError
        A table is damaged.
    """
    files = [file for file in (calibration, tracking) if file is not None]
    if not files:
        return None
    about, *others = [about_validation(file) for file in files]
    if others and others != [about]:
        names = " and ".join(file.name for file in files)
        raise UsageError(
            f"insight must have clv tables of one validation; got two in {names}. Remove the older "
            "one, or write both again in one run of rfm clv."
        )
    groups = {} if calibration is None else rows_by_grouping(calibration, about["customers"])
    first = next(iter(groups.values()), None)
    return {
        **about,
        "actual": None if first is None else sum(row["actual"] for row in first),
        "predicted": None if first is None else math.fsum(row["predicted"] for row in first),
        "calibration": [
            {"grouping": name, "groups": [_group(row) for row in own]}
            for name, own in groups.items()
        ],
        "tracking": None if tracking is None else _tracking(rows_of_weeks(tracking)),
    }


def interval_of(n: int, total: int, squares: int) -> tuple[float | None, float | None]:
    """Return the 95% interval of the mean of n counts by the normal distribution, not below 0.

    There is none without variance, as of a single count: it would have no width, as if the mean of
    such customers were certain.

    Parameters
    ----------
    n
        Number of counts.
    total, squares
        The sum of the counts, and of their squares.
    """
    spread = n * squares - total * total
    if not spread:
        return None, None
    half = _NORMAL_95 * math.sqrt(spread / n**3)
    return max(0.0, total / n - half), total / n + half


def _group(row: Row) -> Row:
    low, high = interval_of(row["customers"], row["actual"], row["actual_squares"])
    return {key: row[key] for key in row if key != "grouping"} | {"low": low, "high": high}


def _tracking(rows: list[Row]) -> Row:
    """Return the newest weeks; `left_out` is the number of older ones."""
    kept = rows[-MOST_WEEKS:]
    return {
        "weeks": [row | {"last_day": row["last_day"].isoformat()} for row in kept],
        "left_out": len(rows) - len(kept),
    }
