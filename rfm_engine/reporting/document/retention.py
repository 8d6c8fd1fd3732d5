"""Retention in the report document: who of each segment ordered again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from rfm_engine.insight.statistics import wilson
from rfm_engine.movement.comparison import Comparison
from rfm_engine.movement.parameters import first_day_of
from rfm_engine.reporting.document.money import money_text
from rfm_engine.reporting.document.movement import dates_of


def has_retention(comparison: Comparison) -> bool:
    """Return whether it is known who ordered between the dates.

    If the window of the second snapshot begins after the first date, only rows tell.
    """
    before, after = comparison.before, comparison.after
    assert before.as_of is not None
    return first_day_of(after) <= before.as_of + timedelta(1) or comparison.has_rows


def retention_of(comparison: Comparison) -> dict[str, Any] | None:
    """Return how many customers of each segment ordered between the dates; None if not known.

    Groups are taken together.
    """
    if not has_retention(comparison):
        return None
    rows = comparison.together(comparison.retention(), "segment")
    return retention_section(rows, dates_of(comparison), scale=comparison.after.scale)


def retention_section(
    rows: Sequence[Mapping[str, Any]], dates: tuple[date, date], *, scale: int
) -> dict[str, Any]:
    """Return the section from the rows of the table `retention` without groups.

    The bounds of the share are those of its 95% Wilson interval; null for an empty segment.
    """
    begin, end = dates
    return {
        "from": begin.isoformat(),
        "to": end.isoformat(),
        "days": (end - begin).days,
        "segments": [_segment(row, scale) for row in rows],
    }


def _segment(row: Mapping[str, Any], scale: int) -> dict[str, Any]:
    low, high = wilson(row["retained"], row["size"]) or (None, None)
    return {
        "segment": row["segment"],
        "size": row["size"],
        "retained": row["retained"],
        "orders": row.get("orders"),
        "spend": money_text(row.get("spend"), scale),
        "low": low,
        "high": high,
    }
