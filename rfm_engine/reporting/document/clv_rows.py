"""Read the tables of a validation of lifetime value, and refuse those that are damaged."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from typing import Any

import pyarrow as pa

from rfm_engine.clv.report_tables import GROUPINGS, OPTIONS, SCHEMAS
from rfm_engine.errors import DataError, shown
from rfm_engine.reporting.document.table_files import Row, TableFile

MOST_GROUPS = 50
# Above all integers of a table; sums of such floats are finite.
_LIMIT = 1e19
_REPAIR = "Write it again with rfm clv --validate, or remove it."


def about_validation(file: TableFile) -> Row:
    """Return the family of the model, the date of its fit, the days predicted, and the customers.

    Raises
    ------
    DataError
        The metadata do not say this.
    """
    options, customers = file.origin["options"], file.origin.get("customers")
    family, fit, days = (options.get(key) for key in OPTIONS)
    if not (isinstance(family, str) and _is_date(fit) and _is_count(days) and _is_count(customers)):
        got = {key: options.get(key) for key in OPTIONS} | {"customers": customers}
        raise _refused(file, "name its validation in its metadata", shown(got))
    return {"family": family, "fit_as_of": fit, "days": days, "customers": customers}


def rows_by_grouping(file: TableFile, customers: int) -> dict[str, list[Row]]:
    """Return the rows of `clv-calibration` for each grouping of the customers.

    Groupings are in the order of `GROUPINGS`, and those without rows are left out.

    Raises
    ------
    DataError
        Columns or values are wrong, or the groups do not have all customers.
    """
    rows = _rows(file)
    for row in rows:
        if row["grouping"] not in GROUPINGS:
            raise _refused(file, f"have groupings {', '.join(GROUPINGS)}", shown(row["grouping"]))
        if not _has_squares(row):
            raise _refused(file, "have the sums and squares of counts", shown(row))
    found = {name: [row for row in rows if row["grouping"] == name] for name in GROUPINGS}
    found = {name: own for name, own in found.items() if own}
    actual = {name: sum(row["actual"] for row in own) for name, own in found.items()}
    for name, own in found.items():
        if len(own) > MOST_GROUPS:
            raise _refused(file, f"have at most {MOST_GROUPS} groups of {name}", str(len(own)))
        n = sum(row["customers"] for row in own)
        if n != customers:
            raise _refused(file, f"have {customers} customers in the groups of {name}", str(n))
    if len({*actual.values()}) > 1:
        raise _refused(file, "have the same number of orders in each grouping", shown(actual))
    return found


def rows_of_weeks(file: TableFile) -> list[Row]:
    """Return the rows of `clv-tracking`.

    Raises
    ------
    DataError
        Columns or values are wrong, weeks are missing, or orders do not add up.
    """
    rows = _rows(file)
    for before, row in pairwise(rows):
        added = row["actual_cumulative"] - before["actual_cumulative"]
        is_next = row["week"] == before["week"] + 1 and row["last_day"] > before["last_day"]
        if not is_next or added != row["actual"] or row["in_fit"] > before["in_fit"]:
            raise _refused(file, "have consecutive weeks that add up", f"week {row['week']}")
    return rows


def _rows(file: TableFile) -> list[Row]:
    """Return the rows in the types of the table, if no value is missing, negative or too large."""
    schema = SCHEMAS[file.kind]
    names = file.table.column_names
    if not {*schema.names} <= {*names}:
        raise _refused(file, f"have the columns {', '.join(schema.names)}", ", ".join(names))
    own = file.table.select(schema.names)
    try:
        rows: list[Row] = own.cast(schema).to_pylist()
    except (pa.ArrowException, OverflowError, ValueError):
        kinds = ", ".join(f"{field.name} {field.type}" for field in own.schema)
        raise _refused(file, "have columns of known types and values", kinds) from None
    for row in rows:
        if not all(map(_is_value, row.values())):
            raise _refused(file, "have counts and numbers from 0 to 1e19", shown(row))
    return rows


def _refused(file: TableFile, contract: str, got: str) -> DataError:
    return DataError(
        f"insight file {file.name!r}, a table {file.kind}, must {contract}; got {got}. {_REPAIR}"
    )


def _is_date(value: object) -> bool:
    try:
        return isinstance(value, str) and date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_value(value: Any) -> bool:
    return value is not None and (not isinstance(value, int | float) or 0 <= value < _LIMIT)


def _has_squares(row: Row) -> bool:
    """Whether counts with this sum can have this sum of squares."""
    n, total, squares = (int(row[key]) for key in ("customers", "actual", "actual_squares"))
    return total <= squares <= total * total <= n * squares
