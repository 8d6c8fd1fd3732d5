"""Affinity in the report document: what the best customers buy more often than others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rfm_engine.reporting.document.plain_table import plain_value

MOST_VALUES = 20
_CLEAR = 0.05


def affinity_entry(rows: Sequence[Mapping[str, Any]], options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the first values of a table `affinity`; tested values come first.

    If values are tested, only these are shown. A value is `clear` if its q, which allows for the
    number of tests, is at most 5%; null if it is not tested. `left_out` is the number of values
    that are not shown, without those that the table hides because few customers have them.

    Parameters
    ----------
    rows
        The rows without groups.
    options
        The options of the table.
    """
    tested = [row for row in rows if row["p"] is not None] if options["mode"] != "spend" else []
    shown = (tested or rows)[:MOST_VALUES]
    return {
        "attribute": options["attribute"],
        "group": " and ".join(options["who"]) or "is_whale",
        "mode": options["mode"],
        "customers": _whole(rows, "customers", "share_all"),
        "in_group": _whole(rows, "in_group", "share_group"),
        "rows": [_value(row) for row in shown],
        "left_out": len(rows) - len(shown),
    }


def _value(row: Mapping[str, Any]) -> dict[str, Any]:
    q = row.get("q")
    return {
        "value": plain_value(row["value"]),
        "customers": row["customers"],
        "in_group": row["in_group"],
        "lift": row["lift"],
        "low": row.get("lift_low"),
        "high": row.get("lift_high"),
        "clear": None if q is None else q <= _CLEAR,
    }


def _whole(rows: Sequence[Mapping[str, Any]], part: str, share: str) -> int | None:
    """Return the number of which a count is a share; None if no row tells, or shares are money."""
    if rows and "minor" in rows[0]:
        return None
    known = (round(row[part] / row[share]) for row in rows if row[share])
    return next(known, None)
