"""Convert dates and times of every type to UTC microseconds, and instants to local days."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfm_engine.kernels import kernel
from rfm_engine.kernels.arrays import frozen, values
from rfm_engine.kernels.types import Instants, Integers, Mask
from rfm_engine.orders.extent import extent
from rfm_engine.orders.time.zones import Zone

DAY_US = 86_400_000_000
FIRST_DAY = -719_162  # 0001-01-01
FIRST_US = FIRST_DAY * DAY_US
LAST_US = 2_932_897 * DAY_US - 1  # the last microsecond of 9999
FEW_STEPS = 32
BLOCK_ROWS = 1024


class Unit(NamedTuple):
    """The conversion of stored ticks to microseconds: `ticks // divisor * factor`."""

    divisor: int
    factor: int


DATE32 = Unit(1, DAY_US)
DATE64 = Unit(86_400_000, DAY_US)
TIMESTAMP = {"s": Unit(1, 10**6), "ms": Unit(1, 10**3), "us": Unit(1, 1), "ns": Unit(10**3, 1)}


def to_instants(time: pa.Array[Any], zone: Zone) -> tuple[Instants, Mask | None]:
    """Return each time as microseconds since 1970 in UTC, and which rows are out of range.

    Parameters
    ----------
    time
        Dates, which mean midnight, or timestamps of any unit. Timestamps with a time zone are
        instants. Timestamps without a time zone are local times of `zone`. A local time in an
        overlap means the earlier of two instants, and a local time in a gap is moved forward.
        Fractions of a microsecond are floored.
    zone
        The time zone of local times and dates.

    Returns
    -------
    tuple
        `int64[n]`, read-only, and `bool[n]`, which is True if the instant or its local date is
        outside the years 1 to 9999. The microseconds of such rows are 0. The mask is None if no
        row is out of range. In null rows, both values are undefined.
    """
    kind = time.type
    is_date = pa.types.is_date(kind)
    if is_date:
        unit = DATE32 if pa.types.is_date32(kind) else DATE64
        ticks = values(time, np.int32).astype(np.int64) if unit is DATE32 else _ticks(time)
    else:
        unit, ticks = TIMESTAMP[kind.unit], _ticks(time)
    us, bad = _microseconds(frozen(ticks), unit)
    if zone.is_utc or us.size == 0:
        return us, bad
    if is_date or kind.tz is None:
        return _from_wall(us, bad, zone)
    return _with_local_date(us, bad, zone)


def local_us(us: Instants, zone: Zone) -> Instants:
    """Return the local time of each instant in the zone, as microseconds since 1970.

    Around a change of the clock, a later instant can have an earlier local time and date.
    """
    if zone.is_utc or us.size == 0:
        return us
    us = frozen(us)
    return _moved(us, *zone.steps(*extent(us)))


def local_days(us: Instants, zone: Zone) -> npt.NDArray[np.int32]:
    """Return the calendar date of each instant in the zone, as days since 1970-01-01."""
    return days_of(local_us(us, zone))


def days_of(clock: Instants) -> npt.NDArray[np.int32]:
    """Return the date of each local time, as days since 1970-01-01."""
    days = np.empty(len(clock), np.int32)
    count_days(frozen(clock), days)
    return days


def _ticks(time: pa.Array[Any]) -> Integers:
    return values(time, np.int64)


def _microseconds(ticks: Integers, unit: Unit) -> tuple[Instants, Mask | None]:
    """Convert ticks, those out of range to 0; do not copy microseconds that are all in range."""
    first, last = _tick_range(unit)
    least, greatest = extent(ticks)
    in_range = first <= least and greatest <= last
    bad = None
    if not in_range:
        bad = (ticks < first) | (ticks > last)
        ticks = np.where(bad, 0, ticks)
    if unit.divisor > 1:
        ticks = ticks // unit.divisor
    if unit.factor > 1:
        ticks = ticks * unit.factor
    return frozen(ticks), bad


def _tick_range(unit: Unit) -> tuple[int, int]:
    first = FIRST_US // unit.factor * unit.divisor
    last = LAST_US // unit.factor * unit.divisor + unit.divisor - 1
    limits = np.iinfo(np.int64)
    return max(first, limits.min), min(last, limits.max)


def _from_wall(wall_us: Instants, bad: Mask | None, zone: Zone) -> tuple[Instants, Mask | None]:
    starts, offsets = zone.wall_steps(*extent(wall_us))
    us = _moved(wall_us, starts, frozen(-offsets))
    least, greatest = extent(us)
    if bad is None and least >= FIRST_US and greatest <= LAST_US:
        return us, None
    return _in_range(us, bad, (us < FIRST_US) | (us > LAST_US))


def _with_local_date(us: Instants, bad: Mask | None, zone: Zone) -> tuple[Instants, Mask | None]:
    first, last = extent(us)
    if first >= FIRST_US + DAY_US and last <= LAST_US - DAY_US:
        return us, bad
    wall_us = local_us(us, zone)
    return _in_range(us, bad, (wall_us < FIRST_US) | (wall_us > LAST_US))


def _moved(us: Instants, starts: Instants, offsets: Integers) -> Instants:
    moved = np.empty(len(us), np.int64)
    add_offsets(us, starts, offsets, FEW_STEPS, BLOCK_ROWS, moved)
    return frozen(moved)


def _in_range(us: Instants, bad: Mask | None, outside: Mask) -> tuple[Instants, Mask | None]:
    """Combine the rows out of range before and after adding an offset; set these rows to 0."""
    if bad is not None:
        outside = outside | bad
    if not outside.any():
        return frozen(us), None
    return frozen(np.where(outside, 0, us)), outside


@kernel
def count_days(clock, days):
    """Fill `days`, `int32[n]`, with the date of each local time, rounded down.

    A day has 84,375,000 units of 1,024 microseconds. Until the year 9999, there are less than 2^48
    of them, and the quotient is at least 10^-8 away from the next integer above it, so that the
    division of doubles is never rounded up to it. The compiler divides many rows at once.
    """
    for i in range(len(clock)):
        units = np.float64((clock[i] - FIRST_US) >> 10)
        days[i] = np.int32(np.divide(units, 84_375_000.0)) + FIRST_DAY


@kernel
def add_offsets(  # noqa: PLR0913
    us, starts, offsets, few_steps, block_rows, moved
):
    """Fill `moved`, `int64[n]`, with each time plus the offset of its step.

    Three years of orders have seven steps. A loop over all steps takes 1.2 ns per row, because the
    compiler processes many rows at once. A binary search takes 12 ns per row.
    """
    for first in range(0, len(us), max(block_rows, 1)):
        block = us[first : first + block_rows]
        filled = moved[first : first + block_rows]
        if len(starts) <= few_steps:
            add_by_step(block, starts, offsets, filled)
        else:
            add_by_row(block, starts, offsets, filled)


@kernel
def add_by_step(us, starts, offsets, moved):
    """Add the first offset to all times, then each change of the offset to the times after it."""
    for i in range(len(us)):
        moved[i] = us[i] + offsets[0]
    for step in range(1, len(starts)):
        start = starts[step]
        change = offsets[step] - offsets[step - 1]
        for i in range(len(us)):
            moved[i] += change if us[i] >= start else 0


@kernel
def add_by_row(us, starts, offsets, moved):
    """Find the last step that starts at or before each time with a binary search."""
    for i in range(len(us)):
        step = 0
        length = len(starts)
        while length > 1:
            half = length // 2
            step += half * (starts[step + half] <= us[i])
            length -= half
        moved[i] = us[i] + offsets[step]
