"""The dates that `--as-of` of `rfm history build` names."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

import rfm_engine as rfm
from rfm_engine.history.calendar import dates_of
from tests.history.conftest import MONTH_ENDS


def test_month_ends__are_the_last_days_of_each_month():
    assert dates_of("month-ends:1997-01..1998-06") == MONTH_ENDS
    assert dates_of("month-ends:2024-02..2024-02") == [date(2024, 2, 29)]
    assert dates_of("month-ends:9999-11..9999-12")[-1] == date(9999, 12, 31)
    assert len(dates_of("month-ends:2023-01..2025-12")) == 36


@given(st.dates(date(1990, 1, 1), date(2040, 1, 1)), st.integers(0, 800))
def test_week_ends__are_all_sundays(first, n_days):
    days = [first + timedelta(n) for n in range(n_days + 1)]
    sundays = [day for day in days if day.strftime("%A") == "Sunday"]
    text = f"week-ends:{first}..{days[-1]}"
    if sundays:
        assert dates_of(text) == sundays
    else:
        with pytest.raises(rfm.UsageError, match="must contain a Sunday"):
            dates_of(text)


def test_list__is_sorted():
    found = [date(2024, 2, 29), date(2025, 1, 1)]
    assert dates_of("2025-01-01, 2024-02-29") == found
    assert dates_of(["2025-01-01", date(2024, 2, 29)]) == found
    assert dates_of([datetime(2025, 1, 1, 12)]) == [date(2025, 1, 1)]
    assert dates_of("2025-01-01") == [date(2025, 1, 1)]


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ("2025-01-01,2025-01-01", "must name each date once; got 2025-01-01 twice"),
        ("month-ends:2025-13..2026-01", "must be written like .*; got '2025-13'"),
        ("month-ends:2025-1..2026-01", "must be written like .*; got '2025-1'"),
        ("month-ends:0000-01..2026-01", "must be written like .*; got '0000-01'"),
        ("month-ends:2025-02..2025-01", r"begin before it ends; got 2025-02\.\.2025-01"),
        ("week-ends:2025-02-02..2025-01-01", "begin before it ends"),
        ("week-ends:2025-01-06..2025-01-11", "must contain a Sunday"),
        ("week-ends:2025-01..2025-02", "must be dates like .*; got '2025-01'"),
        ("month-ends:2025-01", "must be dates like .*; got 'month-ends:2025-01'"),
        ("newest", "must be dates like .*; got 'newest'"),
        ("2025-02-30", "must be dates like .*; got '2025-02-30'"),
        ("", "must be dates like .*; got ''"),
        ([], "must have at least one date; got none"),
        ([20250101], "must be dates like .*; got 20250101"),
        (20250101, "must be dates like .*; got 20250101"),
    ],
    ids=str,
)
def test_wrong__is_refused(given, text):
    with pytest.raises(rfm.UsageError, match=text):
        dates_of(given)
