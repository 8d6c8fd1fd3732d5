"""Compute the changes of a zone's offset from its TZif file, for the years 1 to 9999.

The file lists changes up to some year. `zoneinfo` returns the offset of any instant. After the
last listed change, a fixed rule applies. Under this rule, the changes of a year depend only on the
weekday on which the year begins and on whether it is a leap year. These are 14 kinds of years, so
one year of each kind is probed for all others.
"""

from __future__ import annotations

import struct
from datetime import UTC, datetime, timedelta
from io import BytesIO
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from rfm_engine.kernels.types import Integers

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY_S = 86_400
# One day inside the years 1 to 9999, so that local times before and after UTC have a valid date.
FIRST_S = -62_135_596_800 + DAY_S
LAST_S = 253_402_300_799 - DAY_S
# Any 28 years without a skipped leap year contain all 14 kinds. No file lists changes this late.
PROBED_YEARS = range(2401, 2429)


class Changes(NamedTuple):
    """Local time is UTC plus the offset in seconds from each start, in seconds since 1970."""

    starts_s: Integers
    offsets_s: Integers


def changes_of(tzif: bytes) -> Changes:
    """Return the changes in order; the first offset applies to all times before the second."""
    zone = ZoneInfo.from_file(BytesIO(tzif))
    starts = [FIRST_S, *(start for start in _listed_starts(tzif) if FIRST_S < start < LAST_S)]
    listed = Changes(np.array(starts), np.array([_offset_s(zone, start) for start in starts]))
    ruled = _changes_by_rule(zone, starts[-1])
    starts_s, offsets_s = map(np.concatenate, zip(listed, ruled, strict=True))
    is_change = np.append(True, np.diff(offsets_s) != 0)
    return Changes(starts_s[is_change], offsets_s[is_change])


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


def _changes_by_rule(zone: ZoneInfo, after_s: int) -> Changes:
    starts, offsets = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    _, kinds = _years(PROBED_YEARS)
    first_year = (EPOCH + timedelta(seconds=after_s)).year
    begins, kinds_to_come = _years(range(first_year, 10_000))
    for kind, place in zip(*np.unique(kinds, return_index=True), strict=True):
        for into, offset in _probe(zone, PROBED_YEARS[place]):
            starts.append(begins[kinds_to_come == kind] + into)
            offsets.append(np.full(len(starts[-1]), offset))
    starts_s, offsets_s = np.concatenate(starts), np.concatenate(offsets)
    order = np.argsort(starts_s)
    order = order[starts_s[order] > after_s]
    return Changes(starts_s[order], offsets_s[order])


def _years(years: range) -> tuple[Integers, Integers]:
    """Return the start and the kind of each year.

    The kind is computed from the weekdays of 1 January of the year and of the next year.
    """
    begins = np.array([_new_year_s(year) for year in [*years, years.stop]])
    weekdays = begins // DAY_S % 7
    return begins[:-1], weekdays[:-1] * 7 + weekdays[1:]


def _probe(zone: ZoneInfo, year: int) -> list[tuple[int, int]]:
    """Find the changes of a year, as pairs of seconds since the start of the year and offset.

    This assumes that no change is undone within a week.
    """
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
            changes.append((high - begin, offset))
    return changes


def _new_year_s(year: int) -> int:
    whole = year - 1
    n_days = whole * 365 + whole // 4 - whole // 100 + whole // 400
    return FIRST_S + (n_days - 1) * DAY_S


def _offset_s(zone: ZoneInfo, instant_s: int) -> int:
    offset = (EPOCH + timedelta(seconds=instant_s)).astimezone(zone).utcoffset()
    assert offset is not None
    return round(offset.total_seconds())
