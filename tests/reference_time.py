"""Convert times for the naive twin, one `datetime` at a time, with `zoneinfo` and tzdata."""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TICKS_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


@cache
def zone(name: str) -> ZoneInfo:
    with resources.files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


def floor_us(ticks: int, unit: str) -> int:
    """Return microseconds since 1970 for ticks in s, ms, us, ns or `D` (days), rounded down."""
    if unit == "D":
        return ticks * 86_400 * 10**6
    return ticks * 10**6 // TICKS_PER_SECOND[unit]


def read_time(time_us: int, timezone: str, *, zoned: bool) -> tuple[int, date] | None:
    """Return the instant in microseconds and its local date, or None outside years 1 to 9999.

    `fold=0` selects the earlier instant in an overlap. In a gap it uses the offset before the gap,
    so that the time moves forward by the length of the gap.
    """
    try:
        wall = EPOCH + timedelta(microseconds=time_us)
    except OverflowError:
        return None
    here = zone(timezone)
    instant = wall if zoned else wall.replace(tzinfo=here).astimezone(UTC)
    return (instant - EPOCH) // timedelta(microseconds=1), instant.astimezone(here).date()


def before_window(day: date, as_of: date, window: str | None) -> bool:
    """Return whether `day <= as_of - window`; a window that begins before year 1 keeps all days."""
    if window is None:
        return False
    if window.endswith("mo"):
        start = _months_before(as_of, int(window.removesuffix("mo")))
    else:
        start = as_of.toordinal() - int(window.removesuffix("d"))
    return day.toordinal() <= start


def _months_before(day: date, months: int) -> int:
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    if year < 1:
        return 0
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last)).toordinal()
