"""The dates of a chain of tiers: whole months before month ends, and no month without a date."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from rfm_engine.errors import UsageError
from rfm_engine.movement.tier_dates import Step, before_window, chain_of, is_month_end, month_end
from tests.movement.reference_tiers import Rule
from tests.movement.test_tiers import program_of

ENDS = [month_end(date(2023, month, 1)) for month in range(1, 13)]
CLUB = program_of([Rule(0, 1, 0, False)], "3mo")
FIRST = date(2023, 1, 5)


def test_month_end__is_the_last_day():
    days = [date(2023, 12, 1) + timedelta(n) for n in range(120)]
    last = {day for day in days if (day + timedelta(1)).month != day.month}
    assert {day for day in days if is_month_end(day)} == last
    assert {month_end(day) for day in days if day.month != days[-1].month} <= last
    assert month_end(date(9999, 12, 3)) == date.max


@pytest.mark.parametrize(
    ("day", "window", "before"),
    [
        (date(2023, 6, 30), "3mo", date(2023, 3, 31)),
        (date(2023, 6, 29), "3mo", date(2023, 3, 29)),
        (date(2023, 5, 31), "3mo", date(2023, 2, 28)),
        (date(2023, 5, 30), "3mo", date(2023, 2, 28)),
        (date(2025, 2, 28), "12mo", date(2024, 2, 29)),
        (date(2024, 2, 29), "12mo", date(2023, 2, 28)),
        (date(2024, 2, 29), "365d", date(2023, 3, 1)),
        (date(1, 2, 1), "12mo", date.min),
    ],
)
def test_before_window__is_the_end_of_a_month_at_month_ends(day, window, before):
    assert before_window(day, window) == before


def test_chain_of__subtracts_the_snapshot_before_the_window():
    steps = chain_of(CLUB, ENDS, None, FIRST)
    assert [step.as_of for step in steps] == ENDS
    assert [step.before for step in steps] == [None, None, None, *ENDS[:-3]]


def test_chain_of__with_the_same_window_subtracts_nothing():
    assert chain_of(CLUB, ENDS, "3mo", FIRST) == [Step(day, None) for day in ENDS]


def test_chain_of__begins_where_the_window_is_known():
    steps = chain_of(CLUB, ENDS, None, date(2020, 1, 1))
    assert steps == [Step(day, before) for day, before in zip(ENDS[3:], ENDS[:-3], strict=True)]


def test_chain_of__nothing():
    assert chain_of(CLUB, [], None, None) == []
    assert chain_of(CLUB, ENDS, None, None) == [Step(day, None) for day in ENDS]


def test_chain_of__accepts_several_dates_in_a_month():
    dates = [date(2023, 1, 1) + timedelta(7 * n) for n in range(30)]
    assert [step.as_of for step in chain_of(CLUB, dates, "3mo", FIRST)] == dates


@pytest.mark.parametrize(
    ("dates", "window", "said"),
    [
        (
            ENDS, "12mo",
            "window of tiers 'plus' must be that of the history, or the history must have none; "
            "got 3mo and 12mo. Change the window in the file of tiers.",
        ),
        (
            [ENDS[0], ENDS[2]], "3mo",
            "history must have a date in each month for tiers 'plus', such as 2023-02-28; got "
            "2023-03-31 after 2023-01-31. Add it with rfm history add and backfill.",
        ),
        (
            [*ENDS[1:7]], None,
            "history must have the date 2023-01-31, 3mo before 2023-04-30, for tiers 'plus'; got "
            "no snapshot of it. Add it with rfm history add and backfill.",
        ),
    ],
)  # fmt: skip
def test_chain_of__refuses(dates, window, said):
    with pytest.raises(UsageError) as raised:
        chain_of(CLUB, dates, window, FIRST)
    assert str(raised.value) == said
