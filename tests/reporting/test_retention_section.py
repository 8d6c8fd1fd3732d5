"""The retention of the report document."""

from __future__ import annotations

import pytest

from rfm_engine.insight.statistics import wilson
from rfm_engine.reporting.document.movement import comparison_of
from rfm_engine.reporting.document.retention import retention_of
from tests.reporting.shops import ORDERS, scored

BEGIN, END = "2026-02-28", "2026-03-31"


def test_retention__of_cdnow(cdnow_history):
    days = "1997-12-31", "1998-06-30"
    found = retention_of(comparison_of(*map(cdnow_history.snapshot, days), None, {}))
    assert (found["from"], found["to"], found["days"]) == (*days, 181)
    segments = {each.pop("segment"): each for each in found["segments"]}
    best = segments["Champions"]
    bounds = [round(best.pop(end), 6) for end in ("low", "high")]
    assert best == {"size": 3765, "retained": 2433, "orders": 7791, "spend": "302499.71"}
    assert bounds == [0.630800, 0.661332]
    assert segments["New Customers"] == {
        "size": 0, "retained": 0, "orders": 0, "spend": "0.00", "low": None, "high": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("options", "size", "retained"),
    [({"by": "shop", "overall": True}, 2, 1), ({"by": "shop"}, 3, 1)],
)
def test_retention__takes_groups_together(tmp_path, options, size, retained):
    before, after = (scored(tmp_path, day, **options) for day in (BEGIN, END))
    segments = retention_of(comparison_of(before, after, None, {}))["segments"]
    assert sum(each["size"] for each in segments) == size
    assert sum(each["retained"] for each in segments) == retained
    for each in segments:
        bounds = wilson(each["retained"], each["size"]) or (None, None)
        assert (each["low"], each["high"]) == bounds


def test_retention__of_a_window_that_is_too_short_needs_rows(tmp_path):
    before, after = (scored(tmp_path, day, window="30d") for day in (BEGIN, END))
    assert retention_of(comparison_of(before, after, None, {})) is None
    [row] = [
        each
        for each in retention_of(comparison_of(before, after, ORDERS, {}))["segments"]
        if each["size"]
    ]
    # Anna, who is alone in the window, ordered on 3 March.
    assert (row["segment"], row["size"], row["retained"]) == ("Promising", 1, 1)
    assert (row["orders"], row["spend"]) == (1, "5.00")


def test_retention__of_a_window_up_to_the_first_date_needs_no_rows(tmp_path):
    before, after = (scored(tmp_path, day, window="31d") for day in (BEGIN, END))
    assert retention_of(comparison_of(before, after, None, {})) is not None
