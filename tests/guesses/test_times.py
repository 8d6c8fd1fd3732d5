"""Formats of times are guessed from the values, and doubtful if two formats fit."""

from __future__ import annotations

import random
from datetime import datetime

import pyarrow as pa
import pytest

from rfm_engine.guesses.column import Column
from rfm_engine.guesses.times import doubt_of, time_format_of

WRITTEN = {
    "2025-01-31": None,
    "2025-01-31 13:45:07.25": None,
    "2025-01-02 03:04:05 -0500": None,
    "2025-01-31T13:45Z": None,
    "31.12.2025 18:20": "%d.%m.%Y %H:%M",
    "12/31/2025": "%m/%d/%Y",
    "31/12/2025 08:05:59": "%d/%m/%Y %H:%M:%S",
    "12/31/10 8:26": "%m/%d/%y %H:%M",
    "12/31/2025 1:05 PM": "%m/%d/%Y %I:%M %p",
    "12/31/2025, 1:05:07AM": "%m/%d/%Y, %I:%M:%S%p",
    "2025/01/31 13:45": "%Y/%m/%d %H:%M",
    "Jan 31, 2025": "%b %d, %Y",
    "January 31, 2025 at 13:45": "%B %d, %Y at %H:%M",
    "31 Jan 2025 13:45 UTC": "%d %b %Y %H:%M UTC",
    "31-Jan-2025": "%d-%b-%Y",
    "31/12/2025 18:20 +01:00": "%d/%m/%Y %H:%M %z",
    "20251231": "%Y%m%d",
    "20251231183000": "%Y%m%d%H%M%S",
    "1735689600": "epoch",
    "1735689600.25": "epoch",
    "1735689600000": "epoch-ms",
    "45689.5": "excel",
}


@pytest.mark.parametrize("text", WRITTEN)
def test_time_format_of__finds_the_only_format_that_fits(text):
    found = time_format_of(Column("when", (text, None, text)))
    assert found is not None
    assert (found.format, found.other) == (WRITTEN[text], None)
    if found.format is not None and "%" in found.format:
        assert datetime.strptime(text, found.format)


@pytest.mark.parametrize(
    "texts",
    [("2025-01-31", "yesterday"), ("13:45",), ("4711", "4712"), ("31.31.2025",), ("",), (None,),
     ("2025-01-31 10:00", "2025-01-31 10:00Z"), ("A-1",), ("99999999",)],
)  # fmt: skip
def test_time_format_of__other_values_are_no_times(texts):
    assert time_format_of(Column("when", texts)) is None


def test_time_format_of__is_doubtful_if_no_day_is_after_the_12th():
    found = time_format_of(Column("when", ("1/2/2025", "3/2/2025", "2/3/2025", "5/3/2025")))
    assert {found.format, found.other} == {"%m/%d/%Y", "%d/%m/%Y"}


def test_time_format_of__rows_in_order_of_time_decide_what_is_likelier():
    days = [f"{day}/{month}/2025" for month in range(1, 13) for day in (1, 5, 9)]
    assert time_format_of(Column("when", tuple(days))).format == "%d/%m/%Y"
    assert time_format_of(Column("when", tuple(reversed(days)))).format == "%d/%m/%Y"


@pytest.mark.parametrize("text", ["05 May 2025", "05/05/2025 10:30"])
def test_time_format_of__is_certain_if_both_formats_mean_the_same(text):
    assert time_format_of(Column("when", (text, text))).other is None


def test_time_format_of__rows_in_no_order_leave_the_usual_format():
    rng = random.Random(3)
    for _ in range(20):
        days = [f"0{rng.randint(1, 9)}/0{rng.randint(1, 9)}/2025" for _ in range(300)]
        column = Column("when", tuple(days))
        found = time_format_of(column)
        assert (found.format, found.other) == ("%m/%d/%Y", "%d/%m/%Y")
        assert doubt_of(column, found)[0].endswith("with slashes the month usually comes first")


def test_doubt_of__says_what_a_time_means_and_why_one_format_is_likelier():
    slashes = Column("when", ("05/05/2025", "08/05/2025", "01/02/2025"))
    assert doubt_of(slashes, time_format_of(slashes)) == (
        "08/05/2025 is read as 5 August 2025; with slashes the month usually comes first",
        "08/05/2025 is 8 May 2025",
    )
    points = Column("when", ("08.05.2025 10:30", "07.05.2025 10:30"))
    assert doubt_of(points, time_format_of(points))[0] == (
        "08.05.2025 10:30 is read as 8 May 2025; with this sign the day usually comes first"
    )
    days = [f"{day}/{month}/2025" for month in range(1, 13) for day in (1, 5, 9)]
    in_order = Column("when", tuple(days))
    assert doubt_of(in_order, time_format_of(in_order)) == (
        "5/1/2025 is read as 5 January 2025; the rows are sorted by time in this format",
        "5/1/2025 is 1 May 2025",
    )
    nearly = Column("when", (*days, "2/1/2025"))
    assert doubt_of(nearly, time_format_of(nearly))[0].endswith(
        "the rows are nearly sorted by time in this format"
    )


def test_time_format_of__words_for_null_do_not_count():
    column = Column("when", ("NULL", "12/31/2025", ""))
    assert time_format_of(column).format == "%m/%d/%Y"
    assert column.null_words == ("NULL",)


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (pa.timestamp("us"), "2025-01-01 00:00:00", (None,)),
        (pa.date32(), "2025-01-01", (None,)),
        (pa.int64(), "1735689600000", ("epoch-ms",)),
        (pa.string(), "12/31/2025", ("%m/%d/%Y",)),
    ],
)
def test_time_format_of__uses_types(kind, value, expected):
    assert (time_format_of(Column("when", (value,), kind)).format,) == expected


@pytest.mark.parametrize("kind", [pa.float64(), pa.bool_(), pa.int64()])
def test_time_format_of__refuses_types_that_are_no_times(kind):
    assert time_format_of(Column("when", ("1",), kind)) is None
