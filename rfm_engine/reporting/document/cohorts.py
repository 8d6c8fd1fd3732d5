"""Cohorts in the report document: what customers do in the periods after their first order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Literal

import pyarrow as pa

from rfm_engine.insight.answers import answer
from rfm_engine.movement.summary import rows_together
from rfm_engine.query.customers import Customers
from rfm_engine.reporting.document.money import money_text
from rfm_engine.result.snapshot import Snapshot

MOST_COHORTS = 24
_MONTHS = {"month": 1, "quarter": 3, "year": 12}
# What groups are added up by. Cells of the same cohort end on the same day in all groups.
KEYS = ("cohort", "k", "complete")

Lacking = Literal["rows", "window", "customers"]


def lacking(snapshot: Snapshot, rows: object) -> Lacking | None:
    """Return why a report has no cohorts; None if it can have them.

    `rows`: there are no orders to read. `window`: older orders are not counted, so that the first
    order of customers is not known. `customers`: there are none.
    """
    if not snapshot.n_customers:
        return "customers"
    if snapshot.options["window"] is not None:
        return "window"
    return "rows" if rows is None else None


def cohorts_of(
    snapshot: Snapshot, rows: object, options: Mapping[str, Any]
) -> dict[str, Any] | None:
    """Return the cohorts of a snapshot, as `cohort_table`; groups are taken together."""
    found = cohort_table(snapshot, rows, options)
    if found is None:
        return None
    table, period = found
    by = None if snapshot.options["by"] is None else table.column_names[0]
    own = rows_together(table, by, KEYS, has_overall=snapshot.overall is not None)
    return cohorts_section(own, period, scale=snapshot.scale)


def cohort_table(
    snapshot: Snapshot, rows: object, options: Mapping[str, Any]
) -> tuple[pa.Table, str] | None:
    """Return the table of cohorts by month, or by a longer period if these are too many.

    None if something is lacking, see `lacking`.

    Parameters
    ----------
    rows
        The orders that were scored; None if there are none.
    options
        Options of `InsightOptions` that were given, for example `threads`.

    Raises
    ------
    UsageError, DataError
        As `rfm_engine.insight.run`.
    """
    if lacking(snapshot, rows) is not None:
        return None
    assert snapshot.as_of is not None
    period = _period(_first_day(snapshot), snapshot.as_of)
    [found] = answer(["cohort"], snapshot, rows, {**options, "period": period}).values()
    return found.table, period


def cohorts_section(
    rows: Sequence[Mapping[str, Any]], period: str, *, scale: int
) -> dict[str, Any]:
    """Return the newest cohorts from the rows of the table `cohort` without groups.

    `left_out` is the number of older cohorts.
    """
    cohorts = sorted({row["cohort"] for row in rows})
    ordered = sorted(rows, key=lambda row: (row["cohort"], row["k"]))
    kept = {*cohorts[-MOST_COHORTS:]}
    return {
        "period": period,
        "cells": [_cell(row, scale) for row in ordered if row["cohort"] in kept],
        "left_out": len(cohorts) - len(kept),
    }


def _cell(row: Mapping[str, Any], scale: int) -> dict[str, Any]:
    return {
        "cohort": row["cohort"].isoformat(),
        **{name: row[name] for name in ("k", "customers", "active", "orders")},
        "monetary": money_text(row["minor"], scale),
        "complete": row["complete"],
    }


def _first_day(snapshot: Snapshot) -> date:
    import pyarrow.compute as pc

    blocks = Customers(snapshot).blocks(["first_day"])
    days: list[date | None] = [pc.min(each["first_day"]).as_py() for each in blocks]
    return min(day for day in days if day is not None)


def _period(first: date, last: date) -> str:
    """Return the shortest period of which there are at most `MOST_COHORTS` between two days."""
    for name, months in _MONTHS.items():
        begin, end = (day.year * 12 + day.month - 1 for day in (first, last))
        if end // months - begin // months < MOST_COHORTS:
            return name
    return "year"
