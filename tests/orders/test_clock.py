"""Convert times of every type to instants and local dates; compare to `datetime` and `zoneinfo`."""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rfm_engine.kernels import COMPILED
from rfm_engine.kernels.arrays import frozen
from rfm_engine.orders.time.clock import DAY_US, add_offsets, local_days, to_instants
from rfm_engine.orders.time.zones import Zone

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
TICKS_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
ZONES = st.sampled_from(
    ["UTC", "Europe/Berlin", "America/St_Johns", "Africa/Casablanca", "Pacific/Apia",
     "Australia/Lord_Howe", "Europe/Dublin", "+14:00", "-12:30", "America/New_York"]
)  # fmt: skip
made = cache(Zone)


@cache
def reference_zone(name: str) -> tzinfo:
    if name[0] in "+-":
        minutes = int(name[1:3]) * 60 + int(name[4:])
        return timezone(timedelta(minutes=-minutes if name[0] == "-" else minutes))
    with resources.files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


def reference(ticks: int, per_second: int, name: str, *, zoned: bool) -> tuple[int, date] | None:
    """Return the instant and its local date, None outside the years 1 to 9999."""
    here = reference_zone(name)
    try:
        stored = EPOCH + timedelta(microseconds=ticks * 10**6 // per_second)
        instant = stored if zoned else stored.replace(tzinfo=here).astimezone(UTC)
        return (instant - EPOCH) // MICROSECOND, instant.astimezone(here).date()
    except OverflowError:
        return None


def days_of(day: date) -> int:
    return day.toordinal() - EPOCH.toordinal()


def check(array: pa.Array, name: str, expected: list) -> None:
    """Represent nulls as Ellipsis, and times out of range as None."""
    us, bad = to_instants(array, made(name))
    assert us.dtype == np.int64
    assert not us.flags.writeable
    days = local_days(us, made(name))
    assert days.dtype == np.int32
    for row, answer in enumerate(expected):
        if answer is None:
            assert (bad is not None and bad[row], us[row]) == (True, 0)
        elif answer is not ...:
            instant, day = answer
            assert bad is None or not bad[row]
            assert (us[row], days[row]) == (instant, days_of(day))


# Times near changes of the clock, near the ends of the calendar, and any other times.
SECONDS = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.integers(-62_135_596_800 - 200_000, -62_135_596_800 + 200_000),
    st.integers(253_402_300_800 - 200_000, 253_402_300_800 + 200_000),
    st.integers(1_711_846_800 - 90_000, 1_711_846_800 + 90_000),
    st.integers(1_729_990_800 - 90_000, 1_729_990_800 + 90_000),
    st.integers(1_325_239_200 - 90_000, 1_325_239_200 + 90_000),
    st.integers(-2_500_000_000, 4_000_000_000),
)


def in_unit(seconds: int, fraction: int, unit: str) -> int:
    ticks = seconds * TICKS_PER_SECOND[unit] + fraction % TICKS_PER_SECOND[unit]
    return max(-(2**63), min(2**63 - 1, ticks))


@given(
    st.lists(st.none() | st.tuples(SECONDS, st.integers(0, 10**9)), max_size=12),
    st.sampled_from(sorted(TICKS_PER_SECOND)),
    st.sampled_from([None, "UTC", "Asia/Kolkata", "+05:00"]),
    ZONES,
    st.integers(0, 3),
)
@example([(-(2**63), 0), (2**63 - 1, 0), None], "s", None, "UTC", 0)
@example([(-1, 999_999_999), (-1, 1), (-2, 999_999_001)], "ns", None, "Europe/Berlin", 0)
@example([(253_402_300_799, 999_999_999), (-62_135_596_800, 0)], "us", "UTC", "UTC", 1)
def test_timestamps__equal_datetime(rows, unit, tz, zone, skip):
    ticks = [None if row is None else in_unit(*row, unit) for row in rows]
    array = pa.array(ticks, pa.int64()).view(pa.timestamp(unit, tz))[skip:]
    expected = [
        ... if tick is None else reference(tick, TICKS_PER_SECOND[unit], zone, zoned=tz is not None)
        for tick in ticks[skip:]
    ]
    check(array, zone, expected)


@given(st.lists(st.none() | st.integers(-(2**31), 2**31 - 1), max_size=8), ZONES, st.booleans())
@example([-719_162, -719_163, 2_932_896, 2_932_897, 0], "+14:00", True)
@example([-719_162, -719_163, 2_932_896, 2_932_897, 15_338], "Pacific/Apia", False)
def test_dates__are_local_midnights(days, zone, is_wide):
    array = pa.array(days, pa.int32()).view(pa.date32())
    if is_wide:
        ticks = [None if day is None else day * 86_400_000 + 5 for day in days]
        array = pa.array(ticks, pa.int64()).view(pa.date64())
    expected = [
        ... if day is None else reference(day, 1, zone, zoned=False)
        for day in (None if day is None else day * 86_400 for day in days)
    ]
    check(array, zone, expected)


@pytest.mark.parametrize(
    ("wall", "instant", "day"),
    [
        ("2024-03-31T02:30", "2024-03-31T01:30", "2024-03-31"),  # a gap: 03:30 summer time
        ("2024-10-27T02:30", "2024-10-27T00:30", "2024-10-27"),  # twice: the earlier
        ("2024-10-27T03:00", "2024-10-27T02:00", "2024-10-27"),
        ("2024-01-01T00:30", "2023-12-31T23:30", "2024-01-01"),
        ("9999-12-31T00:00", "9999-12-30T23:00", "9999-12-31"),
    ],
)
def test_local_times_of_berlin(wall, instant, day):
    array = pa.array([datetime.fromisoformat(wall)], pa.timestamp("s"))
    expected = (datetime.fromisoformat(instant + "+00:00") - EPOCH) // MICROSECOND
    check(array, "Europe/Berlin", [(expected, date.fromisoformat(day))])


def test_utc_microseconds__are_not_copied():
    array = pa.array([1, 2, 3], pa.int64()).view(pa.timestamp("us", "UTC"))
    us, bad = to_instants(array, made("UTC"))
    assert bad is None
    assert us.ctypes.data == array.buffers()[1].address
    us, _ = to_instants(array, made("Europe/Berlin"))
    assert us.ctypes.data == array.buffers()[1].address


@given(
    st.lists(st.integers(-1_000, 1_000), max_size=40),
    st.lists(st.tuples(st.integers(-900, 900), st.integers(-50, 50)), max_size=6),
    st.integers(0, 8),
    st.integers(1, 40),
)
@example(list(range(40)), [(5, 1), (39, -1)], 8, 13)
@example(list(range(40)), [(5, 1), (39, -1)], 0, 40)
def test_add_offsets__equals_bisecting_each_row(times, later_steps, few_steps, block_rows):
    steps = [(-(2**63), 7), *sorted(dict(later_steps).items())]
    starts, offsets = np.array(steps, np.int64).T.copy()
    moved = np.empty(len(times), np.int64)
    us = frozen(np.array(times, np.int64))
    add_offsets(us, frozen(starts), frozen(offsets), few_steps, block_rows, moved)
    at = [bisect_right(starts.tolist(), time) - 1 for time in times]
    assert moved.tolist() == [time + steps[i][1] for time, i in zip(times, at, strict=True)]


def test_no_rows():
    for kind in (pa.date32(), pa.date64(), pa.timestamp("ns"), pa.timestamp("us", "UTC")):
        us, bad = to_instants(pa.array([], kind), made("Europe/Berlin"))
        assert (us.size, bad) == (0, None)
        assert local_days(us, made("Europe/Berlin")).size == 0


def test_many_steps__are_bisected():
    years = range(1900, 2200)
    walls = [datetime(year, 7, 15, 12, tzinfo=UTC) for year in years]
    ticks = [(wall - EPOCH) // MICROSECOND for wall in walls]
    array = pa.array(ticks, pa.int64()).view(pa.timestamp("us"))
    expected = [reference(tick, 10**6, "Europe/Berlin", zoned=False) for tick in ticks]
    check(array, "Europe/Berlin", expected)


@pytest.mark.skipif(not COMPILED, reason="the compiler is off")
def test_clock_kernels__compiled_once():
    for kind in (pa.date32(), pa.timestamp("ns"), pa.timestamp("us"), pa.timestamp("us", "UTC")):
        us, _ = to_instants(
            pa.array([1, 2], pa.int32()).cast(pa.date32()).cast(kind), made("+01:00")
        )
        local_days(us.copy(), made("Europe/Berlin"))
    assert add_offsets.n_versions == 1


def test_local_days__every_day_begins_and_ends_exactly():
    step = 1 if COMPILED else 997
    days = np.arange(-719_162, 2_932_897, step)
    for us, expected in ((days * DAY_US, days), (days * DAY_US + DAY_US - 1, days)):
        assert (local_days(us, made("UTC")) == expected).all()
