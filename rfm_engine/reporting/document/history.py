"""History in the report document: the size of each segment by date."""

from __future__ import annotations

from datetime import date
from typing import Any

from rfm_engine.history.history import History

MOST_DATES = 120


def history_of(
    history: History, *, until: date | None = None, most: int = MOST_DATES
) -> dict[str, Any]:
    """Return how many customers each segment has at the newest dates of a history.

    No customers are read. Groups are taken together. Dates after `until` do not count. `left_out`
    is the number of older dates than the `most` that are shown.
    """
    dates = [day for day in history.dates if until is None or day <= until]
    kept = dates[-most:]
    counts = [_counts(history.summary(day)) for day in kept]
    return {
        "dates": [day.isoformat() for day in kept],
        "customers": [sum(each.values()) for each in counts],
        "segments": [
            {"name": name, "customers": [each[name] for each in counts]}
            for name in (counts[-1] if counts else ())
        ],
        "left_out": len(dates) - len(kept),
    }


def _counts(summary: dict[str, Any]) -> dict[str, int]:
    """Return the number of customers by segment, in the order of the scheme."""
    whole = summary.get("overall", summary)
    return {each["name"]: each["customers"] for each in whole["segments"]}
