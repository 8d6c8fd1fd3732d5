"""The changes of a zone's offset, worked out once from its TZif file for the years 1 to 9999.

The file lists changes up to some year; `zoneinfo` knows the offset of any instant. After the last
change listed a rule holds for good, by which a year's changes depend on nothing but its kind: on
which weekday it begins and whether it is a leap year. So 14 years are probed for all the others.
"""

from __future__ import annotations

import calendar
import struct
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY_S = 86_400
# One day inside the years 1 to 9999, so that local time has a date at either side of UTC.
FIRST_S = -62_135_596_800 + DAY_S
LAST_S = 253_402_300_799 - DAY_S
# Any 28 years without a skipped leap year hold all 14 kinds; no file lists changes so late.
PROBED_YEARS = range(2401, 2429)


class Change(NamedTuple):
    """From an instant on, in seconds since 1970, local time is UTC plus an offset in seconds."""

    start_s: int
    offset_s: int


def changes_of(tzif: bytes) -> list[Change]:
    """Return the changes in order; the first stands for everything before the second."""
    zone = ZoneInfo.from_file(BytesIO(tzif))
    listed = [start for start in _listed_starts(tzif) if FIRST_S < start < LAST_S]
    last_listed = max(listed, default=FIRST_S)
    found = [Change(FIRST_S, _offset_s(zone, FIRST_S))]
    found += [Change(start, _offset_s(zone, start)) for start in listed]
    found += _changes_by_rule(zone, last_listed)
    return [
        change
        for before, change in zip([None, *found], found, strict=False)
        if before is None or before.offset_s != change.offset_s
    ]


def _listed_starts(tzif: bytes) -> tuple[int, ...]:
    """Read the instants of change from the 64-bit part of a TZif file (RFC 9636, section 3)."""
    header = struct.Struct(">4sc15x6L")

    def sizes(at: int, width: int) -> tuple[int, int]:
        _, _, n_ut, n_std, n_leaps, n_starts, n_types, n_letters = header.unpack_from(tzif, at)
        body = n_starts * (width + 1) + n_types * 6 + n_letters + n_leaps * (width + 4)
        return n_starts, body + n_std + n_ut

    _, first_body = sizes(0, 4)
    second = header.size + first_body
    n_starts, _ = sizes(second, 8)
    return struct.unpack_from(f">{n_starts}q", tzif, second + header.size)


def _changes_by_rule(zone: ZoneInfo, after_s: int) -> list[Change]:
    by_kind: dict[tuple[bool, int], list[Change]] = {}
    for year in PROBED_YEARS:
        if _kind(year) not in by_kind:
            by_kind[_kind(year)] = _probe(zone, year)
    if not any(by_kind.values()):
        return []
    changes = []
    for year in range((EPOCH + timedelta(seconds=after_s)).year, 10_000):
        begin = _new_year_s(year)
        changes += [Change(begin + into, offset) for into, offset in by_kind[_kind(year)]]
    return [change for change in changes if change.start_s > after_s]


def _kind(year: int) -> tuple[bool, int]:
    return calendar.isleap(year), date(year, 1, 1).weekday()


def _probe(zone: ZoneInfo, year: int) -> list[Change]:
    """Find a year's changes, in seconds from its begin: none undoes another within a week."""
    begin, end = _new_year_s(year), _new_year_s(year + 1)
    weeks = [*range(begin, end, 7 * DAY_S), end]
    changes = []
    for low, high in pairwise(weeks):
        offset = _offset_s(zone, high)
        if _offset_s(zone, low) != offset:
            while high - low > 1:
                middle = (low + high) // 2
                if _offset_s(zone, middle) == offset:
                    high = middle
                else:
                    low = middle
            changes.append(Change(high - begin, offset))
    return changes


def _new_year_s(year: int) -> int:
    return (date(year, 1, 1) - EPOCH.date()).days * DAY_S


def _offset_s(zone: ZoneInfo, instant_s: int) -> int:
    offset = (EPOCH + timedelta(seconds=instant_s)).astimezone(zone).utcoffset()
    assert offset is not None
    return round(offset.total_seconds())
