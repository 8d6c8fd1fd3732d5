"""Compare the naive twin with golden results from other tools."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from tests import reference
from tests.reference import Row
from tests.reference_money import Single, minor_units, nearest_single
from tests.reference_time import EPOCH, before_window, floor_us, read_time


def micros(text: str) -> int:
    moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
    return (moment - EPOCH) // timedelta(microseconds=1)


@pytest.fixture(scope="module")
def cdnow_rows(cdnow_master):
    with cdnow_master.open(newline="") as file:
        lines = csv.reader(file, delimiter=" ", skipinitialspace=True)
        next(lines)
        return [Row(line[0], micros(line[1]), line[3]) for line in lines]


def test_score__cdnow_golden(cdnow_rows):
    expected = reference.score(cdnow_rows, as_of="newest")
    assert expected.as_of == date(1998, 6, 30)
    assert (expected.read, expected.counted, len(expected.customers)) == (69_659, 69_659, 23_570)
    assert sum(c.monetary_minor for c in expected.customers.values()) == 250_031_563
    assert expected.cuts == {
        "r": [141, 432, 485, 512],
        "f": [1, 1, 2, 4],
        "m": [1536, 3135, 5992, 13395],
    }
    assert expected.segments["Champions"] == (4_151, 33_966, 129_764_937)
    assert expected.segments["Hibernating"] == (8_430, 8_430, 25_631_435)
    assert expected.segments["Loyal Customers"] == (3_309, 15_205, 55_855_610)
    assert expected.amounts_rounded == 0


def test_score__cdnow_zero_rows(cdnow_rows):
    expected = reference.totals(cdnow_rows, as_of="1998-06-30", zero="drop")
    assert expected.dropped["zero_dropped"] == 80


TOY = """1 01-01 1; 1 02-06 2; 2 01-01 2; 3 01-01 3; 3 01-02 1; 3 01-05 5; 4 01-16 6; 4 02-02 3;
4 02-05 3; 4 02-05 6; 5 01-16 3; 5 01-17 1; 5 01-18 8; 6 02-02 5"""


def test_totals__toy_frame_of_pymc_marketing():
    lines = [line.split() for line in TOY.split(";")]
    rows = [Row(int(who), micros(f"2015-{day}"), int(amount)) for who, day, amount in lines]
    got = reference.totals(rows, as_of="2015-02-07", frequency="days", scale=0).customers
    mean = {
        who: (c.frequency, c.recency_days, Fraction(c.monetary_minor, c.frequency))
        for who, c in got.items()
    }
    assert mean == {
        1: (2, 1, Fraction(3, 2)),
        2: (1, 37, 2),
        3: (3, 33, 3),
        4: (3, 2, 6),
        5: (3, 20, 4),
        6: (1, 5, 5),
    }


@pytest.mark.parametrize(
    ("amount", "minor", "rounded"),
    [
        (10.05, 1005, False),
        (0.1 + 0.2, 30, True),
        (0.125, 12, True),
        (2.675, 267, True),
        (-0.005, -1, True),
        (1e-16, 0, True),
        (-0.0, 0, False),
        (Single(nearest_single(Fraction("10.05"))), 1005, False),
        (Decimal("1.005"), 100, True),
        (Decimal("1.015"), 102, True),
        ("7.10", 710, False),
        (1050, 1050, False),
    ],
)
def test_minor_units__half_even_from_the_exact_value(amount, minor, rounded):
    assert minor_units(amount, 2) == (minor, rounded)


def test_read_time__overlap_takes_the_earlier_and_gap_moves_forward():
    berlin = "Europe/Berlin"
    assert read_time(micros("2024-10-27 02:30"), berlin, zoned=False) == (
        micros("2024-10-27 00:30"),
        date(2024, 10, 27),
    )
    assert read_time(micros("2024-03-31 02:30"), berlin, zoned=False) == (
        micros("2024-03-31 01:30"),
        date(2024, 3, 31),
    )
    lost_day = read_time(micros("2011-12-30 10:00"), "Pacific/Apia", zoned=False)
    assert lost_day == (micros("2011-12-30 20:00"), date(2011, 12, 31))
    assert read_time(micros("2024-12-31 23:30"), berlin, zoned=True)[1] == date(2025, 1, 1)


def test_floor_us__floors_below_1970():
    assert floor_us(-1, "ns") == -1
    assert floor_us(-1, "D") == -86_400_000_000


@pytest.mark.parametrize(
    ("window", "first_day_kept"),
    [("1d", "2024-03-31"), ("365d", "2023-04-02"), ("1mo", "2024-03-01"), ("13mo", "2023-03-01")],
)
def test_before_window__calendar_months_are_clamped(window, first_day_kept):
    as_of, first = date(2024, 3, 31), date.fromisoformat(first_day_kept)
    assert not before_window(first, as_of, window)
    assert before_window(first - timedelta(1), as_of, window)


def test_before_window__reaches_before_year_1():
    for window in ("3649999d", "99999mo"):
        assert not before_window(date.min, date(2024, 1, 1), window)
